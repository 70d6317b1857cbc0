"""Gates from the shell: what a task has to pass, and why it can't be completed."""

from __future__ import annotations

import json

import pytest

from support.clients import Run, RunJson


def test_a_task_is_completed_when_it_has_passed(shop: RunJson, run: Run) -> None:
    required = shop("gate", "require", "shop-1", "Tests", "style")
    assert [(each["validation_type"], each["is_met"]) for each in required] == [
        ("style", False),
        ("tests", False),
    ]
    attempt = shop("claim", "--agent", "anna")[0]["attempt_id"]
    refused = run("complete", attempt)
    assert refused.exit_code == 11
    assert "shop-1 can not be completed: missing style, tests" in refused.stderr

    recorded = shop(
        "gate", "record", "shop-1", "tests", "passed", "--validator", "pytest",
        "--attempt", attempt, "--details", '{"tests": 7}',
    )  # fmt: skip
    assert (recorded["run_no"], recorded["agent"], recorded["details"]) == (1, "anna", {"tests": 7})
    assert "run 1" in run("gate", "record", "shop-1", "style", "failed", "--issues", "2").stdout
    unmet = shop("gate", "list", "shop-1", "--unmet")
    assert [(each["validation_type"], each["validation_status"]) for each in unmet] == [
        ("style", "failed")
    ]
    assert run("gate", "waive", "shop-1", "style").exit_code == 2
    waived = shop("gate", "waive", "shop-1", "style", "--reason", "generated code")
    assert (waived["is_met"], waived["waive_reason"]) == (True, "generated code")
    assert shop("complete", attempt)["status"] == "completed"


def test_why_tells_of_a_gate_though_the_task_can_be_claimed(shop: RunJson, run: Run) -> None:
    shop("gate", "require", "shop-1", "tests")
    (reason,) = shop("why", "shop-1")
    assert (reason["reason"], reason["is_blocking"]) == ("gate", False)
    assert reason["facts"] == {"missing": ["tests"], "failed": []}
    assert "shop-1 can be claimed all the same" in run("why", "shop-1").stdout


@pytest.mark.usefixtures("shop")
def test_refusals_are_told(run: Run) -> None:
    assert run("gate", "waive", "shop-1", "tests", "--reason", "none").exit_code == 4
    assert run("gate", "require", "shop-1", "two words").exit_code == 3
    assert run("gate", "record", "shop-1", "tests", "fine").exit_code == 2
    assert json.loads(run("gate", "list", "shop-1", "--json").stdout) == []

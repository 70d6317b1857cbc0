"""The queue from the shell: claim, hold, complete, fail, release."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import psycopg

from support.clients import Run, RunJson
from support.databases import Database
from support.sessions import Connection


def test_next_shows_what_claim_then_gives(shop: RunJson, run: Run) -> None:
    shown = shop("next", "--limit", "5")
    assert [task["task_key"] for task in shown] == ["shop-1", "shop-3"]
    claimed = shop("claim", "--agent", "anna", "--max", "5")
    assert [task["task_key"] for task in claimed] == ["shop-1", "shop-3"]
    assert {task["assigned_to"] for task in claimed} == {"anna"}
    assert shop("claim") == []
    nothing = run("claim")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "nothing is ready" in nothing.stderr


def test_next_by_the_rule_of_a_tool(shop: RunJson, run: Run) -> None:
    ours = shop("next", "--rule", "pgdocket", "--limit", "5")
    assert [task["reference"] for task in ours] == ["shop-1", "shop-3"]
    theirs = shop("next", "--rule", "taskmaster-mcp", "--limit", "5")
    assert [task["place"] for task in theirs] == [1, 2]
    refused = run("next", "--rule", "dice")
    assert refused.exit_code == 3
    assert "'dice' is no rule" in refused.stderr


def test_a_task_goes_to_an_agent_that_has_what_it_needs(shop: RunJson) -> None:
    shop("task", "add", "Weld", "--priority", "10", "--needs", "torch", "--needs", "mask")
    assert [task["title"] for task in shop("claim", "--max", "5", "--capability", "torch")] == [
        "Lay the table",
        "Wash up",
    ]
    (welding,) = shop("claim", "--capability", "mask", "--capability", "torch")
    assert welding["needed_capabilities"] == ["torch", "mask"]


def test_a_claimed_task_is_held_and_completed(shop: RunJson, run: Run) -> None:
    attempt = shop("claim", "--agent", "anna", "--lease", "60")[0]["attempt_id"]
    renewed = shop("heartbeat", attempt, "--lease", "600")
    assert renewed["agent"] == "anna"
    assert renewed["lease_expires_at"] > renewed["heartbeat_at"]
    done = shop("complete", attempt, "--results", '{"ok": true}', "--effort", "0.5")
    assert (done["task_key"], done["status"], done["actual_effort"]) == ("shop-1", "completed", 0.5)
    assert [task["task_key"] for task in shop("next")] == ["shop-2"]
    assert "completed shop-1" in run("complete", attempt, "--results", '{"ok": true}').output


def test_a_failed_task_waits_and_a_released_one_does_not(shop: RunJson) -> None:
    first, second = (task["attempt_id"] for task in shop("claim", "--max", "2"))
    failed = shop("fail", first, "--error", "no disk", "--class", "infrastructure")
    assert failed["status"] == "pending"
    assert failed["not_before"] is not None
    released = shop("release", second, "--reason", "later")
    assert released["status"] == "pending"
    assert [task["task_key"] for task in shop("next", "--limit", "5")] == ["shop-3"]
    attempts = shop("task", "show", "shop-1")["attempts"]
    assert [(each["outcome"], each["error"]) for each in attempts] == [("failed", "no disk")]


def test_start_claims_the_task_that_is_named(shop: RunJson, run: Run) -> None:
    started = shop("task", "start", "shop-3", "--agent", "anna")
    assert (started["status"], started["assigned_to"]) == ("in_progress", "anna")
    assert run("task", "start", "shop-3").exit_code == 5
    assert shop("complete", started["attempt_id"])["status"] == "completed"


def test_who_lost_the_lease_is_told_and_changes_nothing(
    docket: Database, connect: Callable[..., Connection], shop: RunJson, run: Run
) -> None:
    lost = shop("claim", "--agent", "anna")[0]["attempt_id"]
    connect(docket).execute(
        "update docket.task_attempts set lease_expires_at = docket.clock() - interval '1 s'"
    )
    held = shop("claim", "--agent", "bert")[0]
    before = shop("task", "show", "shop-1")
    for command in (
        ("complete", lost),
        ("fail", lost, "--error", "x"),
        ("release", lost),
        ("heartbeat", lost),
    ):
        result = run(*command)
        assert result.exit_code == 8, command
        assert lost in result.stderr
    assert shop("task", "show", "shop-1") == before
    assert held["task_key"] == "shop-1"


def test_an_attempt_that_never_was_and_one_that_is_no_id(run: Run) -> None:
    assert run("complete", str(uuid4())).exit_code == 4
    assert run("complete", "shop-1").exit_code == 2


def test_what_has_failed_for_good_is_tried_anew(run: Run, shop: RunJson, docket: Database) -> None:
    with psycopg.connect(docket.conninfo, autocommit=True) as connection:
        connection.execute("update docket.retry_policies set max_attempts = 1")
    (claimed,) = shop("claim")
    assert shop("fail", claimed["attempt_id"], "--error", "broken")["status"] == "failed"
    assert shop("retry", "--class", "infrastructure") == []
    assert [task["task_key"] for task in shop("retry", "--class", "bug")] == ["shop-1"]
    assert "nothing has failed" in run("retry").stderr
    refused = run("retry", "--class", "bad luck")
    assert refused.exit_code == 3
    assert "is no failure class" in refused.stderr

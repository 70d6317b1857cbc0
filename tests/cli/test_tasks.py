"""Tasks, dependencies and history from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.clients import Run, RunJson


def test_a_task_is_added_with_its_fields_and_shown(shop: RunJson, run: Run) -> None:
    added = shop(
        "task", "add", "Bake", "--description", "bread", "--priority", "7", "--tag", "a",
        "--tag", "b", "--file", "x.py", "--complexity", "3", "--effort", "1.5", "--key", "bake",
        "--assignee", "anna", "--parent", "shop-3", "--depends-on", "shop-1", "--depends-on",
        "shop-2", "--metadata", '{"oven": [1, 2]}', "--criteria", '["crisp"]',
    )  # fmt: skip
    assert added["task_key"] == "bake"
    assert added["tags"] == ["a", "b"]
    assert added["priority"] == 7
    assert added["estimated_effort"] == 1.5
    assert added["metadata"] == {"oven": [1, 2]}

    shown = shop("task", "show", "bake")
    assert sorted(shown["depends_on"]) == ["shop-1", "shop-2"]
    assert shown["acceptance_criteria"] == ["crisp"]
    assert sorted(shop("task", "show", "shop-1")["dependents"]) == ["bake", "shop-2"]
    plain = run("task", "show", "bake")
    assert "shop-2 (pending)" in plain.output


def test_tasks_are_listed_by_what_they_are(shop: RunJson) -> None:
    def keys(*arguments: str) -> list[str]:
        return sorted(task["task_key"] for task in shop("task", "list", *arguments))

    assert keys() == ["shop-1", "shop-2", "shop-3"]
    assert keys("--min-priority", "high") == ["shop-1", "shop-2"]
    assert keys("--tag", "web") == ["shop-1"]
    assert keys("--file", "sink.py") == ["shop-3"]
    assert keys("--status", "done") == []
    assert keys("--limit", "2") == ["shop-2", "shop-3"]
    assert keys("--search", "table") == ["shop-1"]
    by_priority = shop("task", "list", "--order", "priority")
    assert [task["task_key"] for task in by_priority] == ["shop-2", "shop-1", "shop-3"]


def test_fields_and_status_change_together_or_not_at_all(shop: RunJson, run: Run) -> None:
    changed = shop("task", "update", "shop-3", "--title", "Dry up", "--status", "deferred")
    assert (changed["title"], changed["status"]) == ("Dry up", "deferred")

    refused = run("task", "update", "shop-3", "--title", "Put away", "--status", "failed")
    assert refused.exit_code == 7
    assert shop("task", "show", "shop-3")["title"] == "Dry up"

    cleared = shop("task", "update", "shop-3", "--clear", "assigned-to", "--priority", "5")
    assert cleared["assigned_to"] is None
    stale = run("task", "update", "shop-3", "--title", "X", "--expected-version", "1")
    assert stale.exit_code == 9
    assert run("task", "update", "shop-3").exit_code == 2


def test_a_task_is_done_by_hand_and_deleted_once(shop: RunJson, run: Run) -> None:
    done = shop("task", "done", "shop-1", "--results", '{"plates": 4}')
    assert (done["status"], done["results"]) == ("completed", {"plates": 4})
    assert shop("next")[0]["task_key"] == "shop-2"

    assert run("task", "delete", "shop-3").exit_code == 0
    assert run("task", "delete", "shop-3").exit_code == 4


@pytest.mark.usefixtures("shop")
def test_results_are_read_from_standard_input(run: Run) -> None:
    result = run("task", "done", "shop-1", "--results", "-", "--json", input='{"from": "stdin"}')
    assert json.loads(result.stdout)["results"] == {"from": "stdin"}


def test_history_tells_every_change_with_who_and_what(shop: RunJson, run: Run) -> None:
    shop("task", "update", "shop-1", "--title", "Lay both tables")
    shop("task", "done", "shop-1")
    entries = shop("history", "shop-1")
    assert [entry["operation"] for entry in entries] == ["insert", "update", "update"]
    assert entries[1]["changes"]["title"] == ["Lay the table", "Lay both tables"]
    assert (entries[2]["from_status"], entries[2]["to_status"]) == ("pending", "completed")
    assert "title: Lay the table -> Lay both tables" in run("history", "shop-1").output


def test_dependencies_come_and_go(shop: RunJson, run: Run) -> None:
    shop("dep", "add", "shop-3", "shop-2")
    assert [row["task_key"] for row in shop("dep", "list", "shop-3")] == ["shop-2"]
    shop("dep", "add", "shop-3", "shop-2", "--until", "merged")
    assert [row["satisfied_by"] for row in shop("dep", "list", "shop-3")] == ["merged"]
    shop("dep", "add", "shop-3", "shop-2", "--until", "completed")
    everything = {
        row["blocker_key"]: row["depth"] for row in shop("dep", "list", "shop-3", "--all")
    }
    assert everything == {"shop-2": 1, "shop-1": 2}
    assert [row["task_key"] for row in shop("dep", "list", "shop-1", "--reverse")] == ["shop-2"]

    circle = run("dep", "add", "shop-1", "shop-3")
    assert circle.exit_code == 6
    assert "shop-1 -> shop-3 -> shop-2 -> shop-1" in circle.stderr

    shop("dep", "rm", "shop-3", "shop-2")
    assert shop("dep", "list", "shop-3") == []
    assert run("dep", "rm", "shop-3", "shop-2").exit_code == 4


def test_why_says_what_a_task_waits_for(shop: RunJson, run: Run) -> None:
    reasons = shop("why", "shop-2")
    assert [(reason["reason"], reason["related_task_key"]) for reason in reasons] == [
        ("dependency", "shop-1")
    ]
    shop("task", "done", "shop-1")
    assert shop("why", "shop-2") == []
    assert "is ready" in run("why", "shop-2").stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "name", "part"),
    [
        (("task", "show", "shop-99"), 4, "not_found", "shop-99"),
        (("task", "add", ""), 3, "invalid_argument", "title"),
        (("task", "add", "x" * 256), 3, "invalid_argument", "title"),
        (("task", "add", "T", "--key", "shop-1"), 5, "conflict", "shop-1"),
        (("task", "update", "shop-1", "--priority", "urgent"), 3, "invalid_argument", "urgent"),
        (("dep", "add", "shop-1", "shop-1"), 6, "dependency_cycle", "shop-1 -> shop-1"),
        (("dep", "add", "shop-1", "shop-2"), 6, "dependency_cycle", "shop-1 -> shop-2"),
        (("task", "list", "--project", "nowhere"), 4, "not_found", "nowhere"),
        (("task", "start", "shop-2"), 5, "conflict", "shop-2"),
    ],
)
def test_a_refusal_is_one_line_and_an_exit_code(
    shop: RunJson,
    run: Run,
    arguments: tuple[str, ...],
    exit_code: int,
    name: str,
    part: str,
) -> None:
    before = shop("task", "list")
    plain = run(*arguments)
    assert plain.exit_code == exit_code, plain.output
    assert plain.stdout == ""
    assert plain.stderr.startswith("pgdocket: ")
    assert part in plain.stderr
    assert "Traceback" not in plain.stderr
    as_json = run(*arguments, "--json")
    assert as_json.exit_code == exit_code
    assert json.loads(as_json.stderr)["error"]["name"] == name
    assert shop("task", "list") == before


def test_the_project_is_found_where_there_is_one_and_asked_for_where_not(
    run: Run, run_json: RunJson
) -> None:
    none = run("next")
    assert none.exit_code == 4
    assert "pgdocket import" in none.stderr
    run_json("project", "add", "one", "--name", "The one")
    run_json("task", "add", "Only")
    assert [task["title"] for task in run_json("next")] == ["Only"]
    run_json("project", "add", "two")
    several = run("next")
    assert several.exit_code == 3
    assert "one, two" in several.stderr
    assert [task["title"] for task in run_json("next", "--project", "one")] == ["Only"]
    assert run_json("--project", "two", "next") == []
    assert [each["slug"] for each in run_json("project", "list")] == ["one", "two"]


@pytest.mark.parametrize(
    ("ending", "begin"), [("svg", "<?xml"), ("dot", "digraph"), ("json", "{"), ("mmd", "flowchart")]
)
@pytest.mark.usefixtures("shop")
def test_a_graph_is_written_in_the_form_of_its_file(
    run: Run, tmp_path: Path, ending: str, begin: str
) -> None:
    file = tmp_path / f"plan.{ending}"
    result = run("graph", "-o", str(file))
    assert result.exit_code == 0, result.output
    text = file.read_text()
    assert text.startswith((begin, "<svg")[: 1 + (ending == "svg")])
    assert "Lay the table" in text


def test_the_graph_as_json_has_nodes_and_edges(shop: RunJson) -> None:
    graph = shop("graph")
    keys = {node["task_id"]: node["task_key"] for node in graph["nodes"]}
    assert sorted(keys.values()) == ["shop-1", "shop-2", "shop-3"]
    assert [(keys[e["task_id"]], keys[e["depends_on_id"]]) for e in graph["edges"]] == [
        ("shop-2", "shop-1")
    ]

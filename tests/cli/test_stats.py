"""How work goes, from the shell: counted by maintenance, and as old as it says."""

from __future__ import annotations

from pgdocket.cli.stats import duration, sparkline
from support.clients import Run, RunJson


def test_figures_are_shown_with_their_age(shop: RunJson, run: Run) -> None:
    before = run("stats")
    assert before.exit_code == 0
    assert "not everything is counted yet" in before.stderr
    shop("claim", "--agent", "ann")
    shop("maintain", "--step", "tallies")
    shown = run("stats", "--group-by", "priority")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == "how tasks stand:"
    assert {"in_progress", "pending"} <= set(lines[1].split())
    assert any(line.split()[:2] == ["tasks", "created"] and "█" in line for line in lines)
    assert lines[-1].startswith("as of 20")
    found = shop("stats", "--days", "7", "--by", "week")
    assert {row["label"] for row in found["tasks"]} == {"in_progress", "pending"}
    assert sum(row["tasks_created"] for row in found["trends"]) == sum(
        row["tasks"] for row in found["tasks"]
    )
    assert all(row["as_of"] for rows in found.values() for row in rows)
    assert run("stats", "--days", "8").exit_code == 2


def test_lines_and_times_as_people_read_them() -> None:
    assert sparkline([0, None, 7, 14]) == "▁ ▅█"
    assert sparkline([None, 0]) == " ▁"
    assert [duration(value) for value in (None, 250, 61_000, 7_260_000, 90_000_000)] == [
        None, "0.25 s", "1 min 1 s", "2 h 1 min", "1 d 1 h",
    ]  # fmt: skip

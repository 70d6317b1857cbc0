"""Budgets from the shell: what was used is counted, and what is used up is not claimed."""

from __future__ import annotations

from support.clients import Run, RunJson


def test_what_is_used_up_is_not_claimed(shop: RunJson, run: Run) -> None:
    assert "nothing is limited" in run("budget", "list").stderr
    used = shop("budget", "use", "shop-1", "--tokens", "120", "--cost", "0.5")
    assert [(each["budget"], each["used_tokens"]) for each in used] == [
        ("task shop-1", 120),
        ("the project", 120),
    ]
    (limited,) = shop("budget", "set", "shop-1", "--max-tokens", "100")
    assert limited["is_exhausted"] is True
    assert [task["task_key"] for task in shop("claim", "--max", "5")] == ["shop-3"]
    assert [each["budget"] for each in shop("budget", "list", "--used-up")] == ["task shop-1"]
    refused = run("task", "start", "shop-1", "--agent", "anna")
    assert refused.exit_code == 10
    assert "the budget of task shop-1 is used up" in refused.stderr
    shop("budget", "set", "shop-1", "--max-cost", "1")
    assert [task["task_key"] for task in shop("claim")] == ["shop-1"]
    assert "120" in run("budget", "list").stdout

"""Alerts from the shell."""

from __future__ import annotations

from support.clients import Run, RunJson


def test_a_rule_is_made_an_alert_looked_after_and_both_are_over(shop: RunJson, run: Run) -> None:
    rule = shop(
        "alerts", "rules", "set", "slow", "threshold", "800", "--metric", "latency", "--window",
        "10m", "--by", "component", "--clear", "600", "--label", "branch=main", "--severity",
        "critical",
    )  # fmt: skip
    assert (rule["time_window"], rule["labels"]) == (600_000, {"branch": "main"})
    shop("metrics", "record", "latency", "812", "--component", "api", "--label", "branch=main")
    [judged] = shop("alerts", "evaluate")
    assert (judged["outcome"], judged["transitions"]) == ("done", 1)
    [alert] = shop("alerts", "list", "--severity", "critical")
    assert (alert["state"], alert["labels"]) == ("firing", {"component": "api"})
    assert "component=api  812 " in run("alerts", "list").stdout
    name = alert["alert_id"]
    assert run("alerts", "acknowledge", name, "--note", "I look").stdout.startswith("acknowledged:")
    assert run("alerts", "silence", name, "--reason", "x").exit_code == 2
    assert shop("alerts", "silence", name, "--for", "8h", "--reason", "known")["reason"] == "known"
    [alert] = shop("alerts", "list")
    assert (alert["note"], alert["silence_reason"]) == ("I look", "known")
    run("alerts", "unsilence", name)
    assert shop("alerts", "resolve", name)["resolution"] == "manual"
    states = [row["to_state"] for row in shop("alerts", "history", name)]
    assert states == ["firing", "acknowledged", None, None, "resolved"]
    assert run("alerts", "list").stdout == ""
    assert len(shop("alerts", "list", "--state", "all")) == 1
    assert run("alerts", "acknowledge", name).exit_code == 7
    [line] = run("alerts", "rules", "list").stdout.splitlines()[1:]
    assert "latency branch=main >= 800" in line
    assert run("alerts", "rules", "set", "slow", "threshold").exit_code == 3
    assert run("alerts", "rules", "delete", "slow").stdout == "deleted: slow\n"
    assert run("alerts", "rules", "delete", "slow").exit_code == 4
    # The test's own login is a superuser, who may say what counts in all projects.
    shop("alerts", "rules", "set", "silent", "component", "--global", "--off")
    assert [rule["is_global"] for rule in shop("alerts", "rules", "list")] == [True]
    shop("alerts", "rules", "delete", "silent", "--global")

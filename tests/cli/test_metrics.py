"""Metrics from the shell."""

from __future__ import annotations

from support.clients import Run, RunJson


def test_what_is_recorded_is_listed_shown_and_exported(shop: RunJson, run: Run) -> None:
    for value in ("10", "20"):
        sample = shop(
            "metrics", "record", "build_time", value, "--kind", "timer", "--component", "ci",
            "--label", "branch=main",
        )  # fmt: skip
    assert (sample["unit"], sample["labels"]) == ("ms", {"branch": "main", "component": "ci"})
    [metric] = shop("metrics", "list")
    assert (metric["name"], metric["kind"], metric["series_count"]) == ("build_time", "timer", 1)
    [row] = shop(
        "metrics", "show", "build_time", "--bucket", "1 day", "--aggregate", "max",
        "--by", "branch", "--label", "component=ci",
    )  # fmt: skip
    assert (float(row["value"]), row["group_labels"]) == (20, {"branch": "main"})
    assert run("metrics", "show", "build_time", "--label", "branch=other").stdout == ""
    assert run("metrics", "export").stdout.endswith("# EOF\n")
    assert run("metrics", "show", "nothing").exit_code == 4
    assert run("metrics", "show", "build_time", "--aggregate", "rate").exit_code == 3
    assert run("metrics", "list", "--label", "branch").exit_code == 2
    assert "build_time is 5 ms" in run("metrics", "record", "build_time", "5").stdout

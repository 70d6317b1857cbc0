"""stats: how work goes, what it costs and what has changed, in figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import opened, the_project

_BARS = "▁▂▃▄▅▆▇█"
_GROUPS = ["priority", "agent", "workflow", "tag"]
_STATES = ["pending", "in_progress", "review", "completed", "failed", "blocked", "cancelled"]
_TRENDS = {
    "tasks_created": "tasks created",
    "tasks_completed": "tasks completed",
    "lead_p50_ms": "lead time",
    "cycle_p50_ms": "cycle time",
    "success_rate": "success of attempts",
    "validations": "validations",
    "executions": "executions",
    "errors": "errors",
}
_TREND = {"figure": "figure", "line": "", "total": "in all", "last": "last"}
_TIMES = {
    "label": "of",
    "completed": "completed",
    "throughput": "a day",
    "lead_p50_ms": "lead time",
    "lead_p95_ms": "95 of 100",
    "cycle_p50_ms": "cycle time",
    "cycle_p95_ms": "95 of 100 ",
}
_COSTS = {
    "label": "model",
    "interactions": "interactions",
    "success_rate": "success",
    "input_tokens": "tokens in",
    "output_tokens": "tokens out",
    "cost": "cost",
    "currency": "in",
}
_ERRORS = {"error_type": "error", "errors": "errors", "errors_per_execution": "by execution"}
_CHANGES = {
    "metric": "metric",
    "unit": "unit",
    "baseline": "before",
    "value": "now",
    "change": "change",
    "is_beyond_noise": "beyond noise",
}

Row = dict[str, Any]


def duration(milliseconds: int | float | None) -> str | None:
    """A time as people say it, in its two largest units."""
    if milliseconds is None:
        return None
    seconds = float(milliseconds) / 1000
    for size, name, part, smaller in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            return f"{int(seconds // size)} {name} {int(seconds % size // part)} {smaller}"
    return f"{seconds:.3g} s"


def percent(share: Any) -> str | None:
    """A part of the whole in percent."""
    return None if share is None else f"{float(share) * 100:.1f} %"


def sparkline(values: Sequence[Any]) -> str:
    """A line of blocks, the highest for the greatest value; a blank where nothing is known."""
    known = [float(value) for value in values if value is not None]
    highest = max(known, default=0.0) or 1.0
    steps = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round(float(value) / highest * steps)] for value in values
    )


def trend_rows(trends: Sequence[Row]) -> list[Row]:
    """A row for each figure of the trends: its line, and what it comes to."""
    rows = []
    for key, name in _TRENDS.items():
        values = [each[key] for each in trends]
        known = [value for value in values if value is not None]
        show = duration if key.endswith("_ms") else percent if key == "success_rate" else str
        is_count = key not in ("lead_p50_ms", "cycle_p50_ms", "success_rate")
        rows.append(
            {
                "figure": name,
                "line": sparkline(values),
                "total": sum(known) if is_count else None,
                "last": show(known[-1]) if known else None,
            }
        )
    return rows


def shown(rows: Iterable[Row], show: Mapping[str, Any]) -> list[Row]:
    """Rows with some of their values as people read them."""
    return [
        {key: show[key](value) if key in show else value for key, value in row.items()}
        for row in rows
    ]


def gathered(
    options: Options, days: int, period: str, group_by: str | None
) -> dict[str, list[Row]]:
    """The answers to every question, by name."""
    since = datetime.now(UTC) - timedelta(days=days)
    with opened(options) as docket:
        project = the_project(docket, options).project_id
        found: dict[str, Iterable[Any]] = {
            "tasks": docket.task_breakdown(project_id=project, group_by=group_by or "status"),
            "times": docket.task_times(
                project_id=project, days=days, group_by=group_by or "project"
            ),
            "trends": docket.work_trends(project_id=project, period=period, since=since),
            "costs": docket.cost_breakdown(project_id=project, group_by="model", since=since),
            "errors": docket.error_rates(
                project_id=project, period="week", since=since, max_rows=10
            ),
            "changes": docket.compare_to_baseline(project_id=project),
        }
        return {name: [asdict(each) for each in answers] for name, answers in found.items()}


def show_all(found: Mapping[str, list[Row]], days: int, period: str) -> None:
    """Prints a table for each question that has an answer."""
    times: dict[str, Any] = dict.fromkeys([k for k in _TIMES if k.endswith("_ms")], duration)
    times |= {"throughput": lambda many: f"{many:.1f}", "label": lambda label: label or "all"}
    rates = {"share": percent, "success_rate": percent}
    states = [state for state in _STATES if any(row[state] for row in found["tasks"])]
    columns = {"label": "tasks", "tasks": "how many", "share": "share", "success_rate": "success"}
    is_grouped = any(row["label"] not in _STATES for row in found["tasks"])
    columns |= {state: state for state in states} if is_grouped else {}
    changes = {"change": lambda part: None if part is None else f"{float(part) * 100:+.1f} %"}
    tables: list[tuple[str, list[Row], Mapping[str, str]]] = [
        ("how tasks stand", shown(found["tasks"], rates), columns),
        (f"how long they take ({days} days)", shown(found["times"], times), _TIMES),
        (f"by {period}", trend_rows(found["trends"]), _TREND),
        ("what models cost", shown(found["costs"], rates), _COSTS),
        ("errors by week", found["errors"], {"period_start": "week"} | _ERRORS),
        ("against the baseline", shown(found["changes"], changes), _CHANGES),
    ]
    for title, rows, keys in tables:
        if rows:
            output.plain(f"{title}:")
            output.table(rows, keys)
            output.plain()


@click.command()
@common_options
@click.option(
    "--days",
    type=click.Choice(["7", "30", "90", "365"]),
    default="30",
    show_default=True,
    help="How far to look back.",
)
@click.option(
    "--by",
    "period",
    type=click.Choice(["day", "week"]),
    default="day",
    show_default=True,
    help="What a bar of a line is of.",
)
@click.option("--group-by", type=click.Choice(_GROUPS), help="Tell tasks apart by this.")
@click.pass_obj
def stats(options: Options, /, days: str, period: str, group_by: str | None) -> None:
    """Show how tasks stand, how long they take, how that goes and what it costs.

    \b
    Example:
      pgdocket stats
      pgdocket stats --days 90 --by week --group-by tag
      pgdocket stats --project shop --json
    """
    found = gathered(options, int(days), period, group_by)
    if options.json:
        output.print_json(found)
        return
    ages = [row["as_of"] for rows in found.values() for row in rows]
    if not ages or None in ages:
        output.say("not everything is counted yet: `pgdocket maintain` counts")
    show_all(found, int(days), period)
    if ages := [age for age in ages if age is not None]:
        output.plain(f"as of {output.text(min(ages))}")

"""What `pgdocket top` shows: a picture of a project as tables beside and below each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pgdocket.cli.top import Picture

Row = Mapping[str, Any]
Cells = Callable[[Row], Sequence[tuple[str, str]]]

_STATUSES = ("ready", "pending", "in_progress", "review", "blocked", "deferred", "failed",
             "completed", "cancelled")  # fmt: skip
_RATES = ("begun", "completed", "failed", "released", "running")
_STYLES = {
    "ready": "yellow", "in_progress": "cyan", "completed": "green", "failed": "red",
    "critical": "bold red", "high": "red", "medium": "yellow",
    "firing": "bold red", "acknowledged": "yellow", "pending": "dim",
    "healthy": "green", "degraded": "yellow", "stale": "red", "down": "bold red",
}  # fmt: skip
_ORDER = {"down": 0, "stale": 1, "degraded": 2, "healthy": 3}
_SEVERITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_STATE = {"firing": 0, "acknowledged": 1, "pending": 2}
# What is cut where there is no room for all of it.
_FLEXIBLE = {"rule", "about", "title", "component", "in use", "why"}
_LEAST = 3


def frame(picture: Picture, *, height: int | None, trouble: str | None = None) -> RenderableType:
    """The whole picture; lists are cut to what a terminal of this height has room for."""
    # Besides the rows of the three lists there are head, tiles, titles, headings and lines.
    around = 2 + 3 + max(len(picture.queue), len(_RATES) + 1) + 3 * 4 + 1
    rows = None if height is None else max(_LEAST, (height - around) // 3)
    return Group(
        _head(picture, trouble),
        "",
        Columns([_queue(picture), _rates(picture)], padding=(0, 4)),
        "",
        _alerts(picture, rows),
        "",
        _leases(picture, rows),
        "",
        _components(picture, rows),
    )


def _head(picture: Picture, trouble: str | None) -> Text:
    head = Text(f"{picture.project}  ", style="bold")
    head.append(picture.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"), style="not bold")
    if trouble is not None:
        head.append(f"  not reached: {trouble}", style="bold red")
    return head


def _queue(picture: Picture) -> Table:
    table = _table("Queue", ("status", "tasks"))
    table.columns[1].justify = "right"
    found = [(name, picture.queue[name]) for name in _STATUSES if name in picture.queue]
    for name, count in found or [("no tasks", 0)]:
        table.add_row(Text(name, style=_STYLES.get(name, "")), f"{count:,}")
    return table


def _rates(picture: Picture) -> Table:
    table = _table("Last 5 minutes", ("attempts", "", "a minute"))
    for column in table.columns[1:]:
        column.justify = "right"
    for name in _RATES:
        count = picture.rates[name]
        style = _STYLES.get(name, "") if count else ""
        rate = "" if name == "running" else f"{count / 5:,.1f}"
        table.add_row(Text(name, style=style), f"{count:,}", rate)
    table.add_row("agents", f"{picture.rates['agents']:,}", "")
    return table


def _alerts(picture: Picture, most: int | None) -> Table:
    def cells(alert: Row) -> Sequence[tuple[str, str]]:
        about = " ".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))
        who = alert["acknowledged_by"] or ""
        if alert["silenced_until"] is not None:
            who = f"silent until {alert['silenced_until'].astimezone():%H:%M}"
        return (
            (alert["severity"], _STYLES.get(alert["severity"], "")),
            (alert["state"], _STYLES.get(alert["state"], "")),
            (alert["rule_name"], ""),
            (about, ""),
            (f"{float(alert['value']):.6g}", ""),
            (_length(picture.at - alert["started_at"]), ""),
            (who, "dim"),
        )

    found = sorted(picture.alerts, key=lambda a: (_STATE[a["state"]], _SEVERITY[a["severity"]]))
    names = ("severity", "state", "rule", "about", "value", "for", "who")
    return _list("Alerts", names, found, cells, most)


def _leases(picture: Picture, most: int | None) -> Table:
    def cells(lease: Row) -> Sequence[tuple[str, str]]:
        left = lease["lease_expires_at"] - picture.at
        expired = lease["is_expired"]
        return (
            (lease["agent"], "cyan"),
            (lease["task_key"], ""),
            (lease["title"], ""),
            (str(lease["attempt_no"]), ""),
            (_length(picture.at - lease["started_at"]), ""),
            ("expired" if expired else _length(left), "bold red" if expired else ""),
        )

    names = ("agent", "task", "title", "try", "at it for", "lease")
    return _list("Agents at work", names, picture.leases, cells, most)


def _components(picture: Picture, most: int | None) -> Table:
    def cells(part: Row) -> Sequence[tuple[str, str]]:
        heard = part["heartbeat_at"]
        use = " ".join(f"{n}={v:.0%}" for n, v in sorted((part["utilization"] or {}).items()))
        return (
            (part["state"], _STYLES[part["state"]]),
            (part["name"], ""),
            (part["kind"], ""),
            (part["component_version"] or "", ""),
            ("never" if heard is None else f"{_length(picture.at - heard)} ago", ""),
            (use, ""),
            (part["reason"] or "", "dim"),
        )

    found = sorted(picture.components, key=lambda c: (_ORDER[c["state"]], c["name"]))
    names = ("state", "component", "kind", "version", "heard of", "in use", "why")
    return _list("Components", names, found, cells, most)


def _list(
    title: str, names: Sequence[str], rows: Sequence[Row], cells: Cells, most: int | None
) -> Table:
    shown = rows if most is None else rows[:most]
    more = len(rows) - len(shown)
    table = _table(title + (f" ({more} more)" if more else ""), names)
    for row in shown:
        # Text, not str: a title with [brackets] in it is no markup.
        table.add_row(
            *(
                Text(_one_line(text), style=style, no_wrap=True, overflow="ellipsis")
                for text, style in cells(row)
            )
        )
    if not rows:
        table.add_row(Text("none", style="dim"))
    return table


def _table(title: str, names: Iterable[str]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for name in names:
        # A column that may wrap is made narrower before all others; its cells are cut instead.
        table.add_column(name, no_wrap=name not in _FLEXIBLE, overflow="ellipsis")
    return table


def _length(time: timedelta) -> str:
    """A time as one reads it at a glance: 42s, 7m, 3h 20m, 5d."""
    whole = max(0, round(time.total_seconds()))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def _one_line(text: str) -> str:
    return " ".join(text.split())

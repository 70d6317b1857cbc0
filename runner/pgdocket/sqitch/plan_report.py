"""What `sqitch plan` shows: which changes, in which order, as text or as data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.format import Event, Formatter
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan

EVENTS = {"+": "deploy", "": "deploy", "-": "revert"}


@dataclass(frozen=True, slots=True)
class Search:
    """Which changes to show; a change must match every filter that is set.

    `events` are `deploy` and `revert`; `change` and `planner` are regular expressions.
    A `limit` of None or 0 is none; `skip` counts changes to leave out at the start.
    """

    events: Sequence[str] = ()
    change: str | None = None
    planner: str | None = None
    limit: int | None = None
    skip: int | None = None
    reverse: bool = False

    def apply(self, plan: Plan) -> list[Change]:
        """The changes that match, in the order to show them."""
        for event in self.events:
            if event not in EVENTS.values():
                raise SqitchError(f'Unknown change operation "{event}"')
        name, planner = _compile(self.change), _compile(self.planner)
        found = [
            change
            for change in plan.changes
            if (not self.events or EVENTS[change.op] in self.events)
            and name.search(change.name)
            and planner.search(change.planner_name)
        ]
        if self.reverse:
            found.reverse()
        found = found[max(self.skip or 0, 0) :]
        return found[: max(self.limit, 0)] if self.limit else found


def report(
    plan: Plan, search: Search, formatter: Formatter, *, headers: bool = True
) -> Iterator[str]:
    """The lines of the report; SqitchError with exit code 1 for a plan without changes."""
    if not plan.changes:
        raise SqitchError(f"No changes in {plan.path}", 1)
    found = search.apply(plan)
    if headers:
        yield f"# Project: {plan.project}"
        yield f"# File:    {plan.path}"
        yield ""
    for change in found:
        yield formatter.render(as_event(plan.project, change))


def as_event(project: str, change: Change) -> Event:
    """A planned change as the formatter takes it."""
    return Event(
        event=EVENTS[change.op],
        change_id=change.id,
        change=change.name,
        project=project,
        note=change.note,
        planner_name=change.planner_name,
        planner_email=change.planner_email,
        planned_at=change.planned_at,
        requires=tuple(each.as_string for each in change.requires),
        conflicts=tuple(each.as_string for each in change.conflicts),
        tags=tuple(tag.name for tag in change.tags),
    )


def as_json(plan: Plan, search: Search) -> dict[str, Any]:
    """The report as data: project, uri, file and a list of changes."""
    return {
        "project": plan.project,
        "uri": plan.uri,
        "file": str(plan.path),
        "changes": [_change_as_json(change) for change in search.apply(plan)],
    }


def _change_as_json(change: Change) -> dict[str, Any]:
    return {
        "change_id": change.id,
        "change": change.name,
        "event": EVENTS[change.op],
        "parent_id": change.parent_id,
        "requires": [each.as_string for each in change.requires],
        "conflicts": [each.as_string for each in change.conflicts],
        "tags": [{"tag_id": tag.id, "tag": tag.name, "note": tag.note} for tag in change.tags],
        "note": change.note,
        "planned_at": change.planned_at,
        "planner_name": change.planner_name,
        "planner_email": change.planner_email,
    }


def _compile(pattern: str | None) -> re.Pattern[str]:
    try:
        return re.compile(pattern or "")
    except re.error as exc:
        raise SqitchError(f'Invalid regular expression "{pattern}": {exc}') from exc

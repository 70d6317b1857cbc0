"""What happened to a database: the events of its registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pgdocket.sqitch.config import Target
from pgdocket.sqitch.connection import connect_control, destination
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.format import Event
from pgdocket.sqitch.registry import Registry


@dataclass(frozen=True, slots=True)
class LogSearch:
    """Which events to show; an event must match every filter that is set.

    `events` are deploy, revert and fail; the others are PostgreSQL's regular expressions. A
    `limit` of None or 0 is none. The newest event comes first, with `reverse` the oldest.
    """

    events: Sequence[str] = ()
    change: str | None = None
    project: str | None = None
    committer: str | None = None
    limit: int | None = None
    skip: int | None = None
    reverse: bool = False


@contextmanager
def open_log(target: Target | str, search: LogSearch) -> Iterator[Iterator[Event]]:
    """The events of the database that match, read while they are shown.

    SqitchError with exit code 1 where there is no registry or nothing ever happened.
    """
    conninfo, display, schema = destination(target)
    registry = Registry(schema)
    with connect_control(conninfo) as connection:
        if registry.version(connection) is None:
            raise SqitchError(
                f"Database {display} has not been initialized for Sqitch", exit_code=1
            )
        if not registry.has_events(connection):
            raise SqitchError(f"No events logged for {display}", exit_code=1)
        rows = registry.events(
            connection,
            events=list(search.events) or None,
            change=search.change,
            project=search.project,
            committer=search.committer,
            limit=search.limit or None,
            skip=search.skip or 0,
            ascending=search.reverse,
        )
        yield (_event(row) for row in rows)


def _event(row: Sequence[Any]) -> Event:
    before, arrays, after = row[:8], row[8:11], row[11:]
    return Event(*before, *(tuple(array) for array in arrays), *after)

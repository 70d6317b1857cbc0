"""Statements and looks for tests in which sessions race each other for tasks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from time import monotonic
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from support.sessions import PATIENCE_SECONDS, Connection

# Opens a session whose clock stands at a time, NOON unless it is given.
OpenSession = Callable[..., Connection]

NOON = "2030-01-01 12:00+00"
LATER = "2030-01-01 13:00+00"
CLAIM = "select task_id, attempt_id from docket.claim_tasks(%s, %s, %s)"
SWEEP = "select task_id from docket.sweep_leases(%s)"
COMPLETE = "select (docket.complete_task(%s, '\"done\"')).status"
HEARTBEAT = "select (docket.heartbeat(%s)).attempt_id"
CANCEL = "select (docket.update_task_status(%s, 'cancelled')).status"
START = "select (docket.start_task(%s, %s)).attempt_id"


def value(session: Connection, query: LiteralString, *parameters: object) -> Any:
    """The one value of a statement."""
    row = session.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


def settle(session: Connection, running: Connection | None = None) -> None:
    """Returns when no transaction is older than those to come, or than the one of `running`.

    The stream of changes and the seals end before the oldest transaction of the whole server,
    where other tests may be at work.
    """
    oldest = value(running or session, "select pg_current_xact_id()::text")
    query = "select pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8"
    deadline = monotonic() + PATIENCE_SECONDS
    while not value(session, query, oldest):
        assert monotonic() < deadline, "a transaction of somebody else does not end"


def make_tasks(session: Connection, project: uuid.UUID, count: int) -> list[uuid.UUID]:
    """Makes tasks that can be claimed."""
    tasks = Jsonb([{"title": f"Task {number}"} for number in range(count)])
    rows = session.execute("select task_id from docket.create_tasks(%s, %s)", (project, tasks))
    return [row[0] for row in rows]


def hold(session: Connection, project: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """Makes a task and has an agent claim it; the task and the attempt."""
    make_tasks(session, project, 1)
    row = session.execute(CLAIM, (project, "ann", 1)).fetchone()
    assert row is not None
    return row[0], row[1]


def status(session: Connection, task: uuid.UUID) -> str:
    """Where a task stands."""
    return str(value(session, "select status from docket.tasks where task_id = %s", task))


def outcomes(session: Connection, task: uuid.UUID) -> list[str | None]:
    """How the attempts of a task ended."""
    query = "select outcome from docket.task_attempts where task_id = %s order by attempt_no"
    return [row[0] for row in session.execute(query, (task,))]

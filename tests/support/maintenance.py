"""Maintenance as tests call it, and a month of the journal that it is to drop."""

from __future__ import annotations

from typing import Any

import psycopg

from support.races import settle, value
from support.sessions import Connection

MAINTAIN = "select step, outcome from docket.maintain()"
STEPS = (
    "tallies", "seal", "metrics", "samples", "drop", "partitions", "analyze", "requests",
    "sessions", "responses", "contexts", "prompts", "words", "searches", "embeddings", "deliveries",
    "alerts", "executions", "sweep",
)  # fmt: skip


def outcomes_of(cursor: psycopg.Cursor[Any]) -> dict[str, str]:
    """How each step of a call ended."""
    return dict(cursor.fetchall())


def maintain(session: Connection, step: str, *, done: int | None = None) -> tuple[str, str | None]:
    """Does one step: how it ended, and what was in the way. `done` is how many it has to do."""
    row = session.execute(
        "select outcome, problem, done from docket.maintain(array[%s])", (step,)
    ).fetchone()
    assert row is not None
    assert done in (None, row[2]), row
    return row[0], row[1]


def make_months(session: Connection) -> None:
    """Makes the months that the session's clock asks for: maintenance has none to make or drop."""
    with session.transaction():
        session.execute("set local role docket_owner")
        session.execute("update docket.partition_policies set retention = null")
        session.execute("select docket_private.ensure_partitions()")


def prepare_month(session: Connection) -> None:
    """A month of the journal with two rows, sealed, that is kept no longer."""
    with session.transaction():
        session.execute("set local docket.fake_now = '2024-10-15 12:00+00'")
        session.execute("set local role docket_owner")
        session.execute("select docket_private.ensure_partitions()")
    for month in ("2024_10", "2024_11", "2024_12"):
        session.execute(f"drop table docket.audit_log_{month}".encode())
    session.execute(
        "insert into docket.audit_log (transaction_id, recorded_at, table_name, operation)"
        " select '3', '2025-01-30 12:00+00', 'old', 'insert' from generate_series(1, 2)"
    )
    session.execute("select docket.set_retention('metrics', null)")
    session.execute("select docket.set_retention('audit_log', '6 months')")
    settle(session)
    assert maintain(session, "seal")[0] == "done"


def months(session: Connection) -> list[str]:
    """The months of the journal that are older than the docket, by name."""
    query = """select p.partition_name from docket_private.partitions_of('audit_log') as p
                where p.upper_bound < '2026-01-01' order by 1"""
    return [row[0] for row in session.execute(query)]


def is_intact(session: Connection) -> bool:
    """Whether the journal is what was sealed."""
    return bool(value(session, "select is_intact from docket.verify_audit()"))

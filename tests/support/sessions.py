"""Two sessions at once: statements in threads, and waiting for locks instead of for time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import IsolationLevel, sql

Connection = psycopg.Connection[Any]
# The fixture `connect`: connect(database, role=..., autocommit=...), closed after the test.
Connect = Callable[..., Connection]
Parameters = Sequence[object] | Mapping[str, object] | None

ISOLATION_LEVELS = (
    IsolationLevel.READ_COMMITTED,
    IsolationLevel.REPEATABLE_READ,
    IsolationLevel.SERIALIZABLE,
)

POLL_SECONDS = 0.002
PATIENCE_SECONDS = 20.0

at_every_isolation = pytest.mark.parametrize(
    "isolation", ISOLATION_LEVELS, ids=[level.name.lower() for level in ISOLATION_LEVELS]
)

at_every_pair_of_isolations = pytest.mark.parametrize(
    ("first_isolation", "second_isolation"),
    [(first, second) for first in ISOLATION_LEVELS for second in ISOLATION_LEVELS],
    ids=[f"{a.name}-{b.name}".lower() for a in ISOLATION_LEVELS for b in ISOLATION_LEVELS],
)


@dataclass(frozen=True, slots=True)
class Running:
    """A piece of work on one connection, under way in a thread of its own."""

    pid: int
    future: Future[Any]

    @property
    def is_done(self) -> bool:
        """Whether the work has ended, well or badly."""
        return self.future.done()

    def result(self, seconds: float = PATIENCE_SECONDS) -> Any:
        """What the work returned; raises what it raised, or TimeoutError."""
        return self.future.result(seconds)

    def error(self, seconds: float = PATIENCE_SECONDS) -> BaseException | None:
        """What the work raised, or None when it went well."""
        return self.future.exception(seconds)


def start(connection: Connection, query: LiteralString, parameters: Parameters = None) -> Running:
    """Runs one statement in a thread; its result is the list of rows (empty when it has none)."""
    return start_work(connection, lambda: rows_of(connection.execute(query, parameters)))


def start_work(connection: Connection, work: Callable[[], Any]) -> Running:
    """Runs any work on a connection in a thread."""
    future: Future[Any] = Future()

    def body() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            future.set_exception(error)

    Thread(target=body, daemon=True).start()
    return Running(connection.info.backend_pid, future)


def start_blocked(
    observer: Connection,
    connection: Connection,
    query: LiteralString,
    parameters: Parameters = None,
) -> Running:
    """Runs one statement in a thread and returns when the server says that it waits for a lock.

    Fails the test when the statement ends without waiting.
    """
    running = start(connection, query, parameters)
    wait_until_blocked(observer, running)
    return running


def wait_until_blocked(
    observer: Connection, running: Running, seconds: float = PATIENCE_SECONDS
) -> None:
    """Returns when the work waits for a lock; fails the test when it ends before, or never waits.

    `observer` is a third connection, outside any transaction.
    """
    deadline = monotonic() + seconds
    while not is_blocked(observer, running.pid):
        if running.is_done:
            pytest.fail(f"expected to wait for a lock, but ended: {describe(running)}")
        if monotonic() > deadline:
            pytest.fail(f"still running after {seconds} s without waiting for a lock")
        wait([running.future], timeout=POLL_SECONDS)


def is_blocked(observer: Connection, pid: int) -> bool:
    """Whether the server says that a process waits for a lock."""
    row = observer.execute(
        "select a.wait_event_type = 'Lock' from pg_catalog.pg_stat_activity as a where a.pid = %s",
        (pid,),
    ).fetchone()
    return row is not None and row[0] is True


def describe(running: Running) -> str:
    """The end of a piece of work, for a message."""
    error = running.error()
    return repr(running.result()) if error is None else f"{type(error).__name__}: {error}"


def rows_of(cursor: psycopg.Cursor[Any]) -> list[Any]:
    """The rows of a statement, empty when it returns none."""
    return cursor.fetchall() if cursor.description is not None else []


@contextlib.contextmanager
def as_role(connection: Connection, role: str, *, actor: str | None = None) -> Iterator[Connection]:
    """Acts as a role, and, through a gateway, for `actor`, until the block ends.

    Inside a transaction that failed the role is undone by the rollback instead.
    """
    connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    if actor is not None:
        connection.execute("select set_config('docket.actor', %s, false)", (actor,))
    try:
        yield connection
    finally:
        with contextlib.suppress(psycopg.errors.InFailedSqlTransaction):
            connection.execute("reset role")
            if actor is not None:
                connection.execute("reset docket.actor")


def begin(connection: Connection, isolation: IsolationLevel) -> None:
    """Opens a transaction of a level on an autocommit connection and takes its snapshot."""
    level = isolation.name.lower().replace("_", " ")
    connection.execute(sql.SQL("begin isolation level {}").format(sql.SQL(level)))
    connection.execute("select 1")


def sqlstate_of(running: Running) -> str | None:
    """The SQLSTATE of what the work raised; None when it went well."""
    error = running.error()
    if error is None:
        return None
    assert isinstance(error, psycopg.Error), describe(running)
    return error.sqlstate

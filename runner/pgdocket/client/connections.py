"""The connections of a client: a bounded pool, transactions, and what is safe to repeat."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel, RawCursor
from psycopg.rows import RowFactory
from psycopg_pool import ConnectionPool

from pgdocket.client.functions import Function
from pgdocket.errors import ConnectionFailed, Error, InvalidArgument, ServerTooOld, from_psycopg

log = logging.getLogger("pgdocket.client")

T = TypeVar("T")

OLDEST_SERVER = 150000
# Whole transaction undone by the server: to send it again is always right.
_ROLLED_BACK = frozenset({"40001", "40P01"})
_FIRST_PAUSE, _LONGEST_PAUSE, _TRIES = 0.05, 2.0, 6
# A connection that was used a moment ago is not asked again whether it still lives.
_TRUSTED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How a pool behaves. Times are in seconds; a statement that takes longer than `slow_ms`
    milliseconds is logged, none where that is None.

    `timeout` is how long a call waits for a connection. `pooled` says that the server is reached
    through PgBouncer in transaction mode, where statements can't be prepared.
    """

    min_size: int = 2
    max_size: int = 20
    timeout: float = 30.0
    connect_timeout: float = 10.0
    max_idle: float = 600.0
    slow_ms: int | None = 1000
    pooled: bool = False
    application_name: str = "pgdocket"


class _Connection(psycopg.Connection[Any]):
    """A connection that knows when it was last used."""

    used_at = 0.0


class Connections:
    """A pool of connections to one database; safe to share between threads."""

    def __init__(self, conninfo: str, settings: ConnectionSettings) -> None:
        options: dict[str, Any] = {
            "autocommit": True,
            "application_name": settings.application_name,
            "connect_timeout": max(2, round(settings.connect_timeout)),
        }
        if settings.pooled:
            options["prepare_threshold"] = None
        self.conninfo = conninfo
        self.settings = settings
        self._pinned = threading.local()
        self.server_version, self.database = _probe(conninfo, options)
        self._pool: ConnectionPool[_Connection] = ConnectionPool(
            conninfo,
            connection_class=_Connection,
            kwargs=options,
            min_size=min(settings.min_size, settings.max_size),
            max_size=settings.max_size,
            timeout=settings.timeout,
            max_idle=settings.max_idle,
            configure=_stamp,
            name=settings.application_name,
            open=True,
        )

    def close(self) -> None:
        """Closes every connection; calling it twice is harmless."""
        self._pool.close()

    def stats(self) -> dict[str, int]:
        """The pool's counters, as psycopg_pool names them."""
        return dict(self._pool.get_stats())

    def call(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        """Calls a function and returns its rows; errors are those of pgdocket.errors.

        Outside a transaction, what the server rolled back (40001, 40P01) is sent again, and,
        where the call may be repeated, also what was under way when the connection was lost.
        """
        query, values, repeatable = function.bind(arguments)

        def once() -> list[T]:
            with self._borrowed() as connection:
                return self._timed(connection, query, values, function.rows)

        if self._current() is not None:
            return self._translated(once)
        return self._translated(lambda: self._persistently(once, repeatable))

    @contextmanager
    def transaction(self, isolation: IsolationLevel | None) -> Iterator[None]:
        """Makes this thread's statements one transaction, until the block ends; it may nest."""
        current = self._current()
        if current is not None:
            with current.transaction():
                yield
            return
        with self._errors(), self._borrowed() as connection:
            self._pinned.connection = connection
            try:
                connection.isolation_level = isolation
                with connection.transaction():
                    yield
            finally:
                self._pinned.connection = None
                if not connection.closed:
                    connection.isolation_level = None

    def explain(self, reason: str) -> None:
        """Sets what the journal says beside the changes of this thread's transaction."""
        with self._errors(), self._borrowed() as connection:
            connection.execute("select pg_catalog.set_config('docket.reason', %s, true)", (reason,))

    def _current(self) -> _Connection | None:
        return getattr(self._pinned, "connection", None)

    @contextmanager
    def _borrowed(self) -> Iterator[_Connection]:
        current = self._current()
        if current is not None:
            yield current
            return
        connection = self._alive()
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def _alive(self) -> _Connection:
        """A connection that has just been used, or answers.

        Not by the pool's own check, which waits 1, 2, 4... seconds between dead connections.
        """
        connection = self._pool.getconn()
        while not _is_alive(connection):
            self._pool.putconn(connection)
            self._pool.check()
            connection = self._pool.getconn()
        return connection

    def _persistently(self, work: Callable[[], T], repeatable: bool) -> T:
        """Repeats what may be repeated, with pauses that double, and jitter."""
        pause = _FIRST_PAUSE
        for tries_left in range(_TRIES - 1, -1, -1):
            try:
                return work()
            except psycopg.Error as exc:
                if not tries_left or not _may_repeat(exc, repeatable):
                    raise
                log.info("sent again after: %s", exc)
                if exc.sqlstate not in _ROLLED_BACK:
                    # Where one connection died, others did: the next try shall not meet them.
                    self._pool.check()
            sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads clients, no secret
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError("unreachable")

    def _timed(
        self,
        connection: _Connection,
        query: bytes,
        values: Sequence[Any],
        row_factory: RowFactory[T],
    ) -> list[T]:
        started = monotonic()
        with RawCursor(connection, row_factory=row_factory) as cursor:
            cursor.execute(query, values, binary=True)
            rows = cursor.fetchall()
        connection.used_at = monotonic()
        taken = (connection.used_at - started) * 1000
        if self.settings.slow_ms is not None and taken > self.settings.slow_ms:
            log.warning("slow statement: %.0f ms: %s", taken, query.decode())
        return rows

    def _translated(self, work: Callable[[], T]) -> T:
        with self._errors():
            return work()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as exc:
            raise understood(exc, self.database) from exc


def understood(exc: psycopg.Error, database: str | None) -> Error:
    """The error of pgdocket for one of the driver's."""
    if isinstance(exc, psycopg.DataError) and exc.sqlstate is None:
        # The driver refused a value before sending it: text with a NUL, a number out of range.
        return InvalidArgument(str(exc))
    if exc.sqlstate is not None and exc.sqlstate.startswith("22"):
        # The server could not read a value: no uuid, no date, out of range.
        return InvalidArgument(exc.diag.message_primary or str(exc), hint=exc.diag.message_hint)
    return from_psycopg(exc, database=database)


def _may_repeat(exc: psycopg.Error, repeatable: bool) -> bool:
    if exc.sqlstate in _ROLLED_BACK:
        return True
    # The pool has waited and tried for its whole timeout already.
    from psycopg_pool import PoolTimeout

    if isinstance(exc, PoolTimeout):
        return False
    return repeatable and isinstance(from_psycopg(exc), ConnectionFailed)


def _probe(conninfo: str, options: dict[str, Any]) -> tuple[int, str]:
    """Connects once, so that what is wrong is said at once and not after the pool's timeout."""
    try:
        with psycopg.connect(conninfo, **options) as connection:
            version, database = connection.info.server_version, connection.info.dbname
    except psycopg.Error as exc:
        raise understood(exc, None) from exc
    if version < OLDEST_SERVER:
        raise ServerTooOld(
            f"the server is PostgreSQL {version // 10000}; pgdocket needs 15 or newer",
            hint="name a newer server with --db or DATABASE_URL",
        )
    return version, database


def _stamp(connection: _Connection) -> None:
    connection.used_at = monotonic()


def _is_alive(connection: _Connection) -> bool:
    if monotonic() - connection.used_at < _TRUSTED_SECONDS:
        return True
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True

# GENERATED from async_connections.py by "pgdocket snapshot".
"""The connections of a client: a bounded pool, transactions, and what is sent again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel, RawCursor
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, NullConnectionPool

from pgdocket.client.functions import Function, TransactionIds, json_value
from pgdocket.client.retries import growing_pause, is_lost, pause_before, understood
from pgdocket.client.statistics import Counters
from pgdocket.client.waiting import (
    Every,
    Own,
    is_away,
    limited,
    sleep,
)
from pgdocket.errors import InvalidArgument, NotFound, ServerTooOld
from pgdocket.settings import ConnectionSettings

log = logging.getLogger("pgdocket.client")

T = TypeVar("T")

_OLDEST_SERVER = 150000
_CHECK_SECONDS = 5.0
# A server that has gone without a word is noticed in less than a minute.
_KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class _Connection(psycopg.Connection[Any]):
    """A connection that knows when it was last used."""

    used_at = 0.0


class _Pool(ConnectionPool[_Connection]):
    """A pool whose checks end."""

    @staticmethod
    def check_connection(conn: _Connection) -> None:
        """Raises psycopg.OperationalError where the server doesn't answer."""
        _answer(conn, b"", _CHECK_SECONDS)


class Connections:
    """A pool of connections to one database."""

    def __init__(self, conninfo: str, settings: ConnectionSettings) -> None:
        self.conninfo = conninfo
        self.settings = settings
        self.counters = Counters()
        self.server_version = 0
        self._is_open = False
        self.database: str | None = None
        self._options = _options(conninfo, settings)
        self._own: Own[_Connection] = Own()
        self._checks: Every | None = None
        kind = _Pool if settings.use_pool else NullConnectionPool
        self._pool: ConnectionPool[_Connection] = kind(
            conninfo,
            connection_class=_Connection,
            kwargs=self._options,
            min_size=min(settings.min_size, settings.max_size) if settings.use_pool else 0,
            max_size=settings.max_size,
            timeout=settings.timeout,
            max_idle=settings.max_idle,
            configure=_prepare,
            name=settings.application_name,
            open=False,
        )

    def open(self) -> None:
        """Connects, so that what is wrong is said at once and not after the pool's timeout.

        Goes on trying for a while where there is no server yet. Nothing where that is done.
        """
        if self._is_open:
            return
        until = monotonic() + self.settings.open_timeout
        tries, was_gone = 1, False
        while (exc := self._greet()) is not None:
            pause = growing_pause(tries)
            gone = is_away(self.conninfo)
            # It may have come since it was greeted.
            if monotonic() + pause >= until or not (gone or was_gone):
                raise understood(exc, None, tries) from exc
            was_gone = gone
            log.info("there is no server yet: %s", exc)
            sleep(pause)
            tries += 1
        if self.server_version < _OLDEST_SERVER:
            raise ServerTooOld(
                f"the server is PostgreSQL {self.server_version // 10000}; pgdocket needs 15"
                " or newer",
                hint="name a newer server with --db or DATABASE_URL",
            )
        self._pool.open()
        self._is_open = True
        if self.settings.check_seconds and self.settings.use_pool:
            self._checks = Every(self.settings.check_seconds, self._pool.check)

    def _greet(self) -> psycopg.Error | None:
        """Connects once, to see what is there; what went wrong, if anything did."""
        try:
            with psycopg.Connection.connect(
                self.conninfo, **self._options
            ) as connection:
                self.server_version = connection.info.server_version
                self.database = connection.info.dbname
        except psycopg.Error as exc:
            return exc
        return None

    def close(self) -> None:
        """Closes every connection; calling it twice is harmless."""
        if self._checks is not None:
            self._checks.stop()
            self._checks = None
        self._pool.close()

    def pool_stats(self) -> dict[str, int]:
        """The pool's counters, as psycopg_pool names them."""
        return dict(self._pool.get_stats())

    @property
    def is_in_transaction(self) -> bool:
        """Whether the caller is inside transaction()."""
        return self._own.get() is not None

    def call(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        """Calls a function and returns its rows; errors are those of pgdocket.errors.

        Outside a transaction, what the server rolled back (40001, 40P01) is sent again, and,
        where the call may be repeated, also what was under way when the connection was lost.
        """
        own = self._own.get()
        query, values, is_repeatable = function.bind(arguments, is_alone=own is None)
        if own is not None:
            try:
                return self._send(own, function, query, values)
            except psycopg.Error as exc:
                raise understood(exc, self.database) from exc
        tries = 0
        while True:
            try:
                connection = self._alive()
                try:
                    return self._send(connection, function, query, values)
                finally:
                    self._pool.putconn(connection)
            except psycopg.Error as exc:
                tries += 1
                pause = pause_before(tries, exc, is_repeatable=is_repeatable)
                if pause is None:
                    raise understood(exc, self.database, tries) from exc
                self.counters.repeated()
                if is_lost(exc):
                    # Where one connection died, others did: the next try shall not meet them.
                    self._pool.check()
            sleep(pause)

    def ask(self, query: bytes, timeout: float) -> list[tuple[Any, ...]]:
        """The rows of a query of the client's own, which waits so many seconds for a connection,
        and as many for the answer.
        """
        try:
            with self._pool.connection(timeout) as connection:
                return (_answer(connection, query, timeout)).fetchall()
        except psycopg.Error as exc:
            raise understood(exc, self.database) from exc

    @contextmanager
    def transaction(
        self, isolation: IsolationLevel | None, marks: Mapping[str, str]
    ) -> Iterator[None]:
        """Makes the caller's statements one transaction until the block ends; it may nest."""
        own = self._own.get()
        try:
            if own is not None:
                if isolation is not None or marks:
                    raise InvalidArgument(
                        "isolation, actor, reason and request_id are the outermost transaction's"
                    )
                with own.transaction():
                    yield
                return
            connection = self._alive()
            try:
                connection.set_isolation_level(isolation)
                with connection.transaction():
                    _mark(connection, marks)
                    self._own.set(connection)
                    yield
            finally:
                self._own.set(None)
                if not connection.closed:
                    connection.set_isolation_level(None)
                self._pool.putconn(connection)
        except psycopg.Error as exc:
            raise understood(exc, self.database) from exc

    def _alive(self) -> _Connection:
        """A connection that has just been used, or answers.

        Not by the pool's own check, which waits 1, 2, 4... seconds between dead connections.
        """
        connection = self._pool.getconn()
        while monotonic() - connection.used_at >= self.settings.trust_seconds:
            try:
                _answer(connection, b"", _CHECK_SECONDS)
            except psycopg.Error:
                self._pool.putconn(connection)
                self._pool.check()
                connection = self._pool.getconn()
            except BaseException:
                self._pool.putconn(connection)
                raise
            else:
                break
        return connection

    def _send(
        self,
        connection: _Connection,
        function: Function[T],
        query: bytes,
        values: Sequence[Any],
    ) -> list[T]:
        started = monotonic()
        try:
            cursor = connection.cursor(row_factory=function.rows)
            cursor.execute(query, values, binary=True)
            rows: list[T] = cursor.fetchall()
        except BaseException:
            self.counters.failed()
            raise
        connection.used_at = ended = monotonic()
        taken = (ended - started) * 1000
        self.counters.took(taken)
        slow = self.settings.slow_ms
        if slow is not None and taken > slow:
            log.warning("slow statement: %.0f ms: %s", taken, query.decode())
        elif self.settings.log_statements:
            log.info("statement: %.1f ms: %s", taken, query.decode())
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s with %s: %d rows", query.decode(), values, len(rows))
        return rows


class Calls:
    """The base of the methods of a docket: each sends one call, and waits for its answer."""

    _connections: Connections

    def _many(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        return self._connections.call(function, arguments)

    def _one(self, function: Function[T], arguments: Sequence[Any]) -> T:
        rows = self._many(function, arguments)
        if not rows:
            raise NotFound(f"docket.{function.name}() returned nothing")
        return rows[0]

    def _one_or_none(self, function: Function[T], arguments: Sequence[Any]) -> T | None:
        rows = self._many(function, arguments)
        return rows[0] if rows else None


def _mark(connection: _Connection, marks: Mapping[str, str]) -> None:
    """Sets what the journal says beside the changes of a transaction, until it ends."""
    if marks:
        places = range(1, 2 * len(marks), 2)
        calls = ", ".join(f"pg_catalog.set_config(${n}, ${n + 1}, true)" for n in places)
        values = [each for name, value in marks.items() for each in (f"docket.{name}", value)]
        connection.execute(f"select {calls}".encode(), values)


def _answer(
    connection: _Connection, query: bytes, seconds: float
) -> psycopg.Cursor[Any]:
    with limited(connection, seconds):
        return connection.execute(query)


def _prepare(connection: _Connection) -> None:
    set_json_loads(json_value, connection)
    connection.adapters.register_loader("xid8", TransactionIds)
    connection.used_at = monotonic()


def _options(conninfo: str, settings: ConnectionSettings) -> dict[str, Any]:
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options: dict[str, Any] = {
        "autocommit": True,
        "cursor_factory": RawCursor,
        "application_name": settings.application_name,
        "connect_timeout": max(2, round(settings.connect_timeout)),
        **{name: value for name, value in _KEEPALIVES.items() if name not in given},
    }
    if settings.target_session_attrs is not None:
        options["target_session_attrs"] = settings.target_session_attrs
    if settings.pooled:
        options["prepare_threshold"] = None
    return options

"""The connections of a client: a bounded pool, transactions, and what is sent again.

`connections.py` is made of this file: the same, without coroutines.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncRawCursor, IsolationLevel
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, AsyncNullConnectionPool

from pgdocket.client.functions import Function, TransactionIds, json_value
from pgdocket.client.retries import growing_pause, is_lost, pause_before, understood
from pgdocket.client.statistics import Counters
from pgdocket.client.waiting import (
    AsyncEvery,
    AsyncOwn,
    async_is_away,
    async_limited,
    async_sleep,
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


class _AsyncConnection(psycopg.AsyncConnection[Any]):
    """A connection that knows when it was last used."""

    used_at = 0.0


class _AsyncPool(AsyncConnectionPool[_AsyncConnection]):
    """A pool whose checks end."""

    @staticmethod
    async def check_connection(conn: _AsyncConnection) -> None:
        """Raises psycopg.OperationalError where the server doesn't answer."""
        await _answer(conn, b"", _CHECK_SECONDS)


class AsyncConnections:
    """A pool of connections to one database."""

    def __init__(self, conninfo: str, settings: ConnectionSettings) -> None:
        self.conninfo = conninfo
        self.settings = settings
        self.counters = Counters()
        self.server_version = 0
        self._is_open = False
        self.database: str | None = None
        self._options = _options(conninfo, settings)
        self._own: AsyncOwn[_AsyncConnection] = AsyncOwn()
        self._checks: AsyncEvery | None = None
        kind = _AsyncPool if settings.use_pool else AsyncNullConnectionPool
        self._pool: AsyncConnectionPool[_AsyncConnection] = kind(
            conninfo,
            connection_class=_AsyncConnection,
            kwargs=self._options,
            min_size=min(settings.min_size, settings.max_size) if settings.use_pool else 0,
            max_size=settings.max_size,
            timeout=settings.timeout,
            max_idle=settings.max_idle,
            configure=_prepare,
            name=settings.application_name,
            open=False,
        )

    async def open(self) -> None:
        """Connects, so that what is wrong is said at once and not after the pool's timeout.

        Goes on trying for a while where there is no server yet. Nothing where that is done.
        """
        if self._is_open:
            return
        until = monotonic() + self.settings.open_timeout
        tries, was_gone = 1, False
        while (exc := await self._greet()) is not None:
            pause = growing_pause(tries)
            gone = await async_is_away(self.conninfo)
            # It may have come since it was greeted.
            if monotonic() + pause >= until or not (gone or was_gone):
                raise understood(exc, None, tries) from exc
            was_gone = gone
            log.info("there is no server yet: %s", exc)
            await async_sleep(pause)
            tries += 1
        if self.server_version < _OLDEST_SERVER:
            raise ServerTooOld(
                f"the server is PostgreSQL {self.server_version // 10000}; pgdocket needs 15"
                " or newer",
                hint="name a newer server with --db or DATABASE_URL",
            )
        await self._pool.open()
        self._is_open = True
        if self.settings.check_seconds and self.settings.use_pool:
            self._checks = AsyncEvery(self.settings.check_seconds, self._pool.check)

    async def _greet(self) -> psycopg.Error | None:
        """Connects once, to see what is there; what went wrong, if anything did."""
        try:
            async with await psycopg.AsyncConnection.connect(
                self.conninfo, **self._options
            ) as connection:
                self.server_version = connection.info.server_version
                self.database = connection.info.dbname
        except psycopg.Error as exc:
            return exc
        return None

    async def close(self) -> None:
        """Closes every connection; calling it twice is harmless."""
        if self._checks is not None:
            await self._checks.stop()
            self._checks = None
        await self._pool.close()

    def pool_stats(self) -> dict[str, int]:
        """The pool's counters, as psycopg_pool names them."""
        return dict(self._pool.get_stats())

    @property
    def is_in_transaction(self) -> bool:
        """Whether the caller is inside transaction()."""
        return self._own.get() is not None

    async def call(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        """Calls a function and returns its rows; errors are those of pgdocket.errors.

        Outside a transaction, what the server rolled back (40001, 40P01) is sent again, and,
        where the call may be repeated, also what was under way when the connection was lost.
        """
        own = self._own.get()
        query, values, is_repeatable = function.bind(arguments, is_alone=own is None)
        if own is not None:
            try:
                return await self._send(own, function, query, values)
            except psycopg.Error as exc:
                raise understood(exc, self.database) from exc
        tries = 0
        while True:
            try:
                connection = await self._alive()
                try:
                    return await self._send(connection, function, query, values)
                finally:
                    await self._pool.putconn(connection)
            except psycopg.Error as exc:
                tries += 1
                pause = pause_before(tries, exc, is_repeatable=is_repeatable)
                if pause is None:
                    raise understood(exc, self.database, tries) from exc
                self.counters.repeated()
                if is_lost(exc):
                    # Where one connection died, others did: the next try shall not meet them.
                    await self._pool.check()
            await async_sleep(pause)

    async def ask(self, query: bytes, timeout: float) -> list[tuple[Any, ...]]:
        """The rows of a query of the client's own, which waits so many seconds for a connection,
        and as many for the answer.
        """
        try:
            async with self._pool.connection(timeout) as connection:
                return await (await _answer(connection, query, timeout)).fetchall()
        except psycopg.Error as exc:
            raise understood(exc, self.database) from exc

    @asynccontextmanager
    async def transaction(
        self, isolation: IsolationLevel | None, marks: Mapping[str, str]
    ) -> AsyncIterator[None]:
        """Makes the caller's statements one transaction until the block ends; it may nest."""
        own = self._own.get()
        try:
            if own is not None:
                if isolation is not None or marks:
                    raise InvalidArgument(
                        "isolation, actor, reason and request_id are the outermost transaction's"
                    )
                async with own.transaction():
                    yield
                return
            connection = await self._alive()
            try:
                await connection.set_isolation_level(isolation)
                async with connection.transaction():
                    await _mark(connection, marks)
                    self._own.set(connection)
                    yield
            finally:
                self._own.set(None)
                if not connection.closed:
                    await connection.set_isolation_level(None)
                await self._pool.putconn(connection)
        except psycopg.Error as exc:
            raise understood(exc, self.database) from exc

    async def _alive(self) -> _AsyncConnection:
        """A connection that has just been used, or answers.

        Not by the pool's own check, which waits 1, 2, 4... seconds between dead connections.
        """
        connection = await self._pool.getconn()
        while monotonic() - connection.used_at >= self.settings.trust_seconds:
            try:
                await _answer(connection, b"", _CHECK_SECONDS)
            except psycopg.Error:
                await self._pool.putconn(connection)
                await self._pool.check()
                connection = await self._pool.getconn()
            except BaseException:
                await self._pool.putconn(connection)
                raise
            else:
                break
        return connection

    async def _send(
        self,
        connection: _AsyncConnection,
        function: Function[T],
        query: bytes,
        values: Sequence[Any],
    ) -> list[T]:
        started = monotonic()
        try:
            cursor = connection.cursor(row_factory=function.rows)
            await cursor.execute(query, values, binary=True)
            rows: list[T] = await cursor.fetchall()
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


class AsyncCalls:
    """The base of the methods of a docket: each sends one call, and waits for its answer."""

    _connections: AsyncConnections

    async def _many(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        return await self._connections.call(function, arguments)

    async def _one(self, function: Function[T], arguments: Sequence[Any]) -> T:
        rows = await self._many(function, arguments)
        if not rows:
            raise NotFound(f"docket.{function.name}() returned nothing")
        return rows[0]

    async def _one_or_none(self, function: Function[T], arguments: Sequence[Any]) -> T | None:
        rows = await self._many(function, arguments)
        return rows[0] if rows else None


async def _mark(connection: _AsyncConnection, marks: Mapping[str, str]) -> None:
    """Sets what the journal says beside the changes of a transaction, until it ends."""
    if marks:
        places = range(1, 2 * len(marks), 2)
        calls = ", ".join(f"pg_catalog.set_config(${n}, ${n + 1}, true)" for n in places)
        values = [each for name, value in marks.items() for each in (f"docket.{name}", value)]
        await connection.execute(f"select {calls}".encode(), values)


async def _answer(
    connection: _AsyncConnection, query: bytes, seconds: float
) -> psycopg.AsyncCursor[Any]:
    with async_limited(connection, seconds):
        return await connection.execute(query)


async def _prepare(connection: _AsyncConnection) -> None:
    set_json_loads(json_value, connection)
    connection.adapters.register_loader("xid8", TransactionIds)
    connection.used_at = monotonic()


def _options(conninfo: str, settings: ConnectionSettings) -> dict[str, Any]:
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options: dict[str, Any] = {
        "autocommit": True,
        "cursor_factory": AsyncRawCursor,
        "application_name": settings.application_name,
        "connect_timeout": max(2, round(settings.connect_timeout)),
        **{name: value for name, value in _KEEPALIVES.items() if name not in given},
    }
    if settings.target_session_attrs is not None:
        options["target_session_attrs"] = settings.target_session_attrs
    if settings.pooled:
        options["prepare_threshold"] = None
    return options

# GENERATED from async_docket.py by "pgdocket snapshot".
"""The client: every stored function is a method of `Docket`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from psycopg import IsolationLevel

from pgdocket.client.api import Api
from pgdocket.client.connections import Connections
from pgdocket.client.functions import Function, Id, Statement
from pgdocket.client.query import Query, Rows
from pgdocket.client.statistics import Health, Mode, Stats
from pgdocket.config import Config, resolve
from pgdocket.errors import ConnectionFailed, Error, InvalidArgument, SchemaMissing
from pgdocket.settings import ConnectionSettings

if TYPE_CHECKING:
    from pgdocket.client.rows import Task

log = logging.getLogger("pgdocket.client")

T = TypeVar("T")

_PAGE = 500
# How long the reads stay away from a standby that could not be reached, and how long they wait.
_STANDBY_REST, _STANDBY_TIMEOUT = 30.0, 5.0
_HEALTH_TIMEOUT = 5.0
# No such column, no such operator, ambiguous, not among the groups.
_UNKNOWN = frozenset({"42703", "42883", "42702", "42803", "42712", "42P01"})
_ANSWERS = b"select docket.clock()"
_LAST_CHANGE = b"""
select m.change
  from docket.schema_migrations as m
 order by m.migration_no desc
 limit 1
"""


class Docket(Api):
    """A docket in a PostgreSQL database, over a pool of connections.

    Methods are named as the functions, take keywords only, and return dataclasses; failures are
    exceptions of `pgdocket.errors`. What the server rolled back, and what was under way when a
    connection was lost, is sent again with growing pauses where that is safe; each write carries
    a request_id, so that it is done once. Threads may share it.

        with Docket("postgresql:///pgdocket") as docket:
            project = docket.create_project(slug="shop")
            task = docket.create_task(project_id=project.project_id, title="Build it")

    Without `conninfo` the database is found as the command line does. `read_dsn` names a standby:
    functions that only read are called there, outside a transaction, and may miss what was
    written a moment ago; while it can't be reached they are called where the others are.
    """

    def __init__(
        self,
        conninfo: str | Config | None = None,
        *,
        read_dsn: str | None = None,
        settings: ConnectionSettings | None = None,
    ) -> None:
        target = resolve() if conninfo is None else conninfo
        if isinstance(target, Config):
            target, settings = target.for_clients(settings)
        settings = settings or ConnectionSettings()
        self._connections = Connections(target, settings)
        self._standby: Connections | None = None
        self._standby_rests_until = 0.0
        if read_dsn is not None:
            timeout = min(settings.timeout, _STANDBY_TIMEOUT)
            mild = replace(settings, timeout=timeout, open_timeout=0.0, target_session_attrs=None)
            self._standby = Connections(read_dsn, mild)
        self.open()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connects; nothing where that is done. A server that is not there yet is waited for, as
        long as the setting open_timeout says. Raises ConnectionFailed when there is no server to
        connect to, ServerTooOld before PostgreSQL 15.
        """
        self._connections.open()

    def close(self) -> None:
        """Closes the connections, waiting for none; calling it twice is harmless."""
        if self._standby is not None:
            self._standby.close()
        self._connections.close()

    @contextmanager
    def transaction(
        self,
        *,
        actor: str | None = None,
        reason: str | None = None,
        request_id: Id | None = None,
        isolation: IsolationLevel | None = None,
    ) -> Iterator[None]:
        """Makes the caller's calls inside the block one transaction.

        `reason` and `request_id` are written into the journal beside each change; `actor` is whom
        a role that belongs to docket_gateway speaks for. An exception undoes everything; nothing
        inside is sent again, because the block can't be. Blocks may nest (a savepoint); what is
        named here belongs to the outermost. Raises InvalidArgument when an inner one names it.
        """
        named = {"actor": actor, "reason": reason, "request_id": request_id}
        marks = {name: str(value) for name, value in named.items() if value is not None}
        with self._connections.transaction(isolation, marks):
            yield

    def health(self) -> Health:
        """Asks the database for the time; waits 5 seconds for a connection, and 5 for the answer.

        Raises nothing: the error is in the answer.
        """
        connections = self._connections
        started = monotonic()
        change: str | None = None
        error: str | None = None
        try:
            connections.ask(_ANSWERS, _HEALTH_TIMEOUT)
        except Error as failure:
            error = failure.message
        ended = monotonic()
        if error is None:
            with suppress(Error, IndexError):  # who may not look, or no plan was deployed
                change = (connections.ask(_LAST_CHANGE, _HEALTH_TIMEOUT))[0][0]
        return Health(
            status="down" if error else "up",
            mode=self._mode(),
            response_ms=None if error else (ended - started) * 1000,
            pool=connections.pool_stats(),
            server_version=connections.server_version,
            schema_version=change,
            error=error,
        )

    def stats(self) -> Stats:
        """What was sent since the beginning, and the counters of the connection pool."""
        return self._connections.counters.stats(self._connections.pool_stats())

    def listen_conninfo(self) -> str | None:
        """Where to listen for notifications; None where there is only PgBouncer's way."""
        settings = self._connections.settings
        direct = None if settings.pooled else self._connections.conninfo
        return settings.listen_dsn or direct

    def query(self, table: str) -> Query[Rows]:
        """A question over a table or view of schema docket, to be narrowed and then asked:

        docket.query("tasks").where("priority", ">=", 5).order_by("due_at").limit(10).rows()
        """
        return Query(self._answer, table)

    def each_task(self, **filters: Any) -> Iterator[Task]:
        """All the tasks that list_tasks finds, page after page; it takes the same filters."""
        filters["page_size"] = _PAGE
        while page := self.list_tasks(**filters):
            for task in page:
                yield task
            if len(page) < _PAGE:
                return
            filters["after"] = page[-1].task_id

    def _answer(self, query: bytes, values: Sequence[Any]) -> Rows:
        try:
            return self._many(Statement(query), values)
        except Error as error:
            if isinstance(error, SchemaMissing) or error.sqlstate in _UNKNOWN:
                said = error.detail if isinstance(error, SchemaMissing) else None
                raise InvalidArgument(said or error.message, hint=error.hint) from error
            raise

    def _mode(self) -> Mode:
        settings = self._connections.settings
        if settings.pooled:
            return "pgbouncer"
        return "pool" if settings.use_pool else "single"

    def _many(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        standby = self._standby
        if standby is not None and function.is_read and self._may_read_there():
            try:
                standby.open()
                return standby.call(function, arguments)
            except ConnectionFailed as error:
                log.warning("the standby can't be read: %s", error)
                self._standby_rests_until = monotonic() + _STANDBY_REST
        return self._connections.call(function, arguments)

    def _may_read_there(self) -> bool:
        return monotonic() >= self._standby_rests_until and not self._connections.is_in_transaction

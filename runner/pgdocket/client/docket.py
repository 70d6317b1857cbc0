"""The client: every stored function is a method of `Docket`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self

from psycopg import IsolationLevel

from pgdocket import config
from pgdocket.client.api import Api
from pgdocket.client.connections import Connections, ConnectionSettings
from pgdocket.client.rows import Task
from pgdocket.errors import Error

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a docket answers: how fast (in milliseconds), or why not."""

    is_up: bool
    latency_ms: float | None
    server_version: int
    error: str | None


class Docket(Api):
    """A docket in a PostgreSQL database, over a pool of connections; threads may share it.

    Methods are named as the functions, take keywords only, and return dataclasses; failures are
    exceptions of `pgdocket.errors`. What the server rolled back, and what was under way when a
    connection was lost, is sent again with growing pauses where that is safe; each write carries
    a request_id, so that it is done once.

        with Docket("postgresql:///pgdocket") as docket:
            project = docket.create_project(slug="shop")
            task = docket.create_task(project_id=project.project_id, title="Build the cart")

    Without `conninfo` the database is found as the command line does. Raises ConnectionFailed
    when there is no server to connect to, ServerTooOld before PostgreSQL 15.
    """

    def __init__(
        self, conninfo: str | None = None, *, settings: ConnectionSettings | None = None
    ) -> None:
        if conninfo is None:
            found = config.resolve()
            conninfo = found.conninfo
            settings = settings or _settings(found)
        super().__init__(Connections(conninfo, settings or ConnectionSettings()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections; calling it twice is harmless."""
        self._connections.close()

    @contextmanager
    def transaction(
        self, *, reason: str | None = None, isolation: IsolationLevel | None = None
    ) -> Iterator[None]:
        """Makes the calls of this thread inside the block one transaction.

        `reason` is written into the journal beside each change. An exception undoes everything;
        nothing inside is sent again, because the block can't be. Blocks may nest (a savepoint).
        """
        with self._connections.transaction(isolation):
            if reason is not None:
                self._connections.explain(reason)
            yield

    def health(self) -> Health:
        """Asks the database for the time. Raises nothing: the error is in the answer."""
        started = monotonic()
        version = self._connections.server_version
        try:
            self.clock()
        except Error as error:
            return Health(False, None, version, error.message)
        return Health(True, (monotonic() - started) * 1000, version, None)

    def listen_conninfo(self) -> str | None:
        """Where to listen for notifications; None through PgBouncer, which passes none on."""
        return None if self._connections.settings.pooled else self._connections.conninfo

    def each_task(self, **filters: Any) -> Iterator[Task]:
        """All the tasks that list_tasks finds, page after page; it takes the same filters."""
        filters["page_size"] = _PAGE
        while page := self.list_tasks(**filters):
            yield from page
            if len(page) < _PAGE:
                return
            filters["after"] = page[-1].task_id

    def stats(self) -> dict[str, int]:
        """The counters of the connection pool."""
        return self._connections.stats()


def _settings(found: config.Config) -> ConnectionSettings:
    return ConnectionSettings(
        min_size=found.pool.min_size,
        max_size=found.pool.max_size,
        max_idle=found.pool.idle_timeout,
        connect_timeout=found.pool.connect_timeout,
    )

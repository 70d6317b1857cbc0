"""A database in which many tests work, one after another, each in projects of its own.

Its sessions are kept: one that has compiled and planned answers in a tenth of the time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq, sql

from support import databases
from support.databases import Database
from support.servers import TestServer
from support.sessions import Connect, Connection

# All that a test may leave in a session, but for what is compiled and planned.
_CLEAR = (
    "reset session authorization", "reset all", "unlisten *", "select pg_advisory_unlock_all()",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arena:
    """A database, and the sessions that nobody uses now."""

    database: Database
    _idle: list[Connection] = field(default_factory=list)

    @contextlib.contextmanager
    def lend(self) -> Iterator[Connect]:
        """Opens sessions as the fixture `connect` does; they are taken back after the block."""
        lent: list[Connection] = []
        with contextlib.ExitStack() as stack:

            def connect(
                database: Database, *, role: str | None = None, autocommit: bool = True,
                **options: Any,
            ) -> Connection:  # fmt: skip
                if database == self.database and not options:
                    session = self._idle.pop() if self._idle else self._open()
                    lent.append(session)
                else:
                    session = psycopg.connect(database.conninfo, autocommit=True, **options)
                    stack.callback(session.close)
                if role is not None:
                    session.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
                session.autocommit = autocommit
                return session

            yield connect
            for session in lent:
                self._take_back(session)

    def close(self) -> None:
        """Ends the sessions and drops the database."""
        for session in self._idle:
            session.close()
        self.database.drop()

    def _open(self) -> Connection:
        return psycopg.connect(self.database.conninfo, autocommit=True)

    def _take_back(self, session: Connection) -> None:
        try:
            if session.info.transaction_status == pq.TransactionStatus.ACTIVE:
                raise psycopg.OperationalError  # a thread still waits in it
            session.rollback()
            session.autocommit = True
            for statement in _CLEAR:
                session.execute(statement)
        except psycopg.Error:
            session.close()
        else:
            self._idle.append(session)


@contextlib.contextmanager
def open_arena(server: TestServer, folder: Path) -> Iterator[Arena]:
    """An arena on a server, until the block ends; `folder` is that of the run."""
    arena = Arena(databases.create(server, databases.template(server, folder)))
    try:
        yield arena
    finally:
        arena.close()

"""The servers of the matrix: one per PostgreSQL version for a whole run, under all workers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from pgdocket.errors import Error
from pgdocket.server import Binaries, LocalServer, find_binaries
from pgdocket.testing.runs import once

Which = Literal["system", "embedded"]

VERSIONS: Mapping[str, tuple[Which, int]] = {"pg15": ("system", 15), "pg18": ("embedded", 18)}

SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "autovacuum": "off",  # a worker of it in the template would hold up the clones
    "dynamic_shared_memory_type": "mmap",  # in the data folder, where nothing can leak
    "jit": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class TestServer:
    """One running server of the matrix."""

    __test__ = False

    name: str
    version: int
    home: Path
    binaries: Path
    local: LocalServer = field(repr=False)

    def conninfo(self, dbname: str = "postgres") -> str:
        """A libpq connection string of the superuser for one database."""
        return self.local.conninfo(dbname)

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        """Runs one statement in the maintenance database, outside a transaction."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(statement)


def binaries_of(name: str) -> Binaries:
    """The binaries of one version of the matrix.

    Raises LookupError, with the reason, when this machine has none.
    """
    which, major = VERSIONS[name]
    try:
        return find_binaries(which, major=major)
    except Error as error:
        raise LookupError(f"no {which} PostgreSQL {major}: {error.message}") from error


def open_server(folder: Path, name: str) -> TestServer:
    """The server of one version in a run's folder, started by whoever asks first.

    Raises LookupError, with the reason, when this machine has no binaries of that version.
    """
    binaries = binaries_of(name)
    local = LocalServer(folder / name, binaries, SETTINGS)
    with once(folder, name) as mark:
        if mark is not None:
            local.start()
    return TestServer(name, binaries.major, folder / name, binaries.directory, local)


def open_private_server(
    folder: Path, name: str, settings: Mapping[str, str] | None = None
) -> TestServer:
    """A server that is nobody else's, for tests that change what the whole server shares.

    `settings` come before those that all test servers have. Its caller stops it. Raises
    LookupError as open_server does.
    """
    binaries = binaries_of(name)
    home = folder / f"{name}-{uuid.uuid4().hex[:8]}"
    local = LocalServer(home, binaries, {**SETTINGS, **(settings or {})})
    local.start()
    return TestServer(name, binaries.major, home, binaries.directory, local)


def process_environment(conninfo: str, binaries: Path) -> dict[str, str]:
    """The environment in which libpq programs of a server reach one of its databases."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return inherited | {
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        **{names[key]: str(value) for key, value in parts.items() if key in names},
    }

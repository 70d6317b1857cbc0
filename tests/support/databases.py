"""Databases for tests: a template with everything in it, and its clones."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from pgdocket.sqitch.deploy import deploy as deploy_plan
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.sqitch.revert import revert as revert_plan
from pgdocket.testing.runs import once
from support import pgtap
from support.servers import TestServer, process_environment

ROOT = Path(__file__).parents[2]
TEMPLATE = "docket_template"
NO_PGTAP = "no-pgtap"
PERSON = Person("The tests of pgdocket", "tests@pgdocket.invalid")


@dataclass(frozen=True, slots=True)
class Database:
    """One database on one server of the matrix."""

    server: TestServer
    name: str

    @property
    def conninfo(self) -> str:
        """A libpq connection string of the superuser."""
        return self.server.conninfo(self.name)

    @property
    def environment(self) -> dict[str, str]:
        """The environment for programs that connect by PG* (psql, pgdocket, sqitch)."""
        return process_environment(self.conninfo, self.server.binaries)

    def drop(self) -> None:
        """Drops the database, whoever is still connected."""
        self.server.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(self.name))
        )


def create(server: TestServer, template: str = "template0") -> Database:
    """A new database under a name of its own, cloned from `template`."""
    database = Database(server, f"t_{uuid.uuid4().hex[:16]}")
    statement = sql.SQL("create database {} template {} strategy {}").format(
        sql.Identifier(database.name), sql.Identifier(template), sql.SQL("file_copy")
    )
    server.execute(statement)
    return database


def deploy(database: Database, to: str | None = None) -> None:
    """Deploys the plan with its verify scripts, as `pgdocket deploy` does; up to `to`, or all."""
    deploy_plan(load_plan(ROOT / "sqitch.plan"), database.conninfo, to=to, person=PERSON)


def revert(database: Database, to: str | None = None) -> None:
    """Reverts what was deployed after the change `to`, or all."""
    revert_plan(load_plan(ROOT / "sqitch.plan"), database.conninfo, to=to, person=PERSON)


def template(server: TestServer, folder: Path) -> str:
    """The database that every docket is cloned from, built once in a run.

    It has the whole schema, and pgTAP with the fixtures of pgtap/support where pgTAP can be had.
    Raises TemplateError for each caller when it could not be built.
    """
    failure = folder / f"{server.name}-{TEMPLATE}.failure"
    with once(folder, f"{server.name}-{TEMPLATE}") as mark:
        if mark is not None:
            try:
                build_template(server, folder)
            except Exception as error:  # noqa: BLE001 - told to every test that needs it
                failure.write_text(f"{error}: {error.__cause__}")
    if failure.exists():
        raise TemplateError(failure.read_text())
    return TEMPLATE


class TemplateError(Exception):
    """The schema can't be deployed, or the fixtures not be loaded: nothing can be tested."""


def build_template(server: TestServer, folder: Path) -> None:
    """Builds the template under its name; what a failed attempt left is replaced."""
    database = Database(server, TEMPLATE)
    database.drop()
    server.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    deploy(database)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        try:
            pgtap.load(connection)
        except LookupError as error:
            (folder / f"{server.name}-{NO_PGTAP}").write_text(str(error))
        for path in support_scripts():
            connection.execute(path.read_bytes())
        connection.execute("vacuum analyze")
    server.execute(
        sql.SQL("alter database {} with is_template true allow_connections false").format(
            sql.Identifier(TEMPLATE)
        )
    )


def support_scripts() -> Iterator[Path]:
    """The fixtures for pgTAP files, in the order in which they are loaded."""
    return iter(sorted((ROOT / "pgtap" / "support").glob("*.sql")))


def why_no_pgtap(server: TestServer, folder: Path) -> str | None:
    """The reason why the template has no pgTAP, or None when it has."""
    path = folder / f"{server.name}-{NO_PGTAP}"
    return path.read_text() if path.exists() else None


def require_all() -> bool:
    """Whether a skip counts as a failure (PGDOCKET_REQUIRE_ALL=1)."""
    return os.environ.get("PGDOCKET_REQUIRE_ALL", "") not in {"", "0"}

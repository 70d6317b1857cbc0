"""A docket for each test: one database is deployed, and cloned for each that asks."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgdocket.errors import Forbidden
from pgdocket.files import project_files
from pgdocket.server import LocalServer, find_binaries
from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.testing.runs import once

# Durability is of no use to a database that lives for a test.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # a worker of it in the template would hold up the clones
    "dynamic_shared_memory_type": "mmap",
}
_PERSON = Person("pgdocket.testing", "testing@pgdocket.invalid")
_ROLE = "docket_app"


@dataclass(frozen=True, slots=True)
class TestServer:
    """A server on which databases may be made, and the one that they are cloned from."""

    __test__ = False

    conninfo: str
    template: str

    @contextmanager
    def clone(self) -> Iterator[str]:
        """A deployed database, until the block ends: its connection string."""
        name = f"t_{uuid.uuid4().hex[:16]}"
        _execute(
            self.conninfo,
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(self.template)
            ),
        )
        try:
            yield make_conninfo(self.conninfo, dbname=name)
        finally:
            _execute(
                self.conninfo,
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name)),
            )


def own_server(folder: Path) -> TestServer:
    """A server of the run whose folder this is, made by the first process that asks."""
    local = LocalServer(folder / "testing", find_binaries(), _SETTINGS)
    with once(folder, "testing") as mark:
        if mark is not None:
            local.start()
            _build(local.conninfo("postgres"), _template_name())
    return TestServer(local.conninfo("postgres"), _template_name())


def given_server(dsn: str) -> TestServer:
    """A server that somebody runs; the template stays there, for the next run."""
    name = _template_name()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (name,))
        known = connection.execute("select 1 from pg_database where datname = %s", (name,))
        if known.fetchone() is None:
            _build(dsn, name)
    return TestServer(dsn, name)


def as_application(conninfo: str) -> str:
    """The same database as an application sees it: row-level security counts."""
    options = str(conninfo_to_dict(conninfo).get("options") or "")
    return make_conninfo(conninfo, options=f"{options} -c role={_ROLE}".strip())


def freeze(conninfo: str, at: str | None) -> None:
    """Holds a database's clock at a time, or lets it go (None); its sessions are ended.

    Raises Forbidden where the role of the connection is no superuser, who alone may do that.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if connection.info.parameter_status("is_superuser") != "on":
            raise Forbidden(
                "the clock of a docket is held by superusers alone",
                hint="let the tests connect as one, or use the embedded server",
            )
        name = sql.Identifier(connection.info.dbname)
        value = (
            sql.SQL("reset docket.fake_now")
            if at is None
            else sql.SQL("set docket.fake_now = {}").format(sql.Literal(at))
        )
        connection.execute(sql.SQL("alter database {} {}").format(name, value))
        connection.execute(
            "select pg_terminate_backend(a.pid, 5000) from pg_stat_activity as a"
            " where a.datname = current_database() and a.pid <> pg_backend_pid()"
        )


def _template_name() -> str:
    """Names the schema that is deployed, so that another one has another template."""
    root = project_files()
    digest = hashlib.sha256()
    for path in [root / "sqitch.plan", *sorted((root / "deploy").rglob("*.sql"))]:
        digest.update(path.read_bytes())
    return f"pgdocket_template_{digest.hexdigest()[:12]}"


def _build(conninfo: str, name: str) -> None:
    """Deploys the plan into a new database, which gets its name when all is done."""
    building = f"{name}_{uuid.uuid4().hex[:8]}"
    run = partial(_execute, conninfo)
    run(sql.SQL("create database {}").format(sql.Identifier(building)))
    target = make_conninfo(conninfo, dbname=building)
    deploy(load_plan(project_files() / "sqitch.plan"), target, person=_PERSON)
    _execute(target, sql.SQL("vacuum analyze"))
    run(
        sql.SQL("alter database {} rename to {}").format(
            sql.Identifier(building), sql.Identifier(name)
        )
    )


def _execute(conninfo: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement)

"""The generated SQL: current, and sql/install.sql makes the same database as a deploy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pgdocket import snapshot
from pgdocket.errors import Error
from support import databases
from support.databases import ROOT, Database
from support.servers import TestServer, binaries_of
from support.sessions import Connect, Connection


@pytest.fixture
def install(tmp_path: Path) -> Path:
    path = tmp_path / "install.sql"
    path.write_text(snapshot.install_script(ROOT))
    return path


@pytest.fixture
def deployed(server: TestServer, new_database: Callable[[TestServer], Database]) -> Database:
    database = new_database(server)
    databases.deploy(database)
    return database


def schema_of(database: Database) -> str:
    # Its own pg_dump: another version's writes down what the server keeps for itself.
    return snapshot.schema_of(database.conninfo, binaries_of(database.server.name))


def rows_of(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """The rows that a deploy puts into the tables, but for ids and times."""
    columns = connection.execute(
        """
        select format('%I.%I', n.nspname, c.relname), array_agg(a.attname order by a.attnum)
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
          join pg_catalog.pg_attribute as a on a.attrelid = c.oid
         where n.nspname in ('docket', 'docket_private')
           and c.relkind in ('r', 'p')
           and not c.relispartition
           and c.relname <> 'audit_log'
           and a.attnum > 0
           and not a.attisdropped
           and a.atttypid <> all (array['uuid', 'timestamptz']::regtype[])
         group by 1
        """
    ).fetchall()
    return {
        table: connection.execute(
            sql.SQL("select {} from {} order by 1, 2").format(
                sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in names),
                sql.SQL(table),
            )
        ).fetchall()
        for table, names in columns
        if len(names) > 1
    }


def test_the_generated_files_are_current() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "pgdocket", "snapshot", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr


def test_install_with_psql_makes_what_a_deploy_makes(
    deployed: Database,
    install: Path,
    new_database: Callable[[TestServer], Database],
    connect: Connect,
) -> None:
    installed = new_database(deployed.server)
    psql = deployed.server.binaries / "psql"
    subprocess.run(
        [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", install],
        env=installed.environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert schema_of(installed) == schema_of(deployed)
    rows = rows_of(connect(deployed))
    assert rows["docket.error_codes"]
    assert rows_of(connect(installed)) == rows


def test_install_by_a_driver_makes_what_a_deploy_makes(
    deployed: Database,
    install: Path,
    new_database: Callable[[TestServer], Database],
    connect: Connect,
) -> None:
    installed = new_database(deployed.server)
    connect(installed).execute(install.read_bytes())
    assert schema_of(installed) == schema_of(deployed)


def test_install_over_a_docket_changes_nothing(
    deployed: Database, install: Path, connect: Connect
) -> None:
    before = schema_of(deployed)
    connection = connect(deployed)
    with pytest.raises(psycopg.errors.DuplicateSchema):
        connection.execute(install.read_bytes())
    connection.rollback()
    assert schema_of(deployed) == before


def test_install_leaves_the_session_as_it_was(
    server18: TestServer,
    install: Path,
    new_database: Callable[[TestServer], Database],
    connect: Connect,
) -> None:
    connection = connect(new_database(server18))
    connection.execute(install.read_bytes())
    assert connection.execute("select current_user, session_user").fetchone() == (
        "postgres",
        "postgres",
    )
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_difference_is_named(tmp_path: Path) -> None:
    name = Path("sql/schema.sql")
    (tmp_path / "sql").mkdir()
    (tmp_path / name).write_text("create table a;\n")
    found = snapshot.differences(tmp_path, {name: "create table b;\n"})
    assert "-create table a;" in found
    assert "+create table b;" in found
    assert snapshot.differences(tmp_path, {name: "create table a;\n"}) == []


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("-- Deploy\ncreate table t (a int);\n", "not one block"),
        ("-- Deploy\nbegin;\nselect 1;\ncommit;\nvacuum;\n", "not one block"),
        ("-- Deploy\nbegin;\ncommit;\nbegin;\ncommit;\n", "not one block"),
        ("-- Deploy\nbegin;\n\\i other.sql\ncommit;\n", "psql commands"),
    ],
)
def test_a_script_that_cannot_be_part_of_one_transaction_is_refused(
    script: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "one.sql").write_text(script)
    (tmp_path / "sqitch.plan").write_text(
        "%syntax-version=1.0.0\n%project=p\n\none 2026-01-01T00:00:00Z A <a@b.invalid> # One\n"
    )
    with pytest.raises(Error, match=complaint):
        snapshot.install_script(tmp_path)


def test_the_dump_is_the_same_whatever_month_it_is(deployed: Database, connect: Connect) -> None:
    before = schema_of(deployed)
    connection = connect(deployed)
    connection.execute("set docket.fake_now = '2031-05-05'")
    made = connection.execute("select docket_private.ensure_partitions()").fetchone()
    assert made is not None
    assert made[0] > 0
    assert schema_of(deployed) == before

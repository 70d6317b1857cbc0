"""`pgdocket sqitch snapshot`: one text for a schema, and the difference where there is one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgdocket.sqitch import snapshot
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.snapshot import DumpProgram, find_pg_dump
from support.changes import Project
from support.databases import Database
from support.servers import TestServer


@pytest.fixture
def database(server15: TestServer, new_database: Callable[[TestServer], Database]) -> Database:
    return new_database(server15)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop", "shop").change("a").change("b", "a").save()


def execute(database: Database, statement: str) -> None:
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(statement)


def test_a_deployed_schema_is_written_without_the_registry(
    project: Project, server: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    database = new_database(server)
    assert project.ours(database, "deploy").code == 0
    told = project.ours(database, "snapshot", "schema.sql")
    assert (told.code, told.stdout, told.stderr) == (0, "written: schema.sql\n", "")
    text = (project.folder / "schema.sql").read_text()
    assert "CREATE TABLE public.a (" in text
    assert "sqitch." not in text
    assert "OWNER TO" not in text
    assert "Dumped by" not in text
    assert project.ours(database, "snapshot").stdout == text
    again = project.ours(database, "snapshot", "schema.sql")
    assert again.stdout == "schema.sql: nothing has changed\n"


def test_check_says_current_or_shows_the_difference(project: Project, database: Database) -> None:
    execute(database, "create table public.a (id int)")
    project.ours(database, "snapshot", "schema.sql")
    assert project.ours(database, "snapshot", "--check", "schema.sql").code == 0
    execute(database, "alter table public.a add column name text")
    before = (project.folder / "schema.sql").read_text()
    told = project.ours(database, "snapshot", "--check", "schema.sql")
    assert told.code == 1
    assert "+    name text" in told.stdout.splitlines()
    assert (project.folder / "schema.sql").read_text() == before
    found = json.loads(project.ours(database, "snapshot", "--check", "schema.sql", "--json").stdout)
    assert found["files"] == ["schema.sql"]
    assert not found["is_current"]
    assert "+    name text" in found["diff"]


def test_two_databases_with_the_same_schema_give_the_same_text(
    project: Project, database: Database, new_database: Callable[[TestServer], Database]
) -> None:
    other = new_database(database.server)
    execute(database, "create table public.x (i int); drop table public.x")
    for each in (database, other):
        assert project.ours(each, "deploy").code == 0
    assert project.ours(database, "snapshot").stdout == project.ours(other, "snapshot").stdout != ""


def test_another_owner_is_named_and_the_own_one_is_not(
    project: Project, database: Database
) -> None:
    execute(database, "create table public.mine (); create table public.other ();"
                      " alter table public.other owner to pg_monitor")  # fmt: skip
    text = project.ours(database, "snapshot").stdout
    assert "ALTER TABLE public.other OWNER TO pg_monitor;" in text
    assert "public.mine OWNER" not in text


def test_a_registry_among_other_tables_does_not_hide_them(
    project: Project, database: Database
) -> None:
    assert project.ours(database, "deploy", "--registry", "public").code == 0
    text = project.ours(database, "snapshot", "--registry", "public").stdout
    assert "CREATE TABLE public.a (" in text
    assert "public.changes" not in text


def test_tables_are_left_out_by_option_and_by_setting(project: Project, database: Database) -> None:
    execute(database, "create table public.kept (); create table public.log_1 ()")
    text = project.ours(database, "snapshot", "--exclude-table", "public.log_*").stdout
    assert "public.kept" in text
    assert "log_1" not in text
    with (project.folder / "sqitch.conf").open("a") as file:
        file.write("[snapshot]\n\tfile = all.sql\n\texclude_table = public.log_*\n")
    assert project.ours(database, "snapshot").stdout == "written: all.sql\n"
    assert (project.folder / "all.sql").read_text() == text


def test_arguments_that_mean_nothing_are_refused(project: Project, database: Database) -> None:
    told = project.ours(database, "snapshot", "prodction")
    assert told.code == 2
    assert 'Cannot find target "prodction"' in told.stderr
    assert not (project.folder / "prodction").exists()
    assert project.ours(database, "snapshot", "a.sql", "b.sql").code == 2
    assert "none is named" in project.ours(database, "snapshot", "--check").stderr


def programs(monkeypatch: pytest.MonkeyPatch, *majors: int) -> None:
    found = {Path(f"/{at}"): DumpProgram(Path(f"/{at}"), each) for at, each in enumerate(majors)}
    monkeypatch.setattr(snapshot, "_candidates", lambda _client: iter(found))
    monkeypatch.setattr(snapshot, "_examine", found.get)


def test_the_servers_own_pg_dump_is_preferred_then_the_next_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs(monkeypatch, 18, 15, 16, 15)
    assert find_pg_dump(15) == DumpProgram(Path("/1"), 15)
    assert find_pg_dump(17).major == 18
    with pytest.raises(SqitchError, match="PostgreSQL 19 or newer; the newest one here is 18"):
        find_pg_dump(19)
    programs(monkeypatch)
    with pytest.raises(SqitchError, match=r"no pg_dump of PostgreSQL 15 or newer$"):
        find_pg_dump(15)


def test_the_pg_dump_beside_the_configured_psql_comes_first(server15: TestServer) -> None:
    psql = server15.binaries / "psql"
    beside = find_pg_dump(server15.version, str(psql))
    assert beside.path == psql.with_name("pg_dump")


def test_a_password_is_not_in_the_list_of_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[tuple[list[str], dict[str, str]]] = []

    def run(line: list[str], **options: dict[str, str]) -> subprocess.CompletedProcess[str]:
        seen.append((line, options["env"]))
        return subprocess.CompletedProcess(line, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    snapshot.dump(tmp_path / "pg_dump", "host=h password=secret", [])
    [(line, environment)] = seen
    assert "secret" not in " ".join(line)
    assert environment["PGPASSWORD"] == "secret"

"""What a failed concurrent operation leaves behind is told, with the statement against it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support.changes import Project, deployed, execute, query
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]
INDEX = 'create unique index concurrently if not exists "The index" on public.two (n);\n'
STORY = (
    'an invalid index is left: public."The index"; '
    'clear it away with: drop index concurrently public."The index";'
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A table with two equal rows, and a unique index for it."""
    project = Project(tmp_path / "shop", "shop")
    project.change("two").change("three")
    project.write("two", "deploy", "begin;create table public.two (n int);"
                                   "insert into public.two values (1), (1);commit;")  # fmt: skip
    project.write("three", "deploy", INDEX)
    return project.save()


@pytest.fixture
def database(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


def test_an_invalid_index_is_named_with_the_error(database: Database, project: Project) -> None:
    execute(database, "create table public.alien (n int); insert into public.alien values (1), (1)")
    with pytest.raises(psycopg.Error):
        execute(database, "create unique index concurrently alien_index on public.alien (n)")
    told = project.ours(database, "deploy", "--mode", "change", "--json")
    assert told.code == 2
    error = json.loads(told.stdout)["changes"][-1]["error"]
    assert (error["sqlstate"], error["hint"]) == ("23505", STORY)

    # Run again, the script passes the index over: only a warning shows that it is of no use.
    again = project.ours(database, "deploy")
    assert again.code == 0
    assert f"deploy/three.sql: {STORY}\n" in again.stderr
    assert deployed(database) == ["two", "three"]
    assert project.ours(database, "revert", "-y", "--log-only", "--to", "two").code == 0
    (statement,) = STORY.split(": ")[-1:]
    execute(database, statement)
    execute(database, "truncate public.two")
    assert project.ours(database, "deploy").stderr == ""
    assert query(database, "select indisvalid from pg_index where indexrelid ="
                           " 'public.\"The index\"'::regclass") == [(True,)]  # fmt: skip


def test_psql_and_plain_output_tell_it_too(database: Database, project: Project) -> None:
    project.write("three", "deploy", "\\timing off\n" + INDEX)
    told = project.ours(database, "deploy", "--mode", "change")
    assert told.code == 2
    assert f"HINT:  {STORY}\n" in told.stderr


def test_a_partition_left_half_detached_is_named(database: Database, project: Project) -> None:
    project.write("two", "deploy", "begin; create table public.two (n int) partition by list (n);"
        "create table public.two_1 partition of public.two for values in (1); commit;",
    )  # fmt: skip
    project.write("two", "verify", "select 1;")
    project.write(
        "three", "deploy", "alter table public.two detach partition public.two_1 concurrently;\n"
    )
    assert project.ours(database, "deploy", "--to", "two").code == 0
    holder = psycopg.connect(database.conninfo)
    holder.execute("select from public.two")
    line = ["deploy", "--mode", "change", "--lock-timeout-sql", "100"]
    told = project.ours(database, *line)
    holder.close()
    assert told.code == 2
    statement = "alter table public.two detach partition public.two_1 finalize;"
    assert "a partition is left half detached: public.two_1" in told.stderr
    assert statement in told.stderr
    execute(database, statement)

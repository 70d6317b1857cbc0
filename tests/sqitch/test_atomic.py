"""Script, verification and registry are one transaction."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support.changes import (
    Project,
    deployed,
    execute,
    happened,
    is_running,
    query,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Four changes, the second tagged."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").tag("v1").change("three", "two").change("four")
    return project.save()


@pytest.fixture
def database(server: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server)


@pytest.fixture
def database15(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


@pytest.mark.parametrize("option", ["--atomic", "--no-atomic"])
def test_an_open_transaction_at_the_end_is_an_error(
    database15: Database, project: Project, option: str
) -> None:
    project.write("three", "deploy", "begin;\ncreate table public.three (id int);\n")
    outcome = project.ours(database15, "deploy", "--mode", "change", option)
    assert outcome.code == 2
    assert "deploy/three.sql: error: the script leaves a transaction open" in outcome.stderr
    assert deployed(database15) == ["one", "two"]
    assert tables(database15) == {"one", "two"}


def test_a_deferred_constraint_fails_where_its_script_ends(
    database: Database, project: Project
) -> None:
    project.write(
        "three",
        "deploy",
        "begin; create table public.three (id int unique deferrable initially deferred);"
        " insert into public.three values (1), (1); commit;",
    )
    project.write("three", "verify", "begin; select 'verify has run' from nowhere; rollback;")
    outcome = project.ours(database, "deploy", "--verify", "--mode", "change")
    assert "three_id_key" in outcome.stderr
    assert "nowhere" not in outcome.stderr
    assert tables(database) == {"one", "two"}


def test_constraints_wait_again_while_a_script_is_verified(
    database: Database, project: Project
) -> None:
    project.write(
        "three",
        "deploy",
        "begin; create table public.three (id int unique deferrable initially deferred); commit;",
    )
    project.write("three", "verify", "begin; insert into public.three values (1), (1);"
                                     " delete from public.three; rollback;")  # fmt: skip
    assert project.ours(database, "deploy", "--verify").code == 0


def test_settings_and_role_of_a_script_end_with_it(database: Database, project: Project) -> None:
    role = f"r_{database.name}"
    execute(
        database,
        f"create role {role}; grant create on schema public to {role};grant {role} to current_user",
    )
    try:
        project.write(
            "three",
            "deploy",
            f"begin; set local role {role};"
            " set local search_path = pg_temp; set local statement_timeout = '7s'; set work_mem ="
            " '333kB'; create table public.three (id int); commit;",
        )
        project.write("three", "verify", "begin; select 1 / (current_user = session_user"
            " and current_setting('statement_timeout') = '0'"
            " and current_setting('work_mem') <> '333kB'"
            " and current_setting('search_path') like '%public')::int; rollback;")  # fmt: skip
        outcome = project.ours(database, "deploy", "--verify")
        assert outcome.code == 0, outcome
        assert query(database, "select tableowner from pg_tables where tablename = 'three'") == [
            (role,)
        ]
    finally:
        execute(database, f"drop owned by {role}; drop role {role}")


def test_what_a_verify_script_does_is_undone(database: Database, project: Project) -> None:
    project.write("three", "verify", "insert into public.three values (1); set work_mem = '1MB';")
    assert project.ours(database, "deploy", "--verify").code == 0
    assert query(database, "select count(*) from public.three") == [(0,)]


def test_a_script_that_is_no_block_runs_statement_by_statement(
    database: Database, project: Project
) -> None:
    project.write(
        "three",
        "deploy",
        "create table public.three (id int);\n"
        "create index concurrently i on public.three (id);\nvacuum public.three;\n",
    )
    assert project.ours(database, "deploy", "--verify").code == 0
    project.write("four", "revert", "drop table public.four; select 1 / 0;")
    outcome = project.ours(database, "revert", "-y")
    assert outcome.code == 2
    assert deployed(database) == ["one", "two", "three", "four"]
    assert "four" not in tables(database)  # as in Sqitch: no transaction, no way back


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_runner_cancels_and_records_the_failure(
    database: Database, project: Project, number: signal.Signals
) -> None:
    project.write(
        "three",
        "deploy",
        "begin; create table public.three (id int); select pg_advisory_xact_lock(4711); commit;",
    )
    holder = psycopg.connect(database.conninfo, autocommit=True)
    holder.execute("select pg_advisory_lock(4711)")
    with started(project, database, "deploy", "--mode", "change") as process:
        wait_until(database, is_running("pg_advisory_xact_lock(4711)"))
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    holder.close()
    assert process.returncode == 2
    assert "three .... not ok" in stdout
    assert stderr == "Interrupted\nDeploy failed\n"
    assert deployed(database) == ["one", "two"]
    assert tables(database) == {"one", "two"}
    assert happened(database)[-1] == ("fail", "three")


def test_a_killed_runner_takes_its_statement_with_it(database: Database, project: Project) -> None:
    project.write("three", "deploy", "begin; select pg_sleep(600); commit;")
    with started(project, database, "deploy") as process:
        wait_until(database, is_running("pg_sleep(600)"))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    wait_until(database, "not " + is_running("pg_sleep(600)"))
    assert deployed(database) == ["one", "two"]


def test_a_lost_connection_is_a_failure_like_any_other(
    database: Database, project: Project
) -> None:
    project.write("three", "deploy", "begin; select pg_terminate_backend(pg_backend_pid()); end;")
    outcome = project.ours(database, "deploy")
    assert outcome.code == 2
    assert "terminating connection due to administrator command" in outcome.stderr
    assert "Reverting all changes\nDeploy failed\n" in outcome.stderr
    assert deployed(database) == []
    assert tables(database) == set()
    assert ("fail", "three") in happened(database)

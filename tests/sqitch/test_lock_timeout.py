"""A script that waits for somebody: who that is, another attempt, and an end to waiting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support.changes import (
    Project,
    deployed,
    happened,
    is_running,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three changes; the second needs a lock on the table of the first."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").change("three")
    project.write("two", "deploy", "begin;\ncreate table public.two (id int);\n"
                                   "alter table public.one add n int;\ncommit;\n")  # fmt: skip
    return project.save()


@pytest.fixture
def database(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


def hold(database: Database) -> psycopg.Connection[tuple[object, ...]]:
    """A session that has the table `one` and keeps it."""
    holder = psycopg.connect(database.conninfo, application_name="reporting")
    holder.execute("select 'monthly report' from public.one")
    return holder


def test_an_attempt_that_gets_no_lock_names_the_blocker_and_is_repeated(
    database: Database, project: Project
) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    project.write("two", "deploy", "begin;\ncreate table public.two (id int);\n"
        "set local lock_timeout = '1200ms';\nalter table public.one add n int;\ncommit;\n",
    )  # fmt: skip
    holder = hold(database)
    pid = holder.info.backend_pid
    line = ["deploy", "--lock-timeout-sql", "1500", "--lock-retries", "9"]
    with started(project, database, *line) as process:
        told = process.stderr.readline() if process.stderr else ""
        holder.close()
        stdout, stderr = process.communicate(timeout=30)
    assert re.fullmatch(
        rf'Change "two" got no lock: blocked by pid {pid} \(reporting, user \w+, '
        r"idle in transaction for \d+ s\): select 'monthly report' from public.one; "
        r"trying again in 0.5 s \(9 left\)\n",
        told,
    ), told
    assert (process.returncode, "  + two .... ok\n" in stdout) == (0, True)
    assert "lock timeout" not in stderr
    assert deployed(database) == ["one", "two", "three"]
    assert [event for event, _ in happened(database)] == ["deploy", "deploy", "deploy"]


def test_in_the_end_there_is_one_error(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    with hold(database):
        line = ["deploy", "--lock-timeout-sql", "1s", "--lock-retries", "1", "--json"]
        told = project.ours(database, *line)
    assert told.code == 2
    failed = json.loads(told.stdout)["changes"][-1]
    assert (failed["change"], failed["error"]["sqlstate"]) == ("two", "55P03")
    assert failed["error"]["detail"].startswith("blocked by pid ")
    assert failed["error"]["hint"] == "tried 2 times"
    assert (failed["error"]["file"], failed["error"]["line"]) == ("deploy/two.sql", "3")
    assert (deployed(database), tables(database)) == (["one"], {"one"})
    assert happened(database) == [("deploy", "one"), ("fail", "two")]


def test_the_configuration_sets_it_too_also_for_reverts(
    database: Database, project: Project
) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    with (project.folder / "sqitch.conf").open("a") as file:
        file.write("[deploy]\n\tlock_timeout_sql = 1000\n\tlock_retries = 1\n")
    with hold(database):
        told = project.ours(database, "revert", "-y")
    assert told.code == 2
    assert 'Change "one" got no lock: blocked by pid ' in told.stderr
    assert "HINT:  tried 2 times" in told.stderr
    assert deployed(database) == ["one"]


def test_what_is_no_transaction_is_never_repeated(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    text = "create table public.two (id int);\nalter table public.one add n int;\n"
    project.write("two", "deploy", text)
    with hold(database):
        line = ["deploy", "--mode", "change", "--lock-timeout-sql", "1000", "--lock-retries", "5"]
        told = project.ours(database, *line)
    assert told.code == 2
    assert "got no lock" not in told.stderr
    assert "DETAIL:  blocked by pid " in told.stderr
    assert "HINT:  not tried again: what stands before it is done" in told.stderr
    assert tables(database) == {"one", "two"}


def test_a_long_wait_is_told(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    holder = hold(database)
    with started(project, database, "deploy") as process:
        told = process.stderr.readline() if process.stderr else ""
        assert re.match(r"Waiting \d+ s already, blocked by pid \d+ \(reporting, ", told), told
        holder.close()
        assert process.wait(timeout=30) == 0


def test_who_held_up_a_statement_before_is_not_to_blame(
    database: Database, project: Project
) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    project.write("two", "deploy", "begin;\nalter table public.one add n int;\n"
        "set local statement_timeout = 100;\ndo $$ begin perform pg_sleep(60); end $$;\ncommit;\n",
    )  # fmt: skip
    holder = hold(database)
    with started(project, database, "deploy", "--lock-timeout-sql", "3s") as process:
        wait_until(
            database,
            "exists (select from pg_stat_activity where query like '%as seconds_ago%'"
            " and pid <> pg_backend_pid())",
        )
        holder.close()
        _, stderr = process.communicate(timeout=30)
    assert "statement timeout" in stderr
    assert "blocked by" not in stderr


def test_a_script_that_waits_for_its_own_deployment_is_ended(
    database: Database, project: Project
) -> None:
    project.write("two", "deploy", "vacuum sqitch.changes;\n")
    told = project.ours(database, "deploy", "--mode", "change")
    assert told.code == 2
    assert "blocked by the lock on the registry, which this deployment holds itself" in told.stderr
    assert deployed(database) == ["one"]


def test_a_time_that_is_none_is_refused_first(database: Database, project: Project) -> None:
    told = project.ours(database, "deploy", "--lock-timeout-sql", "a while")
    assert told.code == 2
    assert 'invalid value for parameter "lock_timeout": "a while"' in told.stderr
    assert deployed_nothing(database)


def deployed_nothing(database: Database) -> bool:
    with psycopg.connect(database.conninfo) as connection:
        row = connection.execute("select to_regnamespace('sqitch') is null").fetchone()
    return bool(row and row[0])


def test_interrupting_a_wait_ends_it(database: Database, project: Project) -> None:
    import signal

    assert project.ours(database, "deploy", "--to", "one").code == 0
    with hold(database), started(project, database, "deploy") as process:
        wait_until(database, is_running("alter table public.one"))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr.splitlines()[-1]) == (2, "Deploy failed")
    assert (deployed(database), tables(database)) == (["one"], {"one"})


def test_psql_gets_the_timeout_as_well(database: Database, project: Project) -> None:
    project.write("two", "deploy", "\\timing off\nshow lock_timeout;\n")
    told = project.ours(database, "deploy", "--lock-timeout-sql", "1500 ms")
    assert (told.code, "1500ms\n" in told.stdout) == (0, True), told

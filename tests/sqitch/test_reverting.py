"""Reverts: of what was modified, refused unasked, killed at every step, two at once."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from support import databases
from support.changes import (
    Project,
    deployed,
    events,
    happened,
    is_running,
    registry_rows,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.interop import same, succeed
from support.servers import TestServer, open_private_server

NewDatabase = Callable[[TestServer], Database]
GATE = "select pg_advisory_xact_lock(4711);"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Four changes, the second tagged."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").tag("v1").change("three", "two").change("four")
    return project.save()


@pytest.fixture
def database(server15: TestServer, new_database: NewDatabase, project: Project) -> Database:
    """A database to which everything was deployed."""
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    return database


@contextmanager
def gate(database: Database) -> Iterator[None]:
    """While it is closed, scripts with the statement GATE wait."""
    with psycopg.connect(database.conninfo, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(4711)")
        yield


def edit(project: Project, name: str) -> None:
    path = project.folder / "deploy" / f"{name}.sql"
    path.write_text(path.read_text() + "-- edited\n")


@pytest.mark.parametrize("name", ["four", "three", "one", ""])
def test_both_revert_what_was_modified(
    server15: TestServer, new_database: NewDatabase, project: Project, name: str
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    for each in (ours, theirs):
        succeed(project.ours(each, "deploy"))
    if name:
        edit(project, name)
    same(project.ours(ours, "revert", "-y", "-m"), project.theirs(theirs, "revert", "-y", "-m"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)


def test_modified_that_means_everything_is_refused_unasked(
    database: Database, project: Project
) -> None:
    edit(project, "one")
    outcome = project.ours(database, "revert", "--modified")
    assert outcome.code == 2
    assert "nobody is there to answer" in outcome.stderr
    assert len(deployed(database)) == 4


def test_all_is_an_answer(database: Database, project: Project) -> None:
    assert project.ours(database, "revert", "--all", "--to", "one").code == 2
    assert len(deployed(database)) == 4
    succeed(project.ours(database, "revert", "--all"))
    assert deployed(database) == []


def test_strict_mode_wants_a_change_to_keep(database: Database, project: Project) -> None:
    conf = project.folder / "sqitch.conf"
    conf.write_text(conf.read_text() + "[revert]\n\tstrict = true\n")
    outcome = project.ours(database, "revert", "-y")
    assert (outcome.code, outcome.stdout) == (1, "Must specify a target revision in strict mode\n")
    assert len(deployed(database)) == 4
    succeed(project.ours(database, "revert", "-y", "--to", "one"))
    succeed(project.ours(database, "revert", "--all"))


def test_a_missing_script_is_named_before_the_first_one_runs(
    database: Database, project: Project
) -> None:
    (project.folder / "revert" / "two.sql").unlink()
    outcome = project.ours(database, "revert", "-y")
    assert outcome.code == 2
    assert "Revert script revert/two.sql does not exist" in outcome.stderr
    assert len(deployed(database)) == 4
    succeed(project.ours(database, "revert", "-y", "--log-only", "--to", "one"))
    assert deployed(database) == ["one"]


@pytest.mark.parametrize("name", ["four", "three", "one"])
def test_a_revert_that_was_killed_is_finished_by_the_next_one(
    database: Database, project: Project, name: str
) -> None:
    text = (project.folder / "revert" / f"{name}.sql").read_text()
    project.write(name, "revert", text.replace("commit;", f"{GATE}\ncommit;"))
    with gate(database), started(project, database, "revert", "-y") as process:
        wait_until(database, is_running("4711"))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    wait_until(database, "not " + is_running("4711"))
    left = deployed(database)
    assert left[-1] == name
    assert tables(database) == set(left)
    succeed(project.ours(database, "revert", "-y"))
    assert (deployed(database), tables(database)) == ([], set())
    assert [change for event, change in happened(database) if event == "revert"] == [
        "four",
        "three",
        "two",
        "one",
    ]


def test_two_reverts_at_once_do_the_work_once(database: Database, project: Project) -> None:
    text = (project.folder / "revert" / "three.sql").read_text()
    project.write("three", "revert", text.replace("commit;", f"{GATE}\ncommit;"))
    command = ("revert", "-y", "--to", "one")
    with gate(database), started(project, database, *command) as first:
        wait_until(database, is_running("4711"))
        with started(project, database, *command) as second:
            assert second.stdout is not None
            assert "Blocked by another instance of Sqitch" in second.stdout.readline()
            with psycopg.connect(database.conninfo, autocommit=True) as helper:
                helper.execute(
                    "select pg_terminate_backend(pid) from pg_locks"
                    " where locktype = 'advisory' and objid = 4711 and granted"
                )
            assert first.wait(timeout=60) == 0
            stdout, stderr = second.communicate(timeout=60)
            assert (second.returncode, stdout, stderr) == (
                0,
                'No changes deployed since: "one"\n',
                "",
            )
    assert deployed(database) == ["one"]
    assert len([event for event, _ in happened(database) if event == "revert"]) == 3


def test_what_was_only_recorded_is_taken_back_in_the_registry_alone(
    database: Database, project: Project
) -> None:
    """A verify script that fails must not let revert scripts loose on what was there before."""
    succeed(project.ours(database, "revert", "-y", "--log-only", "--to", "one"))
    project.write("four", "verify", "select 1 / 0;")
    assert project.ours(database, "deploy", "--log-only", "--verify").code == 2
    assert deployed(database) == ["one"]
    assert tables(database) == {"one", "two", "three", "four"}


@pytest.fixture
def alone(run_folder: Path) -> Iterator[Database]:
    """A database on a server of its own, to be killed."""
    try:
        # What was acknowledged outlives it, which test servers do not promise otherwise.
        server = open_private_server(run_folder, "pg15", {"synchronous_commit": "on"})
    except LookupError as error:
        pytest.skip(str(error))
    yield databases.create(server)
    server.local.stop("immediate")


def test_a_server_killed_at_every_step_of_a_revert(alone: Database, project: Project) -> None:
    """Each change's revert script is stopped before and after its work, and the server killed."""
    succeed(project.ours(alone, "deploy"))
    for name in ("four", "three", "two", "one"):
        for place in ("begin;", "commit;"):
            text = (project.folder / "revert" / f"{name}.sql").read_text()
            stopped = f"begin;\n{GATE}" if place == "begin;" else f"{GATE}\ncommit;"
            project.write(name, "revert", text.replace(place, stopped))
            killed(alone, project)
            project.write(name, "revert", text)
            assert deployed(alone)[-1] == name
            assert tables(alone) == set(deployed(alone))
    succeed(project.ours(alone, "revert", "-y"))
    assert (deployed(alone), tables(alone)) == ([], set())
    assert len([event for event, _ in happened(alone) if event == "revert"]) == 4
    succeed(project.ours(alone, "deploy", "--verify"))
    assert len(deployed(alone)) == 4


def test_a_script_that_is_no_block_is_settled_by_one_repair(
    alone: Database, project: Project
) -> None:
    """Its work was committed when the server died, and the registry's rows were not."""
    succeed(project.ours(alone, "deploy"))
    project.write("four", "revert", f"drop table public.four;\n{GATE}\n")
    killed(alone, project)
    assert deployed(alone)[-1] == "four"
    assert "four" not in tables(alone)
    assert project.ours(alone, "revert", "-y").code == 2
    succeed(project.ours(alone, "repair", "--drop", "four", "-y"))
    assert deployed(alone) == ["one", "two", "three"]
    succeed(project.ours(alone, "revert", "-y"))
    assert (deployed(alone), tables(alone)) == ([], set())
    succeed(project.ours(alone, "deploy", "--verify"))
    found = json.loads(project.ours(alone, "check", "--json").stdout)
    assert found["is_clean"]


def killed(database: Database, project: Project) -> None:
    """A revert whose server is killed while a script waits at the gate."""
    with psycopg.connect(database.conninfo, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(4711)")
        with started(project, database, "revert", "-y") as process:
            wait_until(database, is_running("4711"))
            database.server.local.kill9()
            assert process.wait(timeout=60) != 0
    database.server.local.start()

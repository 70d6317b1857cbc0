"""Runner or server are killed at each step of a deploy: the next deploy ends in the right state.

Each step is held by a lock of the test's own (or, at the commit, by waiting for a standby that does
not exist), so that nothing in the engine has to know of the test.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from support import databases
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
from support.servers import TestServer, open_private_server

GATE = "select pg_advisory_xact_lock(4711);"
CREATE = "create table if not exists public.three (id int);"
EVERY = ["one", "two", "three", "four"]
WHO = Person("Tester", "tester@example.com")
# What the test holds to make a deploy wait at each step.
STEPS = {
    "before": "select pg_advisory_lock(75474063)",
    "script": "select pg_advisory_lock(4711)",
    "verify": "select pg_advisory_lock(4711)",
    "registry": "begin; lock table sqitch.dependencies in share mode",
    "commit": "select pg_advisory_lock(4711)",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Four changes."""
    project = Project(tmp_path / "shop", "shop")
    return project.change("one").change("two", "one").change("three", "two").change("four").save()


@pytest.fixture(scope="module")
def mortal(run_folder: Path) -> Iterator[TestServer]:
    """A server that may be killed; a commit that it has told is there after a crash."""
    try:
        server = open_private_server(run_folder, "pg15")
    except LookupError as error:
        pytest.skip(str(error))
    yield server
    server.local.stop("immediate")


@pytest.fixture
def database(mortal: TestServer) -> Database:
    database = databases.create(mortal)
    execute(database, f"alter database {database.name} set synchronous_commit = 'on'")
    return database


def go_on(project: Project, database: Database, to: str | None = None) -> None:
    """Deploys what is left, with its verify scripts; raises when it fails."""
    deploy(load_plan(project.folder / "sqitch.plan"), database.conninfo, to=to, person=WHO)


def hold_at(
    step: str, project: Project, database: Database, script: str
) -> psycopg.Connection[Any]:
    """Prepares the third change to wait at that step; returns the session it waits for."""
    go_on(project, database, to="two")
    gate = GATE if step == "script" else ""
    project.write("three", "deploy", script.format(gate=gate))
    if step in ("verify", "commit"):
        project.write("three", "verify", f"begin; {GATE} rollback;")
    holder = psycopg.connect(database.conninfo, autocommit=True)
    holder.execute(STEPS[step].encode())
    return holder


@contextlib.contextmanager
def held(
    step: str, project: Project, database: Database, script: str
) -> Iterator[subprocess.Popen[str]]:
    """A deploy that has come to that step and waits there."""
    holder = hold_at(step, project, database, script)
    with started(project, database, "deploy", "--verify", "--to", "three") as process:
        if step == "before":
            assert process.stdout
            assert process.stdout.readline().startswith("Blocked by another instance of Sqitch")
        else:
            waiting = "exists (select from pg_locks where not granted)"
            wait_until(database, waiting)
        if step == "commit":
            execute(database, "alter system set synchronous_standby_names = 'nobody'")
            execute(database, "select pg_reload_conf()")
            probe_until_commits_wait(database)
            holder.close()
            syncing = "2 = (select count(*) from pg_stat_activity where wait_event = 'SyncRep')"
            wait_until(database, syncing)
        yield process
        with contextlib.suppress(psycopg.Error):
            holder.close()


def probe_until_commits_wait(database: Database) -> None:
    """Commits until a commit waits for the standby: a reload is taken up in the server's own time.

    That commit goes on waiting, until the setting is taken back or the server dies.
    """
    for _ in range(500):
        probe = threading.Thread(target=commit_something, args=(database,), daemon=True)
        probe.start()
        probe.join(0.3)
        if probe.is_alive():
            return
    pytest.fail("no commit ever waited for the standby")


def commit_something(database: Database) -> None:
    with (
        contextlib.suppress(psycopg.Error),
        psycopg.connect(database.conninfo, autocommit=True) as session,
    ):
        session.execute("select pg_logical_emit_message(true, 'probe', '')")


def calm(database: Database) -> None:
    """Brings the server back to its usual settings and waits until the killed run is over."""
    execute(database, "alter system reset synchronous_standby_names")
    execute(database, "select pg_reload_conf()")
    wait_until(database, "not exists (select from pg_stat_activity where datname ="
                         " current_database() and pid <> pg_backend_pid())")  # fmt: skip


@pytest.mark.parametrize("victim", ["runner", "server"])
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_deploy_goes_on_where_it_was(
    database: Database, project: Project, step: str, victim: str
) -> None:
    script = f"begin; {CREATE} {{gate}} commit;"
    with held(step, project, database, script) as process:
        if victim == "runner":
            os.kill(process.pid, signal.SIGKILL)
        else:
            database.server.local.kill9()
        _, stderr = process.communicate(timeout=30)
    if victim == "server":
        assert process.returncode == 2
        assert "Traceback" not in stderr
        database.server.local.start()
    calm(database)
    assert set(deployed(database)) == tables(database)  # both or neither, never one without other
    assert set(deployed(database)) >= {"one", "two"}
    if step == "commit":
        assert "three" in deployed(database)  # it is on disk, whoever heard of it

    project.write("three", "deploy", script.format(gate=""))
    project.write("three", "verify", "begin; rollback;")
    go_on(project, database)
    assert deployed(database) == EVERY
    assert tables(database) == set(EVERY)
    assert [event for event, _ in happened(database)] == ["deploy"] * 4


def test_changes_that_are_not_on_disk_yet_are_lost_with_their_rows(
    database: Database, project: Project
) -> None:
    project.write("three", "deploy", f"begin; {CREATE} {GATE} commit;")
    holder = psycopg.connect(database.conninfo, autocommit=True)
    holder.execute(STEPS["script"].encode())
    with started(project, database, "deploy", "--verify") as process:
        wait_until(database, "exists (select from pg_locks where not granted)")
        assert deployed(database) == ["one", "two"]  # as everybody sees; on disk or not
        database.server.local.kill9()
        process.communicate(timeout=30)
    database.server.local.start()
    if query(database, "select to_regclass('sqitch.changes') is not null") == [(True,)]:
        assert set(deployed(database)) == tables(database)
        assert deployed(database) in ([], ["one"], ["one", "two"])
    project.write("three", "deploy", f"begin; {CREATE} commit;")
    go_on(project, database)
    assert deployed(database) == EVERY
    assert tables(database) == set(EVERY)


@pytest.mark.parametrize("step", ["script", "verify", "registry"])
def test_what_is_no_transaction_is_brought_there_by_one_command(
    database: Database, project: Project, step: str
) -> None:
    script = f"{CREATE} {{gate}} create table public.three_b (id int);"
    with held(step, project, database, script) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    calm(database)
    project.write("three", "deploy", script.format(gate=""))
    project.write("three", "verify", "select from public.three, public.three_b;")
    assert deployed(database) == ["one", "two"]
    if step == "script":  # the engine sends no more; what was there already is passed over
        assert "three_b" not in tables(database)
    else:
        repaired = project.ours(database, "repair", "--record", "three", "-y")
        assert repaired.code == 0, repaired
    go_on(project, database)
    assert deployed(database) == EVERY
    assert tables(database) == {*EVERY, "three_b"}


def test_an_interrupt_ends_the_deploy_wherever_it_waits(
    database: Database, project: Project
) -> None:
    script = f"begin; {CREATE} {{gate}} commit;"
    for step in ("before", "verify", "registry"):
        with held(step, project, database, script) as process:
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
        assert process.returncode not in (0, -signal.SIGINT)
        assert "Traceback" not in stderr
        assert deployed(database) == ["one", "two"]
        assert tables(database) == {"one", "two"}
    assert query(database, "select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


def test_an_interrupt_reaches_the_statement_of_psql(database: Database, project: Project) -> None:
    project.write("three", "deploy", "\\timing off\nselect pg_sleep(600);\n")
    with started(project, database, "deploy") as process:
        wait_until(database, is_running("pg_sleep(600)"))
        process.send_signal(signal.SIGTERM)  # to the runner alone
        process.communicate(timeout=30)
    assert process.returncode == 2
    assert query(database, f"select {is_running('pg_sleep(600)')}") == [(False,)]
    assert deployed(database) == []


def test_two_deploys_at_once_do_the_work_once(database: Database, project: Project) -> None:
    with (
        started(project, database, "deploy", "--verify") as first,
        started(project, database, "deploy", "--verify") as second,
    ):
        told = [process.communicate(timeout=60) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), told
    assert deployed(database) == EVERY
    assert [event for event, _ in happened(database)] == ["deploy"] * 4
    assert any("Nothing to deploy (up-to-date)" in stdout for stdout, _ in told)

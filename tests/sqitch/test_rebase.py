"""A rebase leaves what sqitch's leaves, row by row; it never takes silence for yes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support import soak
from support.changes import (
    Project,
    deployed,
    events,
    execute,
    is_running,
    registry_rows,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.interop import URI, flipr, same, succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return flipr(tmp_path)


def edit(project: Project, name: str, text: str = "-- edited\n") -> None:
    path = project.folder / "deploy" / f"{name}.sql"
    path.write_text(text + path.read_text())


def nothing(_: Project) -> None:
    """The plan as it was deployed."""


def edited(project: Project) -> None:
    edit(project, "lists")


def edited_first(project: Project) -> None:
    edit(project, "app")


def failing(project: Project) -> None:
    edit(project, "indexes", "select 1 / 0;\n")


def unverified(project: Project) -> None:
    project.write("indexes", "verify", "select 1 / 0;")


def conflicting(project: Project) -> None:
    project.change("late", "!lists").save(URI)


def grown(project: Project) -> None:
    project.change("late", "lists").tag("v4").save(URI)


REBASES = [
    (nothing, ("-y",)),
    (nothing, ("-y", "--onto", "@v1", "--verify")),
    (nothing, ("-y", "flips", "users@v2")),
    (nothing, ("-y", "--onto", "@v2", "--upto", "users@HEAD", "--log-only")),
    (nothing, ("-y", "-m")),
    (nothing, ("-y", "--onto", "HEAD")),
    (nothing, ("-y", "--onto", "nowhere")),
    (edited, ("-y", "-m")),
    (edited, ("-y", "--modified", "--upto", "lists")),
    (edited_first, ("-y", "-m")),
    (failing, ("-y", "--onto", "flips")),
    (failing, ("-y", "--onto", "flips", "--mode", "tag")),
    (failing, ("-y", "--onto", "flips", "--mode", "change")),
    (unverified, ("-y", "--onto", "lists", "--verify")),
    (conflicting, ("-y", "--onto", "@v1")),
    (grown, ("-y", "--onto", "@v2")),
]


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
@pytest.mark.parametrize(("change", "arguments"), soak.size(REBASES[1::2], REBASES))
def test_both_leave_the_same_registry(
    server15: TestServer,
    new_database: NewDatabase,
    project: Project,
    change: Callable[[Project], None],
    arguments: tuple[str, ...],
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    succeed(project.theirs(ours, "deploy"))
    succeed(project.ours(theirs, "deploy"))
    change(project)
    first = project.ours(ours, "rebase", *arguments)
    second = project.theirs(theirs, "rebase", *arguments)
    if change in (nothing, edited, edited_first, grown):
        same(first, second)
    assert (first.code, first.stdout.count("ok\n")) == (second.code, second.stdout.count("ok\n"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)
    assert tables(ours) == tables(theirs)

    same(project.theirs(ours, "status"), project.ours(theirs, "status"))
    assert project.theirs(ours, "check").code == project.ours(theirs, "check").code


def test_configuration_sets_mode_verification_and_the_question(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    failing(project)
    conf = project.folder / "sqitch.conf"
    conf.write_text(
        conf.read_text() + "[deploy]\n\tmode = all\n[rebase]\n\tmode = tag\n\tno_prompt = true\n"
    )
    assert project.ours(database, "rebase", "--onto", "flips").code == 2
    assert deployed(database) == ["app", "users", "flips", "lists"]


def test_no_to_the_question_ends_the_run(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy", "--to", "lists"))
    before = events(database)
    outcome = project.ours(database, "rebase", answer="no\n")
    assert outcome.code == 1
    assert outcome.stdout.endswith("? [Yes] Nothing reverted\n")
    assert events(database) == before


@pytest.mark.parametrize("arguments", [(), ("-m",)])
def test_silence_is_not_taken_for_yes(
    server15: TestServer, new_database: NewDatabase, project: Project, arguments: tuple[str, ...]
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    edited_first(project)
    before = events(database)
    outcome = project.ours(database, "rebase", *arguments)
    assert outcome.code == 2
    assert "nobody is there to answer" in outcome.stderr
    assert events(database) == before
    succeed(project.ours(database, "rebase", "--all"))
    assert len(events(database)) == 3 * len(before)


def test_strict_mode_wants_a_change_to_keep(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    conf = project.folder / "sqitch.conf"
    conf.write_text(conf.read_text() + "[rebase]\n\tstrict = true\n")
    outcome = project.ours(database, "rebase", "-y")
    assert (outcome.code, outcome.stdout) == (1, "Must specify a target revision in strict mode\n")
    succeed(project.ours(database, "rebase", "-y", "--onto", "@v1"))


def test_variables_reach_the_scripts_they_are_meant_for(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    edit(project, "indexes", "\\echo deploy :a :b\n")
    (project.folder / "revert" / "indexes.sql").write_text(
        "\\echo revert :a :b\ndrop table public.indexes;\n"
    )
    options = ("-s", "a=1", "-s", "b=2", "-e", "b=3", "-r", "b=4")
    outcome = succeed(project.ours(database, "rebase", "-y", "--onto", "users@HEAD", *options))
    assert "revert 1 4" in outcome.stdout
    assert "deploy 1 3" in outcome.stdout


def test_json_lists_what_was_reverted_and_what_was_deployed(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    found = json.loads(project.ours(database, "rebase", "-y", "--onto", "@v2", "--json").stdout)
    assert [(each["action"], each["change"]) for each in found["changes"]] == [
        ("revert", "indexes"),
        ("revert", "users"),
        ("deploy", "users"),
        ("deploy", "indexes"),
    ]


def test_one_lock_is_held_from_the_first_revert_to_the_last_deploy(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    gate = "begin;\nselect pg_advisory_xact_lock(4711);"
    path = project.folder / "revert" / "lists.sql"
    path.write_text(path.read_text().replace("begin;", gate))
    with psycopg.connect(database.conninfo, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(4711)")
        with started(project, database, "rebase", "-y", "--onto", "flips") as first:
            wait_until(database, is_running("4711"))
            with started(project, database, "deploy") as second:
                assert second.stdout is not None
                assert "Blocked by another instance" in second.stdout.readline()
                holder.close()
                assert first.wait(timeout=60) == 0
                stdout, stderr = second.communicate(timeout=60)
                assert (stdout, stderr) == ("Nothing to deploy (up-to-date)\n", "")


def test_a_lock_that_a_script_does_not_get_is_asked_for_again(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    command = ("rebase", "-y", "--onto", "lists", "--lock-timeout-sql", "100ms")
    with psycopg.connect(database.conninfo) as holder:
        holder.execute("lock table public.users")
        pid = holder.info.backend_pid
        outcome = project.ours(database, *command, "--lock-retries", "1")
    assert outcome.code == 2
    assert f"pid {pid}" in outcome.stderr
    assert deployed(database)[-1] == "users"
    succeed(project.ours(database, *command))


def test_a_rebase_that_was_killed_is_finished_by_the_next_one(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database, whole = new_database(server15), new_database(server15)
    for each in (database, whole):
        succeed(project.ours(each, "deploy"))
    scripts = {kind: project.folder / kind / "lists.sql" for kind in ("revert", "deploy")}
    for kind, path in scripts.items():
        text = path.read_text()
        path.write_text(text.replace("begin;", "begin;\nselect pg_sleep(600);"))
        with started(project, database, "rebase", "-y", "--onto", "@v1") as process:
            wait_until(database, is_running("pg_sleep"))
            process.send_signal(signal.SIGKILL)
            process.wait()
        execute(
            database,
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()",
        )
        path.write_text(text)
        here = deployed(database)
        assert here == (["app", "users", "flips", "lists"] if kind == "revert" else here[:3])
        assert "lists" in tables(database) if kind == "revert" else "lists" not in tables(database)
    succeed(project.ours(database, "rebase", "-y", "--onto", "@v1"))
    assert registry_rows(database) == registry_rows(whole)
    assert tables(database) == tables(whole)
    succeed(project.ours(database, "check", "--full"))


def test_a_rehearsal_tells_both_halves_and_does_neither(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    before = registry_rows(database), events(database)
    outcome = succeed(project.ours(database, "rebase", "--onto", "lists", "--dry-run"))
    assert "  - indexes @v3 .. revert/indexes.sql (one transaction)\n" in outcome.stdout
    assert "  + indexes @v3 .. deploy/indexes.sql (statement by statement)\n" in outcome.stdout
    assert (registry_rows(database), events(database)) == before


def test_the_written_script_does_what_the_rebase_would(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database, other = new_database(server15), new_database(server15)
    for each in (database, other):
        succeed(project.ours(each, "deploy"))
    edited(project)
    script = project.folder / "rebase.sql"
    succeed(project.ours(database, "rebase", "-m", "--sql", str(script)))
    subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--file", str(script)],
        env=database.environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    succeed(project.ours(other, "rebase", "-m", "-y"))
    assert registry_rows(database) == registry_rows(other)
    assert events(database) == events(other)
    assert tables(database) == tables(other)
    succeed(project.theirs(database, "check"))

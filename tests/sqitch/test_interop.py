"""The engine and the real sqitch take turns on one database and agree at every step."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgdocket.sqitch.plan import load_plan
from support.changes import Project, events, execute, registry_rows, tables
from support.databases import Database
from support.interop import URI, flipr, masked, same, succeed
from support.outcomes import Outcome
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]
LENGTH = 6


# What the server of sqitch, which the others here are run by, must do as the real program does.
WALK = (
    ("deploy", "--verify", "--to", "lists"),
    ("rebase", "-y", "--onto", "app"),
    ("log", "--oneline"),
)


def addon(folder: Path) -> Project:
    """A project that needs the other one, in every form of a dependency."""
    project = Project(folder / "addon", "addon")
    project.change("extra", "flipr:users@v1 flipr:@v1 flipr:flips").tag("x1")
    project.change("more", "extra !flipr:lists")
    return project.save()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return flipr(tmp_path)


def ids(project: Project) -> list[str]:
    """The ids of the plan's changes."""
    return [change.id for change in load_plan(project.folder / "sqitch.plan").changes]


@pytest.mark.parametrize("step", range(1, LENGTH + 1))
def test_each_goes_on_where_the_other_stopped(
    server15: TestServer, new_database: NewDatabase, project: Project, step: int
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    reached = ids(project)[step - 1]
    first = project.ours(ours, "deploy", "--verify", "--to", reached)
    same(succeed(first), project.theirs(theirs, "deploy", "--verify", "--to", reached))
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)

    succeed(project.theirs(ours, "verify"))
    succeed(project.theirs(ours, "check"))
    same(project.theirs(ours, "status", "--show-changes", "--show-tags"),
         project.ours(theirs, "status", "--show-changes", "--show-tags"))  # fmt: skip
    same(project.theirs(ours, "verify"), project.ours(theirs, "verify"))

    same(project.theirs(ours, "deploy"), project.ours(theirs, "deploy"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert tables(ours) == tables(theirs)

    back = ("revert", "-y", "--to", reached)
    same(project.theirs(ours, *back), project.ours(theirs, *back))
    same(project.ours(ours, "revert", "-y"), project.theirs(theirs, "revert", "-y"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)
    assert tables(ours) == tables(theirs) == set()


def test_sqitch_kept_in_memory_is_the_real_program(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    kept, real = new_database(server15), new_database(server15)
    for arguments in WALK:
        done = subprocess.run(
            ["sqitch", *arguments], cwd=project.folder, env=project.environment(real),
            input="y\n", capture_output=True, text=True, check=False,
        )  # fmt: skip
        same(Outcome(done.returncode, done.stdout, done.stderr),
             project.theirs(kept, *arguments, answer="y\n"))  # fmt: skip
    assert registry_rows(kept) == registry_rows(real)
    assert events(kept) == events(real)
    assert tables(kept) == tables(real)


def test_two_projects_share_a_registry(
    server: TestServer, new_database: NewDatabase, project: Project, tmp_path: Path
) -> None:
    ours, theirs = new_database(server), new_database(server)
    more = addon(tmp_path)
    same(project.ours(ours, "deploy", "--to", "flips"),
         project.theirs(theirs, "deploy", "--to", "flips"))  # fmt: skip
    same(more.ours(ours, "deploy", "--to", "extra"), more.theirs(theirs, "deploy", "--to", "extra"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)

    blocked = project.ours(theirs, "revert", "-y", "--to", "app")
    assert blocked.code == 2
    assert 'Change "users" required by currently deployed change: addon:extra' in blocked.stderr
    assert tables(theirs) == tables(ours) == {"app", "users", "flips", "extra"}

    same(project.theirs(ours, "deploy", "lists"), project.ours(theirs, "deploy", "lists"))
    same(more.theirs(ours, "deploy"), more.ours(theirs, "deploy"))
    assert (
        "Conflicts with previously deployed change: flipr:lists" in more.ours(ours, "deploy").stderr
    )
    same(more.theirs(ours, "status", "--project", "flipr"),
         more.ours(theirs, "status", "--project", "flipr"))  # fmt: skip
    same(more.theirs(ours, "log"), more.ours(theirs, "log"))


@pytest.mark.parametrize(
    "arguments",
    [
        *(("log", "--format", name) for name in ("raw", "full", "long", "medium", "short")),
        ("log", "--oneline", "--no-headers"),
        ("log", "--event", "revert", "--reverse", "-n", "2", "--skip", "1"),
        ("log", "--change", "^u"),
        ("status", "--show-changes", "--show-tags"),
        ("status", "--date-format", "raw"),
        ("verify",),
        ("verify", "--from", "flips", "--to", "lists"),
        ("verify", "--to", "nowhere"),
        ("deploy",),
        ("deploy", "--to", "indexes"),
        ("deploy", "--to", "app"),
        ("deploy", "--to", "users"),
        ("deploy", "nonsense"),
        ("revert", "-y", "--to", "users"),
        ("revert", "-y", "--to", "nowhere"),
        ("revert", "-y", "--to", "HEAD"),
    ],
)
def test_both_say_the_same(
    server15: TestServer,
    new_database: NewDatabase,
    project: Project,
    arguments: tuple[str, ...],
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    succeed(project.ours(database, "revert", "-y", "--to", "@v2"))
    succeed(project.ours(database, "deploy"))
    before = registry_rows(database)
    same(project.ours(database, *arguments), project.theirs(database, *arguments))
    assert registry_rows(database) == before


@pytest.mark.parametrize("command", ["status", "verify", "revert", "log"])
def test_both_say_the_same_of_an_empty_database(
    server15: TestServer, new_database: NewDatabase, project: Project, command: str
) -> None:
    database = new_database(server15)
    same(project.ours(database, command), project.theirs(database, command))


def test_a_tag_that_came_later_is_recorded_with_the_next_deploy(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    succeed(project.ours(ours, "deploy"))
    succeed(project.theirs(theirs, "deploy"))
    project.tag("late").save(URI)
    same(project.ours(ours, "deploy"), project.theirs(theirs, "deploy"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert [row[1] for row in registry_rows(ours)["tags"]][-1] == "@late"


def test_what_is_out_of_order_or_unknown_is_reported_alike(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    for database in (ours, theirs):
        succeed(project.ours(database, "deploy"))
        execute(database, "update sqitch.changes set committed_at = '2001-01-01'"
                          " where change = 'lists'")  # fmt: skip
    same(project.ours(ours, "verify"), project.theirs(theirs, "verify"))
    project.lines[2] = project.lines[2].replace("flips", "flaps", 1)
    project.lines[5] = project.lines[5].replace("[flips]", "")
    project.scripts("flaps", "select 1;", "select 1;", "select 1;").save(URI)
    same(project.ours(ours, "verify"), project.theirs(theirs, "verify"))
    told = project.ours(ours, "status")
    said, hint, _ = told.stderr.partition("    hint: ")
    assert hint
    same(replace(told, stderr=said), project.theirs(theirs, "status"))


def test_scripts_that_need_psql_run_through_it(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    project.write("lists", "deploy", "\\set name `echo lists`\n\\timing off\nbegin;\n"
                                     "create table :\"name\" (id int);\ncommit;\n")  # fmt: skip
    same(project.ours(ours, "deploy", "--verify", "--to", "lists"),
         project.theirs(theirs, "deploy", "--verify", "--to", "lists"))  # fmt: skip
    assert registry_rows(ours) == registry_rows(theirs)
    assert tables(ours) == tables(theirs)


def test_a_configured_client_runs_every_script(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    logs = []
    for name, run in (("ours", project.ours), ("theirs", project.theirs)):
        database, client, log = (
            new_database(server15),
            project.folder / name,
            project.folder / "log",
        )
        client.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {log}\nexec psql "$@"\n')
        client.chmod(0o755)
        options = ("--verify", "--set", "b=2", "--set", "a=1 x", "--to", "users@v2")
        succeed(
            run(database, "deploy", "--client", str(client), *options, f"db:pg:{database.name}")
        )
        logs.append(calls_with_scripts(masked(log.read_text())))
        log.unlink()
    assert len(logs[0]) == 4
    assert logs[0] == logs[1]


def calls_with_scripts(log: str) -> list[list[str]]:
    """The command lines that ran a script of the project, of all that a client was called with."""
    calls = ["--dbname" + call for call in log.split("--dbname")[1:]]
    scripts = [call.splitlines() for call in calls]
    return [call for call in scripts if call[-1].startswith(("deploy/", "verify/"))]

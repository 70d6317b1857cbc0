"""A database that was made without the plan can be recorded, once its verify scripts hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support.changes import (
    Project,
    events,
    execute,
    query,
    registry_rows,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.interop import flipr, same, succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]
BY_HAND = (
    "create table public.app (id int); create table public.users (id int);"
    "create table public.flips (id int); create table public.lists (id int)"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return flipr(tmp_path)


def has_registry(database: Database) -> bool:
    return bool(query(database, "select to_regnamespace('sqitch') is not null")[0][0])


def test_the_rows_are_those_of_a_deploy_that_ran_no_scripts(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    execute(ours, BY_HAND)
    outcome = succeed(project.ours(ours, "baseline", "--to", "lists"))
    assert "  * lists @v2 ....... ok\n" in outcome.stdout
    assert "Recording changes through lists @v2" in outcome.stdout
    succeed(project.theirs(theirs, "deploy", "--log-only", "--to", "lists"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)
    same(project.ours(ours, "status"), project.theirs(theirs, "status"))
    same(project.theirs(ours, "verify"), project.ours(ours, "verify"))
    succeed(project.theirs(ours, "check"))
    succeed(project.theirs(ours, "deploy"))
    succeed(project.theirs(ours, "revert", "-y"))
    assert tables(ours) == set()


def test_a_verify_script_that_fails_leaves_no_trace(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    execute(database, BY_HAND + "; drop table public.flips")
    outcome = project.ours(database, "baseline", "--to", "lists")
    assert outcome.code == 2
    assert "Verify failed: nothing was recorded" in outcome.stderr
    assert not has_registry(database)
    found = json.loads(project.ours(database, "baseline", "--to", "lists", "--json").stdout)
    assert [each["change"] for each in found["changes"] if not each["ok"]] == ["flips"]
    succeed(project.ours(database, "baseline", "--to", "lists", "--no-verify"))
    assert len(registry_rows(database)["changes"]) == 4


def test_a_change_that_is_reworked_later_is_verified_as_long_as_it_is_the_last_of_its_name(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    execute(database, BY_HAND)
    project.write("users@v2", "verify", "select 1 / 0;")
    outcome = project.ours(database, "baseline", "--to", "lists")
    assert (outcome.code, has_registry(database)) == (2, False)
    execute(database, "alter table public.users add column nick text")
    succeed(project.ours(database, "baseline", "--to", "users@HEAD"))


def test_a_baseline_is_refused_where_a_history_has_begun(
    server15: TestServer, new_database: NewDatabase, project: Project, tmp_path: Path
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy", "--to", "app"))
    before = registry_rows(database), events(database)
    outcome = project.ours(database, "baseline", "--no-verify")
    assert outcome.code == 2
    assert 'has changes of "flipr" already: the last one is app' in outcome.stderr
    assert (registry_rows(database), events(database)) == before
    other = Project(tmp_path / "addon", "addon").change("extra", "flipr:app").save()
    execute(database, "create table public.extra (id int)")
    succeed(other.ours(database, "baseline"))
    assert [row[0] for row in registry_rows(database)["projects"]] == ["addon", "flipr"]


@pytest.mark.parametrize("requirement", ["flipr:nothing", "other:thing"])
def test_what_the_plan_requires_must_be_deployed(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path, requirement: str
) -> None:
    database = new_database(server15)
    project = Project(tmp_path / "addon", "addon").change("extra", requirement).save()
    outcome = project.ours(database, "baseline", "--no-verify")
    assert outcome.code == 2
    assert f"Missing required change: {requirement}" in outcome.stderr
    assert not has_registry(database)


def test_names_that_are_not_planned_are_refused(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    outcome = project.ours(database, "baseline", "--to", "nowhere")
    assert (outcome.code, outcome.stderr) == (2, 'Unknown change: "nowhere"\n')


def test_a_baseline_is_written_whole_or_not_at_all(
    server15: TestServer, new_database: NewDatabase, project: Project, tmp_path: Path
) -> None:
    """It is killed while it waits to write into a registry that another project has begun."""
    database = new_database(server15)
    other = Project(tmp_path / "addon", "addon").change("extra").save()
    succeed(other.ours(database, "deploy"))
    before = registry_rows(database), events(database)
    with psycopg.connect(database.conninfo) as holder:
        holder.execute("lock table sqitch.changes in share mode")
        with started(project, database, "baseline", "--no-verify") as process:
            wait_until(
                database,
                "exists (select from pg_locks where not granted"
                " and relation = 'sqitch.changes'::regclass)",
            )
            process.kill()
            process.wait()
    wait_until(
        database,
        "count(*) = 0 from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid()",
    )
    assert (registry_rows(database), events(database)) == before
    succeed(project.ours(database, "baseline", "--no-verify"))
    assert len(registry_rows(database)["changes"]) == 7

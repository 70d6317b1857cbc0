"""Old registries are brought up to date as sqitch does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.changes import Project, execute, query, registry_rows
from support.databases import Database
from support.interop import same, succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]

# What a registry looked like before releases were recorded, and between the two releases.
VERSION_0 = (
    "set search_path = sqitch; drop table releases; alter table changes drop script_hash;"
    "alter table events drop constraint events_event_check, add constraint events_event_check"
    " check (event in ('deploy', 'revert', 'fail'));"
    "comment on schema sqitch is 'Sqitch database deployment metadata.'"
)
VERSION_1_0 = (
    "set search_path = sqitch; update releases set version = 1.0;"
    "alter table changes drop constraint changes_project_script_hash_key, add unique (script_hash);"
    "comment on schema sqitch is 'Sqitch database deployment metadata v1.0.'"
)
CONSTRAINTS = (
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
    " where connamespace = 'sqitch'::regnamespace and contype <> 'n' order by 1, 2"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "shop", "shop")
    return project.change("customers").tag("v1").change("orders", "customers").save()


@pytest.mark.parametrize("old", [VERSION_0, VERSION_1_0], ids=["0", "1.0"])
def test_both_bring_an_old_registry_to_the_same_state(
    server15: TestServer, new_database: NewDatabase, project: Project, old: str
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    for database in (ours, theirs):
        succeed(project.ours(database, "deploy"))
        execute(database, old)
    assert project.ours(ours, "check").code == project.ours(ours, "revert", "-y").code == 2
    same(project.ours(ours, "upgrade"), project.theirs(theirs, "upgrade"))
    assert registry_rows(ours) == registry_rows(theirs)
    assert query(ours, CONSTRAINTS) == query(theirs, CONSTRAINTS)
    same(project.ours(ours, "upgrade"), project.theirs(ours, "upgrade"))
    same(project.ours(ours, "revert", "-y"), project.theirs(theirs, "revert", "-y"))


def test_an_upgrade_fits_registries_that_sqitch_upgraded_half(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    execute(database, VERSION_1_0)
    found = json.loads(project.ours(database, "upgrade", "--json").stdout)
    assert (found["before"], found["after"]) == ("1", "1.1")


@pytest.mark.parametrize("state", ["", "update sqitch.releases set version = 2"])
def test_what_can_not_be_upgraded_is_refused(
    server15: TestServer, new_database: NewDatabase, project: Project, state: str
) -> None:
    database = new_database(server15)
    if state:
        succeed(project.ours(database, "deploy"))
        execute(database, state)
    ours, theirs = project.ours(database, "upgrade"), project.theirs(database, "upgrade")
    assert ours.code == theirs.code == 2
    expected = "Please upgrade Sqitch" if state else "Have you ever deployed?"
    assert expected in ours.stderr
    assert query(database, "select to_regclass('sqitch.releases') is not null") == [(bool(state),)]

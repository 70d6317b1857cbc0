"""The registry is Sqitch's own: its tables to the last comment, its rows, its versions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.sqitch.status import status
from support.changes import Project, events, execute, query, registry_rows
from support.databases import Database
from support.registries import VERSION_0, VERSION_1_0
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "shop", "shop")
    project.change("customers", note="Who buys").change("orders", "customers !stock:old")
    project.tag("v1").change("invoices", "orders")
    return project.save("%uri=https://example.com/shop")


def schema_of(database: Database) -> str:
    """The registry's definition: tables, constraints, comments."""
    done = subprocess.run(
        [str(database.server.binaries / "pg_dump"), "--schema-only", "--schema=sqitch"],
        env=database.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


def test_the_registry_is_the_one_that_sqitch_makes(
    server: TestServer, new_database: NewDatabase, project: Project
) -> None:
    ours, theirs = new_database(server), new_database(server)
    assert project.ours(ours, "deploy").code == project.theirs(theirs, "deploy").code == 0
    assert schema_of(ours) == schema_of(theirs)
    assert schema_of(ours).count("COMMENT ON") == 56
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)


def test_another_schema_can_hold_the_registry(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    name = 'My "registry"'
    assert project.ours(database, "deploy", "--registry", name).code == 0
    found = query(database, 'select count(*) from "My ""registry""".changes')
    assert found == [(3,)]
    assert project.ours(database, "status", "--registry", name).code == 0
    assert project.theirs(database, "status", "--registry", name).code == 0
    assert project.ours(database, "status").code == 1


@pytest.mark.parametrize("old", [VERSION_0, VERSION_1_0], ids=["0", "1.0"])
def test_deploy_upgrades_an_old_registry_as_sqitch_does(
    server15: TestServer, new_database: NewDatabase, project: Project, old: str
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    for database in (ours, theirs):
        assert project.theirs(database, "deploy", "--to", "orders").code == 0
        execute(database, old)
    first, second = project.ours(ours, "deploy"), project.theirs(theirs, "deploy")
    assert first.code == second.code == 0
    assert first.stdout.replace(ours.name, "") == second.stdout.replace(theirs.name, "")
    assert schema_of(ours) == schema_of(theirs)
    assert registry_rows(ours) == registry_rows(theirs)


def test_an_old_registry_can_be_read_but_not_reverted(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    assert project.ours(database, "deploy").code == 0
    execute(database, VERSION_0)
    assert "Nothing to deploy (up-to-date)" in project.ours(database, "status").stdout
    for command in (("revert", "-y"), ("verify",)):
        outcome = project.ours(database, *command)
        assert outcome.code == 2
        assert outcome.stderr == (
            "Registry is at version 0 but latest is 1.1. "
            'Please run the "upgrade" command\n'
        )  # fmt: skip


def test_a_registry_whose_maker_died_is_completed(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    assert project.ours(database, "deploy", "--to", "orders").code == 0
    execute(database, "delete from sqitch.releases")
    assert project.ours(database, "deploy").code == 0
    assert registry_rows(database)["releases"] == [(pytest.approx(1.1), "Grace Hopper")]
    assert project.theirs(database, "verify").code == 0


@pytest.mark.parametrize("command", [("deploy",), ("revert", "-y"), ("verify",)])
def test_a_newer_registry_is_left_alone(
    server15: TestServer, new_database: NewDatabase, project: Project, command: tuple[str, ...]
) -> None:
    database = new_database(server15)
    assert project.ours(database, "deploy", "--to", "orders").code == 0
    execute(database, "update sqitch.releases set version = 2")
    before = registry_rows(database)
    outcome = project.ours(database, *command)
    assert outcome.code == 2
    assert outcome.stderr.startswith("Registry version is 2 but 1.1 is the latest known.")
    assert registry_rows(database) == before


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((), ("%uri=https://a.example/",), "with URI https://a.example/: already exists with NULL"),
        (("%uri=https://a.example/",), (), "without URI: already exists with URI https://a.ex"),
        (
            ("%uri=https://a.example/",),
            ("%uri=https://b.example/",),
            "with URI https://b.example/: already exists",
        ),
    ],
)
def test_a_project_keeps_its_uri(
    server15: TestServer,
    new_database: NewDatabase,
    project: Project,
    first: tuple[str, ...],
    second: tuple[str, ...],
    message: str,
) -> None:
    database = new_database(server15)
    assert project.save(*first).ours(database, "deploy").code == 0
    assert project.ours(database, "revert", "-y").code == 0
    project.save(*second)
    ours, theirs = project.ours(database, "deploy"), project.theirs(database, "deploy")
    assert ours == theirs
    assert ours.code == 2
    assert f'Cannot register "shop" {message}' in ours.stderr


def test_two_projects_cannot_have_one_uri(
    server15: TestServer, new_database: NewDatabase, project: Project, tmp_path: Path
) -> None:
    database = new_database(server15)
    assert project.ours(database, "deploy").code == 0
    other = Project(tmp_path / "other", "other").change("x")
    other.save("%uri=https://example.com/shop")
    outcome = other.ours(database, "deploy")
    assert outcome == other.theirs(database, "deploy")
    assert 'project "shop" already using that URI' in outcome.stderr


def test_the_library_reports_what_it_did(
    server: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server)
    plan = load_plan(project.folder / "sqitch.plan")
    assert not status(plan, database.conninfo).deployed
    person = Person("Tester", "tester@example.com")
    result = deploy(plan, database.conninfo, to="orders", person=person)
    assert [(each.name, each.action, each.ok) for each in result.changes] == [
        ("customers", "deploy", True),
        ("orders", "deploy", True),
    ]
    assert all(each.is_atomic and each.seconds > 0 for each in result.changes)
    found = status(plan, database.conninfo)
    assert [change.name for change in found.deployed] == ["customers", "orders"]
    assert [change.name for change in found.pending or ()] == ["invoices"]
    assert [tag.name for tag in found.tags] == ["@v1"]
    assert found.deployed[0].committer == person
    assert not found.is_current
    deploy(plan, database.conninfo, person=person)
    assert status(plan, database.conninfo).is_current

"""A dry run tells and checks everything, and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.changes import Project, events, execute, query, registry_rows, tables
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Four changes, the second tagged; the third is not one block."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").tag("v1").change("three", "two").change("four")
    project.write("three", "deploy", "create table public.three (id int);\nvacuum public.three;\n")
    return project.save()


@pytest.fixture
def database(server: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server)


@pytest.fixture
def database15(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


def test_a_dry_deploy_tells_every_script_and_makes_not_even_the_registry(
    database: Database, project: Project
) -> None:
    (project.folder / "verify" / "two.sql").unlink()
    told = project.ours(database, "deploy", "--dry-run", "--verify", "--to", "three")
    name = f"db:pg:{database.name}"
    assert (told.code, told.stderr) == (0, "Verify script verify/two.sql does not exist\n")
    assert told.stdout == (
        f"Dry run: nothing is written to {name}\n"
        f"Adding registry tables to {name}\n"
        f"Deploying changes through three to {name}\n"
        "  + one ...... deploy/one.sql verify/one.sql (one transaction)\n"
        "  + two @v1 .. deploy/two.sql (one transaction)\n"
        "  + three .... deploy/three.sql verify/three.sql (statement by statement)\n"
    )
    assert query(database, "select to_regnamespace('sqitch') is null") == [(True,)]
    assert tables(database) == set()


def test_a_dry_revert_asks_nothing_and_reverts_nothing(
    database15: Database, project: Project
) -> None:
    assert project.ours(database15, "deploy").code == 0
    before = (registry_rows(database15), events(database15), tables(database15))
    told = project.ours(database15, "revert", "--dry-run", "--to", "one")
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout.splitlines()[1:] == [
        f"Reverting changes to one from db:pg:{database15.name}",
        "  - four ..... revert/four.sql (one transaction)",
        "  - three .... revert/three.sql (one transaction)",
        "  - two @v1 .. revert/two.sql (one transaction)",
    ]
    assert (registry_rows(database15), events(database15), tables(database15)) == before


def test_a_dry_revert_refuses_what_could_not_be_reverted(
    database15: Database, project: Project
) -> None:
    assert project.ours(database15, "deploy").code == 0
    (project.folder / "revert" / "two.sql").unlink()
    told = project.ours(database15, "revert", "--dry-run")
    assert (told.code, "revert/two.sql" in told.stderr) == (2, True), told


def test_json_tells_what_would_happen(database15: Database, project: Project) -> None:
    told = json.loads(project.ours(database15, "deploy", "--dry-run", "--json").stdout)
    assert told["dry_run"] is True
    assert [(each["change"], each["action"], each["atomic"]) for each in told["changes"]] == [
        ("one", "deploy", True),
        ("two", "deploy", True),
        ("three", "deploy", False),
        ("four", "deploy", True),
    ]
    assert "ok" not in told["changes"][0]
    assert told["changes"][2]["scripts"] == [
        {"file": "deploy/three.sql", "runs": "statement by statement"}
    ]


def test_late_tags_are_not_written_by_a_dry_run(database15: Database, project: Project) -> None:
    assert project.ours(database15, "deploy").code == 0
    project.tag("v2").save()
    told = project.ours(database15, "deploy", "--dry-run")
    assert told.stdout.endswith("Nothing to deploy (up-to-date)\n")
    assert [row[1] for row in registry_rows(database15)["tags"]] == ["@v1"]


def test_an_old_registry_stays_old(database15: Database, project: Project) -> None:
    assert project.ours(database15, "deploy", "--to", "one").code == 0
    execute(
        database15,
        "alter table sqitch.changes drop column script_hash; drop table sqitch.releases",
    )
    told = project.ours(database15, "deploy", "--dry-run")
    assert told.code == 0, told
    assert "Upgrading the Sqitch registry from 0 to 1.1" in told.stdout
    assert "  + four ..... " in told.stdout
    assert query(database15, "select to_regclass('sqitch.releases') is null") == [(True,)]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("other", "Missing required change: other:base\n"),
        ("missing", "Deploy script deploy/four.sql does not exist\n"),
        ("meta", "deploy/four.sql:1: \\timing can only be run by psql, and there is none\n"),
        ("twin", 'Cannot log change "four": The deploy script is not unique\n'),
    ],
)
def test_what_a_run_would_refuse_a_dry_run_refuses(
    database15: Database, project: Project, spoil: str, message: str
) -> None:
    if spoil == "other":
        project.change("five", "other:base").save()
    elif spoil == "missing":
        (project.folder / "deploy" / "four.sql").unlink()
    elif spoil == "meta":
        project.write("four", "deploy", "\\timing on\n")
    else:
        project.write("four", "deploy", (project.folder / "deploy" / "three.sql").read_text())
    for arguments in (["deploy", "--dry-run"], ["deploy"]):
        told = project.ours(database15, *arguments, PATH="/nowhere")
        assert told.code == 2
        assert told.stderr.startswith(message)
        assert query(database15, "select to_regnamespace('sqitch') is null") == [(True,)]

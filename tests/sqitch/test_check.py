"""A check says what sqitch says; a full one tells everything that differs from the plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.changes import Project, execute, registry_rows
from support.databases import Database
from support.interop import URI, flipr, same, succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return flipr(tmp_path)


@pytest.fixture
def flipped(server15: TestServer, new_database: NewDatabase, project: Project) -> Database:
    """A database to which the whole plan was deployed."""
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    return database


def edit(project: Project, name: str = "lists", kind: str = "deploy") -> None:
    """Adds a comment to a script."""
    path = project.folder / kind / f"{name}.sql"
    path.write_text(path.read_text() + "-- edited\n")


def drift(project: Project, database: Database) -> list[tuple[str, str]]:
    """Kind and change of all that a full check finds."""
    found = json.loads(project.ours(database, "check", "--json").stdout)
    return [(each["kind"], each["change"]) for each in found["drift"]]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--from", "indexes"),
        ("--to", "flips"),
        ("app", "lists"),
        ("--to", "nowhere"),
        ("--quiet",),
    ],
)
def test_both_find_the_same_edited_script(
    flipped: Database, project: Project, arguments: tuple[str, ...]
) -> None:
    edit(project)
    same(project.ours(flipped, "check", *arguments), project.theirs(flipped, "check", *arguments))


def test_both_find_a_plan_that_became_shorter(flipped: Database, project: Project) -> None:
    del project.lines[-2:]
    project.save(URI)
    same(project.ours(flipped, "check"), project.theirs(flipped, "check"))
    assert project.ours(flipped, "check").code == 1


def test_both_are_content_with_what_was_just_deployed(flipped: Database, project: Project) -> None:
    outcome = project.ours(flipped, "check")
    same(outcome, project.theirs(flipped, "check"))
    assert (outcome.code, outcome.stdout.splitlines()[-1]) == (0, "Check successful")
    assert drift(project, flipped) == []


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("", "No registry found in"),
        ("update sqitch.releases set version = 1.0", "Registry is at version 1 but latest is 1.1"),
        ("update sqitch.releases set version = 2", "Registry version is 2 but 1.1 is the latest"),
    ],
)
def test_both_refuse_the_same_registries(
    server15: TestServer, new_database: NewDatabase, project: Project, state: str, message: str
) -> None:
    database = new_database(server15)
    if state:
        succeed(project.ours(database, "deploy", "--to", "app"))
        execute(database, state)
    outcome = project.ours(database, "check")
    same(outcome, project.theirs(database, "check"))
    assert outcome.code == 2
    assert message in outcome.stderr


def test_a_full_check_goes_on_after_the_first_edited_script(
    flipped: Database, project: Project
) -> None:
    edit(project, "app")
    edit(project, "lists")
    outcome = project.ours(flipped, "check", "--full")
    assert outcome.code == 1
    assert "app: deploy/app.sql was edited" in outcome.stdout
    assert "pgdocket sqitch repair --script-hash lists" in outcome.stdout
    assert outcome.stdout.endswith("Failed 2 checks\n")
    assert drift(project, flipped) == [("script_edited", "app"), ("script_edited", "lists @v2")]


def test_a_full_check_misses_scripts_that_are_gone(flipped: Database, project: Project) -> None:
    (project.folder / "revert" / "lists.sql").unlink()
    (project.folder / "deploy" / "app.sql").unlink()
    assert drift(project, flipped) == [("script_missing", "app"), ("script_missing", "lists @v2")]


def test_a_full_check_sees_an_edited_plan_behind_equal_scripts(
    flipped: Database, project: Project
) -> None:
    project.lines[5] = project.lines[5] + " # now with a note"
    project.save(URI)
    assert project.ours(flipped, "check").stdout.splitlines()[-1] == "Check successful"
    assert drift(project, flipped) == [
        ("plan_edited", "lists @v2"),
        ("plan_edited", "users"),
        ("plan_edited", "indexes @v3"),
    ]
    found = json.loads(project.ours(flipped, "check", "--json").stdout)
    assert "(note)" in found["drift"][0]["message"]
    assert "something before it" in found["drift"][1]["message"]
    assert found["divergence"]["common_ancestor"]["change"] == "flips"


def test_a_full_check_sees_changes_without_a_counterpart(
    flipped: Database, project: Project
) -> None:
    del project.lines[8:10]
    project.save(URI)
    assert drift(project, flipped) == [("not_in_plan", "indexes @v3")]


def test_a_full_check_sees_what_was_passed_over_and_out_of_order(
    flipped: Database, project: Project
) -> None:
    execute(
        flipped,
        "update sqitch.changes set committed_at = committed_at + interval '1 day'"
        " where change = 'flips'",
    )
    assert ("out_of_order", "flips @v1 @v1b") in drift(project, flipped)
    ids = {row[2]: row[0] for row in registry_rows(flipped)["changes"]}
    execute(
        flipped,
        f"delete from sqitch.dependencies where dependency_id = '{ids['lists']}';"
        f"delete from sqitch.tags where change_id = '{ids['lists']}';"
        f"delete from sqitch.changes where change_id = '{ids['lists']}'",
    )
    assert ("not_deployed", "lists @v2") in drift(project, flipped)


def test_a_full_check_compares_tags(flipped: Database, project: Project) -> None:
    execute(
        flipped,
        "delete from sqitch.tags where tag = '@v1b';"
        "update sqitch.tags set tag = '@old' where tag = '@v2';"
        "update sqitch.tags set tag_id = 'x' where tag = '@v3'",
    )
    assert drift(project, flipped) == [
        ("tag_missing", "flips @v1"),
        ("tag_missing", "lists @old"),
        ("tag_surplus", "lists @old"),
        ("tag_moved", "indexes @v3"),
    ]


def test_changes_still_to_come_are_no_drift(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy", "--to", "lists"))
    assert drift(project, database) == []
    assert project.ours(database, "check", "--full").code == 0


def test_a_check_of_nothing_says_so_as_sqitch_does(
    server15: TestServer, new_database: NewDatabase, project: Project, tmp_path: Path
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    other = Project(tmp_path / "other", "other").save()
    same(other.ours(database, "check"), other.theirs(database, "check"))
    same(other.ours(database, "verify"), other.theirs(database, "verify"))

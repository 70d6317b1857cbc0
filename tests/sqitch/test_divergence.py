"""A database that has left its plan is explained: what is common, what is beyond, the way out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.status import status
from support.changes import Project, deployed, execute, tables
from support.databases import Database
from support.interop import succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").tag("v1").change("three", "two").change("four")
    return project.save()


@pytest.fixture
def database(server15: TestServer, new_database: NewDatabase, project: Project) -> Database:
    """A database to which everything was deployed."""
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    return database


def branch(project: Project) -> None:
    """Another branch: after `two` the plan goes on with other changes."""
    del project.lines[3:]
    project.change("drei", "two").change("vier").save()


def follow(project: Project, database: Database, suggestion: str) -> None:
    """Types a suggested command, answering its question with yes."""
    words = shlex.split(suggestion)
    assert words[:2] == ["pgdocket", "sqitch"]
    succeed(project.ours(database, *words[2:], answer="y\n"))


@pytest.mark.parametrize("command", ["status", "deploy"])
def test_sqitchs_own_lines_come_first(database: Database, project: Project, command: str) -> None:
    branch(project)
    ours, theirs = project.ours(database, command), project.theirs(database, command)
    assert ours.code == theirs.code == 2
    assert ours.stderr.startswith(theirs.stderr)
    assert ours.stdout.splitlines()[:4] == theirs.stdout.splitlines()[:4]
    explanation = ours.stderr[len(theirs.stderr) :]
    assert "hint: last change in common: two @v1\n" in explanation
    assert "deployed beyond it: three, four\n" in explanation
    assert "planned instead: drei, vier\n" in explanation


def test_the_suggested_rebase_leads_to_the_plan(database: Database, project: Project) -> None:
    branch(project)
    error = json.loads(project.ours(database, "deploy", "--json").stderr)["error"]
    divergence = error["divergence"]
    assert divergence["common_ancestor"]["change"] == "two"
    assert [each["change"] for each in divergence["deployed"]] == ["three", "four"]
    assert [each["change"] for each in divergence["planned"]] == ["drei", "vier"]
    (suggestion,) = divergence["suggestions"]
    follow(project, database, suggestion["command"])
    assert deployed(database) == ["one", "two", "drei", "vier"]
    assert tables(database) == {"one", "two", "drei", "vier"}
    succeed(project.ours(database, "check", "--full"))


def test_the_suggested_repair_leads_to_a_plan_whose_past_was_edited(
    database: Database, project: Project
) -> None:
    project.lines[0] += " # A note"
    project.save()
    found = json.loads(project.ours(database, "status", "--json").stdout)
    assert found["is_diverged"]
    assert found["divergence"]["common_ancestor"] is None
    (suggestion,) = found["divergence"]["suggestions"]
    follow(project, database, suggestion["command"])
    succeed(project.theirs(database, "status"))
    assert "Nothing to deploy (up-to-date)" in project.theirs(database, "deploy").stdout


def test_a_missing_revert_script_is_part_of_the_advice(
    database: Database, project: Project
) -> None:
    branch(project)
    (project.folder / "revert" / "four.sql").unlink()
    assert "once revert/four.sql is back" in project.ours(database, "status").stderr


def test_an_ambiguous_name_is_suggested_by_its_id(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    database = new_database(server15)
    project = Project(tmp_path / "shop", "shop")
    project.change("one").tag("v1").change("one", "one@v1", table=False).change("two").save()
    for kind in ("deploy", "revert", "verify"):
        text = (project.folder / kind / "one.sql").read_text()
        (project.folder / kind / "one@v1.sql").write_text(text)
        project.write("one", kind, "begin; select 'again'; commit;")
    succeed(project.ours(database, "deploy"))
    del project.lines[3:]
    project.change("zwei").save()
    found = json.loads(project.ours(database, "status", "--json").stdout)["divergence"]
    assert f"--onto {found['common_ancestor']['change_id']} " in found["suggestions"][0]["command"]
    follow(project, database, found["suggestions"][0]["command"])
    assert deployed(database) == ["one", "one", "zwei"]


def test_another_plan_altogether_is_no_place_to_go(database: Database, project: Project) -> None:
    project.lines = []
    project.change("uno").save()
    outcome = project.ours(database, "deploy")
    assert "last change in common: none; is it the right database?" in outcome.stderr
    assert "pgdocket sqitch" not in outcome.stderr


def test_the_library_explains_a_divergence(database: Database, project: Project) -> None:
    branch(project)
    found = status(load_plan(project.folder / "sqitch.plan"), database.conninfo)
    assert found.is_diverged
    execute(database, "delete from sqitch.tags")
    assert found.deployed[-1].name == "four"


def test_a_revert_to_what_is_only_planned_is_explained(
    database: Database, project: Project
) -> None:
    branch(project)
    ours = project.ours(database, "revert", "-y", "--to", "drei")
    theirs = project.theirs(database, "revert", "-y", "--to", "drei")
    assert ours.code == theirs.code == 2
    assert ours.stderr.startswith(theirs.stderr)
    assert "hint: last change in common: two @v1\n" in ours.stderr
    assert len(deployed(database)) == 4


def test_a_revert_goes_back_to_what_is_common(database: Database, project: Project) -> None:
    """What the database has beyond the plan can be reverted: its rows and scripts are enough."""
    branch(project)
    succeed(project.ours(database, "revert", "-y", "--to", "two"))
    assert "Undeployed changes:\n  * drei\n  * vier\n" in project.ours(database, "status").stdout

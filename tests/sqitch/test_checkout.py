"""A checkout takes the database along to another branch, as sqitch does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support.changes import (
    Project,
    deployed,
    events,
    is_running,
    registry_rows,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.interop import same, succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


def git(project: Project, *arguments: str) -> str:
    """Runs git in the project's folder."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(
        ["git", *who, *arguments],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(project: Project, message: str) -> None:
    project.save()
    git(project, "add", "deploy", "revert", "verify", "sqitch.plan", "sqitch.conf")
    git(project, "commit", "-q", "-m", message)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Branches `main` and `other`, which part after the tag v1; main is checked out."""
    project = Project(tmp_path / "site", "site")
    project.change("pages").change("links", "pages").tag("v1").save()
    git(project, "init", "-q", "-b", "main")
    commit(project, "Begin")
    common = list(project.lines)
    git(project, "checkout", "-q", "-b", "other")
    commit(project.change("news", "links").change("feeds", "news"), "News")
    git(project, "checkout", "-q", "main")
    project.lines = common
    commit(project.change("shop", "links"), "Shop")
    return project


def test_both_go_to_the_other_branch_and_back(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    ours, theirs = new_database(server15), new_database(server15)
    for database in (ours, theirs):
        succeed(project.ours(database, "deploy"))
    first = project.ours(ours, "checkout", "-y", "--verify", "other")
    assert "Last change before the branches diverged: links @v1" in first.stdout
    git(project, "checkout", "-q", "main")
    same(first, project.theirs(theirs, "checkout", "-y", "--verify", "other"))
    assert git(project, "rev-parse", "--abbrev-ref", "HEAD") == "other"
    assert registry_rows(ours) == registry_rows(theirs)
    assert events(ours) == events(theirs)
    assert tables(ours) == tables(theirs) == {"pages", "links", "news", "feeds"}
    same(project.ours(ours, "checkout", "other"), project.theirs(theirs, "checkout", "other"))
    succeed(project.ours(theirs, "checkout", f"db:pg:{theirs.name}", "main", answer="yes\n"))
    assert deployed(theirs) == ["pages", "links", "shop"]


def test_silence_is_not_taken_for_yes(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    outcome = project.ours(database, "checkout", "other")
    assert outcome.code == 2
    assert "nobody is there to answer" in outcome.stderr
    outcome = project.ours(database, "checkout", "other", answer="n\n")
    assert outcome.code == 1
    assert git(project, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert deployed(database) == ["pages", "links", "shop"]


def test_a_checkout_that_was_killed_is_finished_by_a_deploy(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    git(project, "checkout", "-q", "other")
    path = project.folder / "deploy" / "feeds.sql"
    path.write_text(
        path.read_text().replace("begin;", "begin; select pg_advisory_xact_lock(4711);")
    )
    git(project, "commit", "-q", "-a", "-m", "Wait")
    git(project, "checkout", "-q", "main")
    with psycopg.connect(database.conninfo, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(4711)")
        with started(project, database, "checkout", "-y", "other") as process:
            wait_until(database, is_running("4711"))
            process.kill()
            process.wait()
    wait_until(database, "not " + is_running("4711"))
    assert git(project, "rev-parse", "--abbrev-ref", "HEAD") == "other"
    assert deployed(database) == ["pages", "links", "news"]
    assert project.ours(database, "checkout", "-y", "other").code == 1
    succeed(project.ours(database, "deploy", "--verify"))
    assert tables(database) == {"pages", "links", "news", "feeds"}


def test_what_git_would_not_do_is_refused_before_anything_is_reverted(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    plan = project.folder / "sqitch.plan"
    plan.write_text(plan.read_text() + "# my own note\n")
    outcome = project.ours(database, "checkout", "-y", "other")
    assert outcome.code == 2
    assert "sqitch.plan" in outcome.stderr
    assert deployed(database) == ["pages", "links", "shop"]
    assert project.ours(database, "checkout", "-y", "nowhere").code == 2


def test_branches_with_nothing_in_common_are_refused(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    git(project, "checkout", "-q", "-b", "alien")
    project.lines = []
    commit(project.change("alien"), "Alien")
    git(project, "checkout", "-q", "main")
    outcome = project.ours(database, "checkout", "-y", "alien")
    same(outcome, project.theirs(database, "checkout", "-y", "alien"))
    assert "Branch alien has no changes in common with current branch main" in outcome.stderr


def test_a_branch_has_to_be_named(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    database = new_database(server15)
    assert project.ours(database, "checkout", "-y", f"db:pg:{database.name}").code == 2
    assert "Unknown argument" in project.ours(database, "checkout", "other", "more").stderr

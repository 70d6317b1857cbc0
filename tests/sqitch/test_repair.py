"""Repairs: each is asked for, told, written as one, left in the events, and good for sqitch."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support.changes import (
    Project,
    deployed,
    events,
    execute,
    happened,
    query,
    registry_rows,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.interop import URI, flipr, replayed, succeed
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]
NOTES = (
    "select event, change, note from sqitch.events where note like 'repair:%' order by committed_at"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return flipr(tmp_path)


@pytest.fixture
def flipped(server15: TestServer, new_database: NewDatabase, project: Project) -> Database:
    """A database to which the whole plan was deployed."""
    database = new_database(server15)
    succeed(project.ours(database, "deploy"))
    return database


def edit(project: Project, name: str) -> None:
    path = project.folder / "deploy" / f"{name}.sql"
    path.write_text(path.read_text() + "-- edited\n")


def is_clean(project: Project, database: Database) -> None:
    """Asserts that neither program finds anything wrong, and both can go on working."""
    succeed(project.ours(database, "check", "--full"))
    for command in ("check", "verify", "log"):
        outcome = project.theirs(database, command)
        assert (outcome.code, outcome.stderr) == (0, ""), command
    assert "(up-to-date)" in project.theirs(database, "deploy").stdout


def test_an_edited_script_is_accepted_and_the_old_hash_kept_in_the_events(
    flipped: Database, project: Project
) -> None:
    edit(project, "lists")
    before = {row[2]: row[1] for row in registry_rows(flipped)["changes"]}
    outcome = succeed(
        project.ours(flipped, "repair", "--script-hash", "lists", "--reason", "a comment", "-y")
    )
    assert "lists @v2: hash of the deploy script was" in outcome.stdout
    ((event, change, note),) = query(flipped, NOTES)
    assert (event, change) == ("deploy", "lists")
    assert before["lists"] in note
    assert note.endswith("\n\na comment")
    is_clean(project, flipped)


def test_two_scripts_can_exchange_their_hashes(flipped: Database, project: Project) -> None:
    one, two = (project.folder / "deploy" / f"{name}.sql" for name in ("app", "lists"))
    first, second = one.read_text(), two.read_text()
    one.write_text(second)
    two.write_text(first)
    options = ("--script-hash", "app", "--script-hash", "lists")
    succeed(project.ours(flipped, "repair", *options, "-y"))
    is_clean(project, flipped)


def test_a_script_that_is_another_ones_too_is_refused(flipped: Database, project: Project) -> None:
    text = (project.folder / "deploy" / "app.sql").read_text()
    project.write("lists", "deploy", text)
    before = registry_rows(flipped), events(flipped)
    outcome = project.ours(flipped, "repair", "--script-hash", "lists", "-y")
    assert outcome.code == 2
    assert "The deploy script is not unique" in outcome.stderr
    assert (registry_rows(flipped), events(flipped)) == before


def test_ids_follow_an_edited_past_as_if_it_had_been_so_from_the_start(
    server15: TestServer, new_database: NewDatabase, flipped: Database, project: Project
) -> None:
    whens = query(flipped, "select change, committed_at from sqitch.changes order by 2")
    project.lines[0] = project.lines[0].replace("ünï", "another note")
    project.lines[5] += " # Lists"
    project.save(URI)
    succeed(project.ours(flipped, "repair", "--rewrite-ids", "-y"))
    fresh = new_database(server15)
    succeed(project.ours(fresh, "deploy"))
    assert registry_rows(flipped) == registry_rows(fresh)
    assert query(flipped, "select change, committed_at from sqitch.changes order by 2") == whens
    assert replayed(flipped) == {row[0] for row in registry_rows(flipped)["changes"]}
    is_clean(project, flipped)
    succeed(project.theirs(flipped, "revert", "-y"))
    assert tables(flipped) == set()


def test_other_projects_keep_their_hold_on_what_is_rewritten(
    flipped: Database, project: Project, tmp_path: Path
) -> None:
    addon = Project(tmp_path / "addon", "addon").change("extra", "flipr:flips flipr:users@v1")
    succeed(addon.save().ours(flipped, "deploy"))
    project.lines[0] += "!"
    project.save(URI)
    succeed(project.ours(flipped, "repair", "--rewrite-ids", "-y"))
    blocked = project.ours(flipped, "revert", "-y", "--to", "app")
    assert "required by currently deployed change: addon:extra" in blocked.stderr
    succeed(addon.theirs(flipped, "status"))
    succeed(addon.theirs(flipped, "revert", "-y"))


def test_a_renamed_change_is_renamed_in_the_registry(flipped: Database, project: Project) -> None:
    project.lines[8] = project.lines[8].replace("indexes", "keys", 1)
    for kind in ("deploy", "revert", "verify"):
        (project.folder / kind / "indexes.sql").rename(project.folder / kind / "keys.sql")
    project.save(URI)
    assert project.ours(flipped, "repair", "--rewrite-ids", "-y").code == 2
    succeed(project.ours(flipped, "repair", "--rename", "indexes=keys", "-y"))
    assert deployed(flipped)[-1] == "keys"
    assert [row[1] for row in registry_rows(flipped)["tags"]] == ["@v1", "@v1b", "@v2", "@v3"]
    assert [row[:2] for row in query(flipped, NOTES)] == [
        ("revert", "indexes"),
        ("deploy", "keys"),
        ("deploy", "keys"),
    ]
    is_clean(project, flipped)


def test_ids_are_not_rewritten_over_a_change_that_was_never_deployed(
    flipped: Database, project: Project
) -> None:
    project.lines.insert(1, project.lines[0].replace("app", "early", 1))
    project.save(URI)
    before = registry_rows(flipped), events(flipped)
    outcome = project.ours(flipped, "repair", "--rewrite-ids", "-y")
    assert outcome.code == 2
    assert "early is planned where users is deployed" in outcome.stderr
    assert (registry_rows(flipped), events(flipped)) == before


def test_a_change_that_is_gone_is_dropped(flipped: Database, project: Project) -> None:
    execute(flipped, "drop table public.indexes")
    del project.lines[8:]
    project.save(URI)
    succeed(project.ours(flipped, "repair", "--drop", "indexes", "-y"))
    assert deployed(flipped) == ["app", "users", "flips", "lists", "users"]
    assert happened(flipped)[-1] == ("revert", "indexes")
    assert replayed(flipped) == {row[0] for row in registry_rows(flipped)["changes"]}
    is_clean(project, flipped)


def test_a_hole_in_the_middle_is_pointed_out(flipped: Database, project: Project) -> None:
    execute(flipped, "delete from sqitch.dependencies")
    outcome = succeed(project.ours(flipped, "repair", "--drop", "lists", "-y"))
    assert "a deploy will not bring it back" in outcome.stderr
    assert (
        "lists @v2: planned earlier, but not deployed"
        in project.ours(flipped, "check", "--full").stdout
    )


def test_what_others_need_is_not_dropped(flipped: Database, project: Project) -> None:
    outcome = project.ours(flipped, "repair", "--drop", "flips", "-y")
    assert outcome.code == 2
    assert 'Change "flips @v1 @v1b" required by currently deployed' in outcome.stderr
    assert len(deployed(flipped)) == 6


def test_tags_become_those_of_the_plan(
    server15: TestServer, new_database: NewDatabase, flipped: Database, project: Project
) -> None:
    execute(flipped, "delete from sqitch.tags where tag = '@v1'")
    execute(flipped, "update sqitch.tags set tag = '@gone' where tag = '@v2'")
    execute(flipped, "update sqitch.tags set tag_id = 'x' where tag = '@v3'")
    succeed(project.ours(flipped, "repair", "--tags", "-y"))
    fresh = new_database(server15)
    succeed(project.ours(fresh, "deploy"))
    found, wanted = registry_rows(flipped), registry_rows(fresh)
    assert sorted(found["tags"]) == sorted(wanted["tags"])
    assert len(query(flipped, NOTES)) == 4
    is_clean(project, flipped)


def test_a_change_whose_rows_were_lost_is_recorded_once_it_is_verified(
    flipped: Database, project: Project
) -> None:
    succeed(project.ours(flipped, "repair", "--drop", "indexes", "-y"))
    assert project.ours(flipped, "deploy").code == 2  # its table is there already
    execute(flipped, "alter table public.indexes rename to nowhere")
    assert project.ours(flipped, "repair", "--record", "indexes", "-y").code == 2
    assert len(deployed(flipped)) == 5
    execute(flipped, "alter table public.nowhere rename to indexes")
    succeed(project.ours(flipped, "repair", "--record", "indexes", "-y"))
    is_clean(project, flipped)


def test_nothing_is_written_unasked(flipped: Database, project: Project) -> None:
    edit(project, "lists")
    before = registry_rows(flipped), events(flipped)
    options = ("repair", "--script-hash", "lists")
    dry = succeed(project.ours(flipped, *options, "--dry-run"))
    assert "hash of the deploy script was" in dry.stdout
    assert dry.stdout.endswith("Nothing was written (dry run)\n")
    assert project.ours(flipped, *options).code == 2
    for answer in ("\n", "no\n"):
        declined = project.ours(flipped, *options, answer=answer)
        assert declined.code == 1
        assert declined.stdout.endswith("[No] Nothing repaired\n")
    assert project.ours(flipped, "repair").code == 2
    assert (registry_rows(flipped), events(flipped)) == before
    succeed(project.ours(flipped, *options, answer="yes\n"))
    assert project.ours(flipped, *options).stdout == "Nothing to repair\n"


def test_a_repair_is_written_whole_or_not_at_all(flipped: Database, project: Project) -> None:
    """A repair that is killed while its last statement waits has done nothing."""
    edit(project, "lists")
    project.lines[0] += "!"
    project.save(URI)
    before = registry_rows(flipped), events(flipped)
    with psycopg.connect(flipped.conninfo) as holder:
        holder.execute("select from sqitch.changes where change = 'lists' for update")
        command = ("repair", "--script-hash", "lists", "--rewrite-ids", "-y")
        with started(project, flipped, *command) as process:
            wait_until(
                flipped,
                "exists (select from pg_stat_activity where datname = current_database()"
                " and wait_event_type = 'Lock')",
            )
            process.send_signal(signal.SIGKILL)
            process.wait()
    wait_until(
        flipped,
        "count(*) = 0 from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid()",
    )
    assert (registry_rows(flipped), events(flipped)) == before
    succeed(project.ours(flipped, *command))
    is_clean(project, flipped)


def test_a_repair_waits_for_a_deployment(flipped: Database, project: Project) -> None:
    edit(project, "lists")
    with psycopg.connect(flipped.conninfo, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(75474063)")
        options = ("--script-hash", "lists", "-y", "--lock-timeout", "0")
        outcome = project.ours(flipped, "repair", *options)
    assert outcome.code == 2
    assert "Timed out waiting" in outcome.stderr


def test_json_tells_each_step(flipped: Database, project: Project) -> None:
    edit(project, "lists")
    options = ("--script-hash", "lists", "--tags", "--json", "-y")
    found = json.loads(project.ours(flipped, "repair", *options).stdout)
    assert found["is_written"]
    assert [(each["action"], each["change"]) for each in found["repairs"]] == [
        ("script_hash", "lists @v2")
    ]

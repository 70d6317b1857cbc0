"""What goes wrong while deploying and reverting leaves the database as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.sqitch.results import RunFailed
from support.changes import (
    Project,
    deployed,
    events,
    happened,
    is_running,
    query,
    registry_rows,
    started,
    tables,
    wait_until,
)
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]
LOCK = 75474063


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Four changes, the second tagged."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").tag("v1").change("three", "two").change("four")
    return project.save()


@pytest.fixture
def database(server: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server)


@pytest.fixture
def database15(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


BROKEN = "begin;\ncreate table public.three (id int);\nselect nonsense;\ncommit;\n"


@pytest.mark.parametrize(
    ("mode", "left"), [("all", []), ("tag", ["one", "two"]), ("change", ["one", "two"])]
)
def test_a_broken_script_takes_back_what_the_mode_says(
    database: Database, project: Project, mode: str, left: list[str]
) -> None:
    project.write("three", "deploy", BROKEN)
    outcome = project.ours(database, "deploy", "--mode", mode)
    assert outcome.code == 2
    assert "  + three .... not ok\n" in outcome.stdout
    assert 'psql:deploy/three.sql:3: ERROR:  column "nonsense" does not exist' in outcome.stderr
    assert "LINE 3: select nonsense;\n               ^\n" in outcome.stderr
    assert "SQLSTATE:  42703" in outcome.stderr
    assert outcome.stderr.endswith("Deploy failed\n")
    assert ("Reverting all changes" in outcome.stderr) == (mode == "all")
    assert deployed(database) == left
    assert tables(database) == set(left)
    assert ("fail", "three") in happened(database)


def test_mode_tag_goes_back_to_the_last_tag(database: Database, project: Project) -> None:
    project.write("four", "deploy", BROKEN)
    outcome = project.ours(database, "deploy", "--mode", "tag")
    assert outcome.code == 2
    assert "Reverting to two @v1\n" in outcome.stderr
    assert deployed(database) == ["one", "two"]
    assert happened(database)[-2:] == [("fail", "four"), ("revert", "three")]


def test_what_an_earlier_run_deployed_stays(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy", "--to", "one").code == 0
    project.write("three", "deploy", BROKEN)
    outcome = project.ours(database, "deploy", "--mode", "all")
    assert "Reverting to one\n" in outcome.stderr
    assert deployed(database) == ["one"]


@pytest.mark.parametrize("is_atomic", [True, False])
def test_a_failed_verification_leaves_nothing_of_the_change(
    database: Database, project: Project, is_atomic: bool
) -> None:
    project.write("three", "verify", "begin; select 1 / 0; rollback;")
    option = "--atomic" if is_atomic else "--no-atomic"
    outcome = project.ours(database, "deploy", "--verify", "--mode", "change", option)
    assert outcome.code == 2
    assert 'Verify script "verify/three.sql" failed.' in outcome.stderr
    assert deployed(database) == ["one", "two"]
    assert tables(database) == {"one", "two"}
    assert happened(database)[-1] == ("fail", "three")


def test_both_programs_record_the_same_failures(
    server15: TestServer, new_database: NewDatabase, project: Project
) -> None:
    project.write("three", "verify", "begin; select 1 / 0; rollback;")
    first, second = new_database(server15), new_database(server15)
    ours = project.ours(first, "deploy", "--verify")
    theirs = project.theirs(second, "deploy", "--verify")
    assert ours.code == theirs.code == 2
    assert events(first) == events(second)
    assert registry_rows(first) == registry_rows(second)


def test_equal_scripts_are_refused_before_anything_happens(
    database15: Database, project: Project
) -> None:
    text = "begin;\nselect 1;\ncommit;\n"
    project.write("three", "deploy", text).write("four", "deploy", text)
    outcome = project.ours(database15, "deploy", "--mode", "change")
    assert outcome.code == 2
    assert 'Cannot log change "four": The deploy script is not unique' in outcome.stderr
    assert 'the same as that of "three"' in outcome.stderr
    assert query(database15, "select to_regnamespace('sqitch') is null") == [(True,)]
    project.write("three", "deploy", "begin;\nselect 3;\ncommit;\n")
    assert project.ours(database15, "deploy", "--to", "three").code == 0
    project.write("four", "deploy", "begin;\nselect 3;\ncommit;\n")
    assert project.ours(database15, "deploy").code == 2
    assert deployed(database15) == ["one", "two", "three"]


def test_missing_and_conflicting_changes_are_named_before_anything_happens(
    database: Database, project: Project
) -> None:
    project.change("five", "other:base other:@v2 !one").save()
    outcome = project.ours(database, "deploy")
    assert outcome.code == 2
    assert outcome.stderr == (
        "Conflicts with previously deployed change: one\n"
        "Missing required changes: other:base other:@v2\n"
    )
    assert tables(database) == set()
    assert query(database, "select to_regnamespace('sqitch') is null") == [(True,)]


def test_a_missing_script_is_named_before_anything_happens(
    database: Database, project: Project
) -> None:
    (project.folder / "deploy" / "four.sql").unlink()
    outcome = project.ours(database, "deploy")
    assert (outcome.code, outcome.stderr) == (2, "Deploy script deploy/four.sql does not exist\n")
    assert query(database, "select to_regnamespace('sqitch') is null") == [(True,)]


def test_a_script_for_psql_alone_is_refused_where_there_is_none(
    database15: Database, project: Project
) -> None:
    project.write("four", "deploy", "begin;\n\\timing on\ncommit;\n")
    outcome = project.ours(database15, "deploy", PATH="/nowhere")
    assert outcome.code == 2
    assert outcome.stderr.startswith("deploy/four.sql:2: \\timing can only be run by psql")
    assert query(database15, "select to_regnamespace('sqitch') is null") == [(True,)]


@pytest.mark.parametrize("command", [("deploy",), ("status",)])
def test_a_plan_that_is_not_the_deployed_one_is_refused_in_one_line(
    database: Database, project: Project, command: tuple[str, ...]
) -> None:
    assert project.ours(database, "deploy", "--to", "two").code == 0
    before = registry_rows(database)
    project.lines[1] = project.lines[1].replace("two", "deux")
    project.lines[3] = project.lines[3].replace("[two]", "[one]")
    project.scripts("deux", "select 1;", "select 1;", None).save()
    outcome = project.ours(database, *command)
    assert outcome.code == 2
    assert "Cannot find " in outcome.stderr
    assert "sqitch.plan" in outcome.stderr
    assert registry_rows(database) == before


def test_log_only_runs_no_script(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy", "--log-only").code == 0
    assert deployed(database) == ["one", "two", "three", "four"]
    assert tables(database) == set()
    assert project.ours(database, "revert", "-y", "--log-only", "--to", "one").code == 0
    assert deployed(database) == ["one"]
    assert project.ours(database, "deploy", "--log-only", "--verify").code == 2
    assert deployed(database) == ["one"]


def test_revert_without_an_answer_is_refused(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy").code == 0
    for answer in ("", "perhaps\n"):
        outcome = project.ours(database, "revert", answer=answer)
        assert outcome.code == 2
        assert "Refusing to revert all changes" in outcome.stderr
    assert deployed(database) == ["one", "two", "three", "four"]
    refused = project.ours(database, "revert", answer="no\n")
    assert (refused.code, refused.stdout[-17:]) == (1, "Nothing reverted\n")
    assert project.ours(database, "revert", "--to", "three").code == 0  # silence is a yes, as ever
    assert project.ours(database, "revert", answer="y\n").code == 0
    assert deployed(database) == []


def test_a_failed_revert_changes_nothing(database: Database, project: Project) -> None:
    assert project.ours(database, "deploy").code == 0
    project.write("three", "revert", "begin; drop table public.three; select 1 / 0; commit;")
    outcome = project.ours(database, "revert", "-y")
    assert outcome.code == 2
    assert "  - three .... not ok\n" in outcome.stdout
    assert deployed(database) == ["one", "two", "three"]
    assert tables(database) == {"one", "two", "three"}
    assert happened(database)[-1] == ("revert", "four")


def test_a_busy_lock_is_waited_for_and_named(database15: Database, project: Project) -> None:
    with psycopg.connect(database15.conninfo, autocommit=True) as other:
        other.execute(f"select pg_advisory_lock({LOCK})".encode())
        pid = other.info.backend_pid
        outcome = project.ours(database15, "deploy", "--lock-timeout", "1")
    assert outcome.code == 2
    target = f"db:pg:{database15.name}"
    assert outcome.stdout == (
        f"Blocked by another instance of Sqitch working on {target}; waiting 1 seconds...\n"
    )
    message, hint = outcome.stderr.splitlines()
    assert message == (
        f"Timed out waiting 1 seconds for another instance of Sqitch to finish work on {target}"
    )
    assert re.fullmatch(
        rf"    hint: it is pid {pid} \(unnamed, user \w+, idle for \d+ s\): .*", hint
    )
    assert query(database15, "select to_regnamespace('sqitch') is null") == [(True,)]


def test_deploy_goes_on_when_the_lock_is_free(database15: Database, project: Project) -> None:
    other = psycopg.connect(database15.conninfo, autocommit=True)
    other.execute(f"select pg_advisory_lock({LOCK})".encode())
    with started(project, database15, "deploy") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Blocked by another instance of Sqitch")
        other.close()
        assert process.wait(timeout=30) == 0
    assert deployed(database15) == ["one", "two", "three", "four"]


def test_the_real_program_waits_for_ours(database15: Database, project: Project) -> None:
    project.write(
        "two",
        "deploy",
        "begin; create table public.two (id int); select pg_advisory_xact_lock(4711); commit;",
    )
    gate = psycopg.connect(database15.conninfo, autocommit=True)
    gate.execute("select pg_advisory_lock(4711)")
    with started(project, database15, "deploy", "--to", "two") as process:
        wait_until(database15, is_running("pg_advisory_xact_lock(4711)"))
        blocked = project.theirs(database15, "deploy", "--lock-timeout", "1")
        assert blocked.code == 2
        assert "Timed out waiting 1 seconds" in blocked.stderr
        gate.close()
        assert process.wait(timeout=30) == 0
    assert project.theirs(database15, "deploy").code == 0
    assert deployed(database15) == ["one", "two", "three", "four"]


def test_json_tells_what_was_done_and_what_failed(database15: Database, project: Project) -> None:
    good = project.ours(database15, "deploy", "--json", "--to", "two", "--verify")
    assert good.code == 0
    told = json.loads(good.stdout)
    assert [(each["change"], each["action"], each["ok"]) for each in told["changes"]] == [
        ("one", "deploy", True),
        ("two", "deploy", True),
    ]
    project.write("three", "deploy", BROKEN)
    bad = project.ours(database15, "deploy", "--json", "--mode", "change")
    assert bad.code == 2
    failed = json.loads(bad.stdout)["changes"][-1]
    assert (failed["change"], failed["ok"]) == ("three", False)
    assert failed["error"]["sqlstate"] == "42703"
    assert (failed["error"]["file"], failed["error"]["line"]) == ("deploy/three.sql", "3")
    assert json.loads(bad.stderr.splitlines()[-1])["error"]["message"] == "Deploy failed"
    status = json.loads(project.ours(database15, "status", "--json").stdout)
    assert [each["change"] for each in status["pending"]] == ["three", "four"]
    log = json.loads(project.ours(database15, "log", "--json").stdout)
    assert [each["event"] for each in log] == ["fail", "deploy", "deploy"]


def test_the_library_raises_with_what_was_done(database: Database, project: Project) -> None:
    project.write("three", "deploy", BROKEN)
    plan = load_plan(project.folder / "sqitch.plan")
    with pytest.raises(RunFailed) as caught:
        deploy(plan, database.conninfo, person=Person("Tester", "t@example.com"))
    told = [(each.name, each.action, each.ok) for each in caught.value.changes]
    assert told == [
        ("one", "deploy", True),
        ("two", "deploy", True),
        ("three", "deploy", False),
        ("two", "revert", True),
        ("one", "revert", True),
    ]
    assert caught.value.sqlstate == "42703"

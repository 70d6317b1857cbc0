"""`--sql` writes the script that does what a run does, and psql can run it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from pgdocket.sqitch.deploy import DeployOptions, deploy, deploy_job
from pgdocket.sqitch.engine import Job, make_job
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.sqitch.revert import RevertOptions, revert_job
from pgdocket.sqitch.sql_script import SqlScript
from support.changes import (
    Outcome,
    Project,
    deployed,
    events,
    execute,
    query,
    registry_rows,
    tables,
)
from support.databases import Database
from support.interop import URI, flipr
from support.registries import VERSION_0, VERSION_1_0
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]
WHO = Person("Grace Hopper", "grace@example.com")

FANCY = r"""
\set owner 'O''Brien \\ :x'
begin;
create table public.three (id int, name text default :'owner', parts int[]);
create function public.tell() returns text language sql
begin atomic
    select case when true then 'a;b' else $q$;$q$ end;
end;
copy public.three (id, name) from stdin;
1	one:two
2	back\\slash;'
\.
select 1 \; select 2;
insert into public.three (id, parts) select 3, (array[1, 2, 3])[1:2] where :'label' = 'yes'
-- a comment; at the end
\g
\if :{?label}
\echo 'it''s' "labelled" :label
set local search_path = pg_temp
\endif
;
commit;
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Five changes: one is rich in syntax, one is no block, one rewrites the session."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one", note="It's the first").change("two", "one").tag("v1").tag("v1b")
    project.change("three", "two !other:nothing").change("four", "three").change("five")
    project.write("three", "deploy", FANCY)
    project.write("three", "revert", "begin; drop function public.tell();"
                                     " drop table public.three; commit;")  # fmt: skip
    project.write(
        "four",
        "deploy",
        "set search_path = public;\ncreate table four (id int);\n"
        "create index concurrently four_id on four (id);\nset role pg_read_all_data;\n",
    )
    project.write("four", "verify", "select 1 / count(*) from four_id")
    project.write("four", "verify", "select * from public.four;set search_path = nowhere")
    return project.save("%uri=https://example.com/shop")


@pytest.fixture
def database(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


def run_psql(database: Database, file: Path, *more: str) -> Outcome:
    """Runs a script as its head says."""
    done = subprocess.run(
        [database.server.binaries / "psql", "--no-psqlrc", *more, "--file", str(file)],
        cwd="/",
        env=database.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def schema(database: Database) -> str:
    """The schema and the rows of public, as pg_dump writes them."""
    dump = [str(database.server.binaries / "pg_dump"), "--schema", "public", "--inserts"]
    done = subprocess.run(
        dump, env=database.environment, capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in done.stdout.splitlines() if "restrict" not in line)


def state(database: Database) -> list[object]:
    return [registry_rows(database), events(database), tables(database), schema(database)]


SET = ("--set", "label=yes")


def test_the_script_does_what_the_run_does(
    server: TestServer, new_database: NewDatabase, project: Project, tmp_path: Path
) -> None:
    by_run, by_script = new_database(server), new_database(server)
    file = tmp_path / "deploy.sql"
    written = project.ours(by_script, "deploy", "--verify", *SET, "--sql", str(file))
    assert (written.code, written.stderr) == (0, "")
    assert written.stdout == f"Wrote 5 changes to {file}\n"
    assert query(by_script, "select to_regnamespace('sqitch') is null") == [(True,)]
    run = project.ours(by_run, "deploy", "--verify", *SET)
    assert run.code == 0, run
    done = run_psql(by_script, file)
    assert (done.code, done.stderr) == (0, "")
    assert 'it\'s "labelled" yes\n' in done.stdout
    assert 'it\'s "labelled" yes\n' in run.stdout
    assert state(by_run) == state(by_script)
    if server.version == 15:
        found = project.theirs(by_script, "status")
        assert found.stdout.endswith("Nothing to deploy (up-to-date)\n")

    # And back, to the tag.
    file = tmp_path / "revert.sql"
    assert project.ours(by_script, "revert", "--to", "@v1", "--sql", str(file)).code == 0
    assert deployed(by_script) == ["one", "two", "three", "four", "five"]
    done = run_psql(by_script, file)
    assert (done.code, done.stderr) == (0, "")
    assert project.ours(by_run, "revert", "-y", "--to", "@v1").code == 0
    assert state(by_run) == state(by_script)


def test_a_script_is_only_for_the_state_it_was_made_for(
    database: Database, project: Project, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.sql", tmp_path / "second.sql"
    assert project.ours(database, "deploy", "--to", "two", "--sql", str(first)).code == 0
    assert run_psql(database, first).code == 0
    again = run_psql(database, first)
    assert again.code == 3
    assert "This script is for a database without a registry" in again.stderr
    assert project.ours(database, "deploy", *SET, "--sql", str(second)).code == 0
    assert project.ours(database, "revert", "-y", "--to", "one").code == 0
    late = run_psql(database, second)
    assert late.code == 3
    assert "This script is for another state of this database" in late.stderr
    assert "2 changes of shop are deployed, the last one is" in late.stderr
    assert deployed(database) == ["one"]
    whole = run_psql(database, second, "--single-transaction")
    assert whole.code == 3
    assert "invalid transaction termination" in whole.stderr


def test_a_script_waits_for_the_lock_of_deployments(
    database: Database, project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "deploy.sql"
    line = ["deploy", "--to", "two", "--lock-timeout", "1", "--sql", str(file)]
    assert project.ours(database, *line).code == 0
    with psycopg.connect(database.conninfo, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(75474063)")
        done = run_psql(database, file)
    assert (done.code, "lock timeout" in done.stderr) == (3, True)
    assert tables(database) == set()


def test_a_failure_takes_its_change_back_and_ends_the_script(
    database: Database, project: Project, tmp_path: Path
) -> None:
    project.write("two", "verify", "select 1 / 0;")
    file = tmp_path / "deploy.sql"
    assert project.ours(database, "deploy", "--verify", *SET, "--sql", str(file)).code == 0
    done = run_psql(database, file)
    assert (done.code, "division by zero" in done.stderr) == (3, True)
    assert (deployed(database), tables(database)) == (["one"], {"one"})


def test_an_open_transaction_fails_in_the_script_too(
    database: Database, project: Project, tmp_path: Path
) -> None:
    project.write("two", "deploy", "begin;\ncreate table public.two (id int);\n")
    file = tmp_path / "deploy.sql"
    assert project.ours(database, "deploy", "--to", "two", "--sql", str(file)).code == 0
    assert run_psql(database, file).code == 3
    assert (deployed(database), tables(database)) == (["one"], {"one"})


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("select 1 as a \\gset\nselect :a;\n", "\\gset"),
        ("begin;\nselect 'x';\n\\timing\ncommit;\n", "\\timing"),
    ],
)
def test_what_only_a_run_can_tell_is_not_written_out(
    database: Database, project: Project, tmp_path: Path, text: str, what: str
) -> None:
    project.write("two", "deploy", text)
    file = tmp_path / "deploy.sql"
    told = project.ours(database, "deploy", "--sql", str(file))
    assert told.code == 2
    assert f"{what} can't be written out" in told.stderr
    assert not file.exists()


def test_standard_output_gets_nothing_but_the_script(database: Database, project: Project) -> None:
    told = project.ours(database, "deploy", "--to", "one", "--sql", "-")
    assert told.stdout.startswith("-- Written by pgdocket")
    assert told.stdout.count("insert into") == 4  # release, project, change and event
    assert "create table public.one (id int);" in told.stdout
    assert told.stdout.endswith("commit;\n")
    execute(database, "select 1")
    shown = project.ours(database, "deploy", "--to", "one", "--sql", "/nowhere/x.sql", "--json")
    assert json.loads(shown.stderr)["error"]["message"].startswith("Cannot write /nowhere/x.sql")


def by_script(database: Database, project: Project, work: Callable[[Job], object]) -> None:
    """Does the work by the script that is written for it."""
    script = SqlScript()
    work(replace(job(database, project), rehearsal=script.rehearse))
    file = project.folder / "script.sql"
    file.write_text(script.text)
    done = run_psql(database, file)
    assert (done.code, done.stderr) == (0, ""), script.text


def job(database: Database, project: Project, registry: str = "sqitch") -> Job:
    made = make_job(load_plan(project.folder / "sqitch.plan"), database.conninfo, person=WHO)
    return replace(made, target=replace(made.target, registry=registry))


@pytest.mark.parametrize("done", range(7))
def test_from_every_point_on_run_and_script_agree(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path, done: int
) -> None:
    project = flipr(tmp_path)
    first, second = new_database(server15), new_database(server15)
    plan = load_plan(project.folder / "sqitch.plan")
    if done:
        for database in (first, second):
            deploy(plan, database.conninfo, to=plan.changes[done - 1].id, person=WHO)
        project.tag("late").save(URI)
    deploy_job(job(first, project), DeployOptions())
    by_script(second, project, lambda each: deploy_job(each, DeployOptions()))
    assert state(first) == state(second)
    if done:
        to = plan.changes[done - 1].id
        revert_job(job(first, project), RevertOptions(to))
        by_script(second, project, lambda each: revert_job(each, RevertOptions(to)))
        assert state(first) == state(second)


@pytest.mark.parametrize("old", [VERSION_0, VERSION_1_0], ids=["0", "1.0"])
def test_a_script_upgrades_an_old_registry(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path, old: str
) -> None:
    project = flipr(tmp_path)
    first, second = new_database(server15), new_database(server15)
    for database in (first, second):
        deploy(load_plan(project.folder / "sqitch.plan"), database.conninfo, to="app", person=WHO)
        execute(database, old)
    deploy_job(job(first, project), DeployOptions())
    by_script(second, project, lambda each: deploy_job(each, DeployOptions()))
    assert state(first) == state(second)


def test_the_registry_may_have_any_name(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    project, database = flipr(tmp_path), new_database(server15)
    script = SqlScript()
    named = job(database, project, registry='My "{registry}"')
    deploy_job(replace(named, rehearsal=script.rehearse), DeployOptions())
    (tmp_path / "script.sql").write_text(script.text)
    done = run_psql(database, tmp_path / "script.sql")
    assert (done.code, done.stderr) == (0, "")
    assert query(database, 'select count(*) from "My ""{registry}""".changes') == [(6,)]

"""The full cycle: what a revert leaves, and what a second deployment makes otherwise, is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pgdocket.sqitch.cycle_guard import shared_statements
from pgdocket.sqitch.engine import make_job
from pgdocket.sqitch.plan import load_plan
from support.changes import Project, query, tables
from support.databases import Database
from support.outcomes import Outcome
from support.servers import TestServer


@pytest.fixture
def database(server15: TestServer, new_database: Callable[[TestServer], Database]) -> Database:
    return new_database(server15)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop", "shop").change("a").save()


def block(statements: str) -> str:
    return f"begin;\n{statements}\ncommit;\n"


def add(project: Project, deploy: str, revert: str, verify: str) -> Project:
    """Adds a change `b` with these statements."""
    project.change("b", "a", table=False)
    return project.scripts("b", block(deploy), block(revert), verify).save()


def is_left(told: Outcome, database: Database) -> bool:
    """Whether the database that the cycle was tried in is still there."""
    found = re.search(r"^Cycling in (pgdocket_scratch_\w+), ", told.stdout)
    assert found, told.stdout
    present = {name for (name,) in query(database, "select datname from pg_database")}
    return found[1] in present


LOOK = "select 1 / count(*) from pg_proc where proname = 'f';\n"
MAKE = "create function public.f() returns int language sql as 'select 1';"
DROP = "drop function public.f();"


def test_changes_that_undo_themselves_pass_and_nothing_is_left(
    project: Project, database: Database
) -> None:
    add(project, MAKE, DROP, LOOK)
    told = project.ours(database, "cycle")
    assert told.code == 0, told.stdout + told.stderr
    first, *lines = told.stdout.splitlines()
    assert first.startswith("Cycling in pgdocket_scratch_")
    assert first.endswith(f"a database made beside db:pg:{database.name}")
    assert lines == ["  * a .. ok", "  * b .. ok", "Cycle successful: 2 changes"]
    assert not is_left(told, database)
    assert tables(database) == set()


def test_the_targets_own_database_is_not_touched(project: Project, database: Database) -> None:
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute("create table public.a (mine int); insert into public.a values (1)")
    assert project.ours(database, "cycle").code == 0
    assert query(database, "select mine from public.a") == [(1,)]
    assert query(database, "select to_regnamespace('sqitch') is null") == [(True,)]


LEFTOVERS = {
    "relation public.t": ("create table public.t (); create view public.v as select 1;",
                          "drop view public.v;"),
    "comment on table public.a": ("comment on table public.a is 'mine';", ""),
    "owner and rights of relation public.a": ("grant select on public.a to public;", ""),
    "column public.a.id": ("alter table public.a alter id set not null;", ""),
    "constraint public.a.c": ("alter table public.a add constraint c check (id > 0);", ""),
    "index public.i": ("create index i on public.a (id);", ""),
    "type public.mood": ("create type public.mood as enum ('calm');", ""),
    "type public.d": ("create domain public.d as int check (value > 0);", ""),
    "sequence public.r": ("create sequence public.s;", "alter sequence public.s rename to r;"),
    "relation public.a": ("alter table public.a enable row level security;", ""),
    "policy public.a.p": ("create policy p on public.a using (true);", ""),
    "trigger public.a.g": ("create trigger g before update on public.a for each row"
                           " execute function suppress_redundant_updates_trigger();", ""),
    "extension hstore": ("create extension hstore;", ""),
    "default rights postgres r": ("alter default privileges grant select on tables to public;", ""),
    "owner and rights of schema public": ("revoke usage on schema public from public;", ""),
    "operator public.===(integer,integer)": ("create operator public.=== (leftarg = int,"
                                             " rightarg = int, function = int4eq);", ""),
    "column public.a.id2": ("alter table public.a add column id2 int;",
                            "alter table public.a drop column id;"),
}  # fmt: skip


def test_what_a_revert_leaves_or_takes_is_shown(project: Project, database: Database) -> None:
    ignored = "do $$ begin {} exception when others then null; end $$;"
    for at, (deploy, revert) in enumerate(LEFTOVERS.values()):
        # What is left is in the way of deploying again; that is not what is looked at here.
        name, tried = f"c{at}", ignored.format(deploy) + f" -- {at}"
        project.change(name, table=False).scripts(name, block(tried), block(revert), "select 1;")
    project.change("good").save()
    told = project.ours(database, "cycle", "--json")
    assert told.code == 1
    first, *found, last = json.loads(told.stdout)["changes"]
    assert first["ok"]
    assert last["ok"]
    assert len(found) == len(LEFTOVERS)
    for thing, change in zip(LEFTOVERS, found, strict=True):
        assert change["problem"] == "Reverting it does not leave the schema as it was", thing
        assert thing in [line[1:] for line in change["difference"]], change


def test_things_that_differ_in_nothing_but_their_ids_are_the_same(
    project: Project, database: Database
) -> None:
    deploy = (
        "create table public.t (id serial primary key, a int references public.t, b text);"
        "alter table public.a add column n int; grant select on public.a to public;"
    )
    revert = (
        "drop table public.t; revoke select on public.a from public;"
        "alter table public.a drop column n;"
    )
    add(project, deploy, revert, "select n from public.a;")
    told = project.ours(database, "cycle")
    assert told.code == 0, told.stdout


def test_a_second_deployment_that_makes_something_else_is_shown(
    project: Project, database: Database
) -> None:
    # The first run leaves a trace where the catalog is not looked at: a large object.
    deploy = (
        "do $$ begin if exists (select from pg_largeobject_metadata) then"
        " create table public.t (second int); else create table public.t (first int);"
        " perform lo_create(0); end if; end $$;"
    )
    add(project, deploy, "drop table public.t;", "select * from public.t;")
    told = project.ours(database, "cycle")
    assert told.code == 1
    assert "# Deploying it again does not make the same schema" in told.stdout
    assert "    -column public.t.first" in told.stdout
    assert "    +column public.t.second" in told.stdout


@pytest.mark.parametrize(
    ("deploy", "revert", "verify", "says", "why"),
    [
        ("select 1 / 0;", DROP, LOOK, "Deploying it failed", "division by zero"),
        ("select 1;", DROP, LOOK, "Deploying it failed", 'Verify script "verify/b.sql" failed.'),
        (MAKE, "select 1 / 0;", LOOK, "Reverting it failed", "division by zero"),
        (MAKE, "select 1;", LOOK, "Deploying it again failed", "already exists"),
    ],
)
def test_a_script_that_fails_ends_the_cycle(
    deploy: str, revert: str, verify: str, says: str, why: str, project: Project, database: Database
) -> None:
    add(project, deploy, revert, verify).change("c").save()
    told = project.ours(database, "cycle")
    assert told.code == 1
    assert f"  * b .. # {says}\nnot ok\n" in told.stdout
    assert why in told.stderr
    assert told.stdout.splitlines()[-1] == "Cycle failed: 1 of 2 changes, 1 not tried"
    assert not is_left(told, database)


def test_a_verify_script_that_passes_without_its_change_is_named(
    project: Project, database: Database
) -> None:
    add(project, MAKE, DROP, "select false;")
    told = project.ours(database, "cycle")
    assert told.code == 0
    assert "its verify script passes without it" in told.stderr
    assert "1 verified without being there" in told.stdout


def test_reworked_changes_go_through_the_cycle(project: Project, database: Database) -> None:
    make = "create or replace function public.f() returns int language sql as 'select {}';"
    add(project, make.format(1), DROP, LOOK)
    project.scripts("b@v1", block(make.format(1)), block(DROP), LOOK)
    project.tag("v1").change("b", "b@v1", table=False).save()
    project.scripts("b", block(make.format(2)), block(make.format(1)), LOOK)
    told = project.ours(database, "cycle")
    assert told.code == 0, told.stdout + told.stderr
    assert [line.split()[-1] for line in told.stdout.splitlines()[1:4]] == ["ok", "ok", "ok"]


def test_a_registry_among_other_tables_is_left_out_alone(
    project: Project, database: Database
) -> None:
    add(project, "comment on table public.a is 'mine';", "select 1;", "select 1;")
    told = project.ours(database, "cycle", "--registry", "public")
    assert "  * a .. ok" in told.stdout
    assert "    +comment on table public.a\n    +    mine\n" in told.stdout
    assert "public.changes" not in told.stdout


def test_json_has_the_difference(project: Project, database: Database) -> None:
    add(project, MAKE.replace("create", "create or replace"), "select 1;", "select 1;")
    told = project.ours(database, "cycle", "--json")
    assert told.code == 1
    report = json.loads(told.stdout)
    assert (report["ok"], report["skipped"]) == (False, 0)
    first, second = report["changes"]
    assert (first["change"], first["ok"], first["problem"]) == ("a", True, None)
    assert second["problem"] == "Reverting it does not leave the schema as it was"
    assert "+routine public.f()" in second["difference"]
    assert second["verify_passes_without_change"]


def test_it_goes_as_far_as_it_is_told(project: Project, database: Database) -> None:
    add(project, "select 1 / 0;", DROP, LOOK)
    assert project.ours(database, "cycle", "--to", "a").stdout.endswith("successful: 1 change\n")
    assert project.ours(database, "cycle", "--to", "z").code == 2


# --- What the whole server shares ------------------------------------------------------------


SHARED = (
    "create role cycle_test;",
    "drop owned by postgres;",
    "alter database postgres set work_mem = '1MB';",
    "grant pg_monitor to pg_signal_backend;",
    "revoke pg_monitor from pg_signal_backend;",
    "comment on role postgres is 'it';",
    "do $$ begin create role cycle_test; end $$;",
    "do $$ begin execute format('drop role if exists %I', 'cycle_test'); end $$;",
    "do $$ begin execute 'grant pg_monitor to ' || current_user; end $$;",
)
OWN = (
    "grant select on public.a to public; revoke all on public.a from public;",
    "create table public.users (role text); comment on table public.users is 'drop role';",
    "do $$ begin perform 'drop'; perform 'role'; grant select on public.a to public; end $$;",
    "create function public.g() returns void language plpgsql as $$ begin drop role x; end $$;",
    "alter default privileges grant select on tables to public;",
    "revoke grant option for select on public.a from public;",
    "-- drop role x",
)


def shared(project: Project, statement: str) -> list[str]:
    """What is found in the revert script of a change: lines and words."""
    add(project, MAKE, f"{DROP}\n{statement}", LOOK)
    plan = load_plan(project.folder / "sqitch.plan")
    job = make_job(plan, "dbname=nowhere")
    found = list(shared_statements(job, plan.changes))
    assert {path.name for path, _, _ in found} <= {"b.sql"}
    return [f"{line} {what}" for _, line, what in found]


@pytest.mark.parametrize("statement", SHARED)
def test_a_script_that_changes_what_databases_share_is_found(
    statement: str, project: Project
) -> None:
    [place] = shared(project, statement)
    assert place.startswith("3 ")


@pytest.mark.parametrize("statement", OWN)
def test_what_only_looks_like_it_is_left_alone(statement: str, project: Project) -> None:
    assert shared(project, statement) == []


def test_it_is_refused_before_anything_is_made(project: Project, database: Database) -> None:
    add(project, MAKE, f"{DROP}\n{SHARED[0]}", LOOK)
    told = project.ours(database, "cycle")
    assert (told.code, told.stdout) == (2, "")
    assert told.stderr.startswith(
        "revert/b.sql:3: create role would change what the other databases of the server use"
    )
    assert "--scratch" in told.stderr


def test_roles_are_tried_on_a_server_of_ones_own(
    project: Project, database: Database, server18: TestServer
) -> None:
    add(project, "create role cycle_test;", "drop role cycle_test;", "set role cycle_test;")
    left = "do $$ begin create role left_here; exception when duplicate_object then end $$;"
    project.change("c", table=False).scripts("c", block(left), block(""), "set role left_here;")
    told = project.save().ours(database, "cycle", "--scratch", PG_BIN=str(server18.binaries))
    assert told.stdout.startswith("Cycling in a server of its own (PostgreSQL ")
    assert "  * b .. ok\n  * c .. # Reverting it does not leave" in told.stdout
    assert "    +role left_here" in told.stdout
    assert query(database, "select count(*) from pg_roles where rolname = 'cycle_test'") == [(0,)]


def test_shared_lets_them_be(project: Project, database: Database) -> None:
    statement = f"create role r_{database.name}; drop role r_{database.name};"
    add(project, MAKE + statement, DROP, LOOK)
    told = project.ours(database, "cycle", "--shared")
    assert told.code == 0, told.stdout + told.stderr


def test_who_may_not_create_databases_is_told_in_one_line(
    project: Project, database: Database, server15: TestServer
) -> None:
    role = f"r_{database.name}"
    server15.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    try:
        told = project.ours(database, "cycle", PGUSER=role)
    finally:
        server15.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))
    assert told.code == 2
    assert told.stderr.splitlines()[-1] == "permission denied to create database"


def test_what_a_killed_cycle_has_left_is_named(project: Project, database: Database) -> None:
    name = f"pgdocket_scratch_{database.name}"
    create = sql.SQL("create database {}").format(sql.Identifier(name))
    database.server.execute(create)
    try:
        told = project.ours(database, "cycle")
    finally:
        drop = sql.SQL("drop database {}").format(sql.Identifier(name))
        database.server.execute(drop)
    assert told.code == 0
    assert f"{name} was left by a cycle that was killed" in told.stderr


def test_an_open_connection_does_not_keep_the_trials_database(
    project: Project, database: Database
) -> None:
    add(project, MAKE, "select pg_terminate_backend(pg_backend_pid());", LOOK)
    told = project.ours(database, "cycle")
    assert told.code != 0
    assert not is_left(told, database)

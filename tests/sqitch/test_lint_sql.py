"""The linter on SQL: verify scripts that can't fail, and DDL that holds up others."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.changes import Project
from support.linting import block, deployed_by, found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop", "shop")


# --- Verify scripts that can't fail ----------------------------------------------------------

CAN_FAIL = (
    "select 1 / count(*) from pg_class where relname = 't';",
    "select id from t where false;",
    "select * from a.t, b.u;",
    "select 1 from pg_class as c join app.settings as s on true;",
    "select 't'::regclass;",
    "select cast('t' as regclass);",
    "select has_table_privilege('t', 'select');",
    "select pg_catalog.has_schema_privilege('app', 'usage');",
    "select app.answer(1);",
    "select answer();",
    "select 'high'::app.priority;",
    "select case when count(*) = 1 then '1' else 'missing' end::int from pg_class;",
    "do $$ begin assert (select count(*) from pg_roles) > 1, 'none'; end $$;",
    "do $$ begin if true then raise exception 'no'; end if; end $$;",
    "do $$ begin perform 1 from t; end $$;",
    "insert into t values (1);",
    "set local role app;",
    "with x as (select 1 from app.t) select count(*) from x;",
    "select 1 from only t;",
    "select 1 from pg_stat_statements;",
    "select count(*) from :schema.t;",
    "table t;",
    "explain select 1 from t;",
    "select current_setting('app.user');",
    "select 1 where exists (select from t);",
)
CANNOT_FAIL = (
    "select false;",
    "select 1 from pg_class where relname = 't';",
    "select 1 from pg_catalog.pg_class, pg_catalog.pg_namespace where false;",
    "select count(*) = 1 from information_schema.tables where table_name = 't / u';",
    "select to_regclass('t') is not null;",
    "select exists (select 1 from pg_proc where proname = 'answer()');",
    "with found as (select 1 from pg_class) select count(*) from found;",
    "do $$ begin if false then raise notice 'missing'; end if; end $$;",
    "set search_path = app; -- select 1 / 0 from t",
    "select c.relname is distinct from 't' from pg_class as c;",
    "select extract(year from now()) > 2000;",
    "select bool_and(c.relname = 't') from pg_class as c, pg_namespace as n;",
)


@pytest.mark.parametrize("statement", CAN_FAIL)
def test_a_verify_script_that_can_fail_is_left_alone(statement: str, project: Project) -> None:
    project.change("a").write("a", "verify", f"begin;\n{statement}\nrollback;\n")
    assert found(project) == []


@pytest.mark.parametrize("statement", CANNOT_FAIL)
def test_a_verify_script_that_cannot_fail_is_found(statement: str, project: Project) -> None:
    project.change("a").write("a", "verify", f"begin;\n{statement}\nrollback;\n")
    assert found(project) == ["verify/a.sql:2 verify-cannot-fail"]


def test_one_statement_that_can_fail_is_enough(project: Project) -> None:
    project.change("a").write("a", "verify", f"{CANNOT_FAIL[0]}\n{CAN_FAIL[0]}\n")
    assert found(project) == []


def test_a_script_that_decides_by_psql_is_left_alone(project: Project) -> None:
    text = "select false as ok \\gset\n\\if :ok\n\\else\nselect 1/0;\n\\endif\n"
    project.change("a").write("a", "verify", text)
    assert found(project) == []


# --- DDL on what was there before ------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("create index on t (a);", "index-not-concurrent"),
        ("create unique index if not exists i on only app.t (a);", "index-not-concurrent"),
        ("drop index i;", "index-not-concurrent"),
        ("reindex table t;", "index-not-concurrent"),
        ("alter table t add column b uuid default gen_random_uuid();", "volatile-default"),
        ("alter table t add b bigserial;", "volatile-default"),
        ("alter table t add b int generated always as (a + 1) stored;", "volatile-default"),
        ("alter table t add column b int not null;", "not-null-column"),
        ("alter table t add column b int unique;", "constraint-builds-index"),
        ("alter table t alter column a type bigint;", "alter-column-type"),
        ("alter table t alter a set data type bigint;", "alter-column-type"),
        ("alter table if exists only t alter a set not null;", "set-not-null"),
        ("alter table t add constraint c check (a > 0);", "constraint-not-valid"),
        ("alter table t add foreign key (a) references u;", "constraint-not-valid"),
        ("alter table t add primary key (a);", "constraint-builds-index"),
        ("alter table t add constraint c not null a;", "set-not-null"),
        ("alter table t drop column a;", "drop-column"),
        ("alter table t drop a;", "drop-column"),
        ("alter table t rename column a to b;", "rename"),
        ("alter table t rename to u;", "rename"),
        ("alter table t set schema old;", "rename"),
        ("alter view v rename to w;", "rename"),
        ("drop table if exists t;", "drop-table"),
        ("drop schema app;", "drop-table"),
        ("drop view v cascade;", "drop-cascade"),
        ("truncate t;", "truncate"),
        ("lock table t in exclusive mode;", "lock-table"),
        ("alter table t set unlogged;", "table-rewrite"),
        ("cluster t using i;", "table-rewrite"),
    ],
)
def test_ddl_that_holds_up_others(statement: str, problem: str, project: Project) -> None:
    assert deployed_by(project, block(statement)) == [f"2 {problem}"]


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently on t (a);",
        "alter table t add column b int;",
        "alter table t add column b int not null default 0;",
        "alter table t add column b timestamptz default now();",
        "alter table t add column b int references u;",
        "alter table t alter a set default random();",
        "alter table t add constraint c check (a > 0) not valid;",
        "alter table t validate constraint c;",
        "alter table t add constraint c not null a not valid;",
        "alter table t add constraint c unique using index i;",
        "alter table t drop constraint c;",
        "alter table t rename constraint c to d;",
        "alter table t enable row level security;",
        "alter table t attach partition u for values in (1);",
        "drop function f();",
        "comment on table t is 'drop table t; truncate t';",
        "create function f() returns void language sql as $$ truncate t; drop table t $$;",
        "create function f() returns int begin atomic select 1 from t; end;",
        "alter type mood add value 'calm';",
        "create trigger truncate after insert on t execute function f();",
    ],
)
def test_ddl_that_nobody_notices(statement: str, project: Project) -> None:
    script = statement if "concurrently" in statement else block(statement)
    assert deployed_by(project, script + "\n") == []


@pytest.mark.parametrize(
    "creation",
    [
        "create table app.t (a int);",
        "create table if not exists t (a int);",
        "create schema app;",
        "create table app.t as select 1 as a;",
        "select 1 as a into app.t;",
    ],
)
def test_what_the_change_has_made_itself_holds_up_nobody(creation: str, project: Project) -> None:
    statements = (
        "create index on app.t (a);",
        "alter table app.t add primary key (a);",
        "alter table app.t alter a set not null, add check (a > 0), drop column if exists b;",
        "truncate app.t;",
        "drop table app.t;",
    )
    assert deployed_by(project, block(creation, *statements)) == []


def test_a_validated_check_spares_the_look_at_all_rows(project: Project) -> None:
    script = block(
        "alter table t validate constraint a_is_there;", "alter table t alter a set not null;"
    )
    assert deployed_by(project, script) == []


def test_several_actions_are_judged_one_by_one(project: Project) -> None:
    script = block("alter table t\n    add column b int,\n    drop column c,\n    rename to u;")
    assert deployed_by(project, script) == ["2 drop-column", "2 rename"]


def test_reverts_may_drop_what_their_change_has_made(project: Project) -> None:
    project.change("a").write("a", "revert", block("drop table t cascade;", "drop schema s;"))
    assert found(project) == []

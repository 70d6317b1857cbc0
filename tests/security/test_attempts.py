"""What an attacker may try from each role, by SQL of any kind: each has its expected end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from support.catalog import CLIENT_ROLES, nothing
from support.sessions import Connection
from support.siege import Besieged

DENIED = "42501"

# Whoever asks, operators too.
REFUSED: tuple[LiteralString, ...] = (
    # becoming somebody else
    "set role docket_owner",
    "set role {owner}",
    "set session authorization {owner}",
    "set session authorization postgres",
    "alter role {attacker} superuser",
    "alter role {attacker} bypassrls",
    "grant docket_owner to {attacker}",
    "create role helper",
    "alter default privileges for role docket_owner grant all on tables to public",
    "reassign owned by docket_owner to {attacker}",
    "drop owned by docket_owner",
    # making something where others look
    "create table docket.x ()",
    "create table docket_private.x ()",
    "create table docket_ext.x ()",
    "create table public.x ()",
    "create temporary table x ()",
    "create schema x",
    "create function docket.x() returns integer language sql return 1",
    "create function docket_ext.x() returns integer language sql return 1",
    "create or replace function docket.principal() returns text language sql return 'x'",
    "create operator docket.= (leftarg = uuid, rightarg = uuid, function = uuid_eq)",
    "create cast (text as uuid) with inout as implicit",
    "alter function docket.principal() volatile",
    "create foreign data wrapper x",
    "create publication x for table docket.tasks",
    "create event trigger x on ddl_command_end execute function docket_private.touch()",
    # taking the guards away
    "alter table docket.tasks disable trigger all",
    "alter table docket.tasks disable row level security",
    "alter table docket.tasks no force row level security",
    "alter table docket.audit_log_default disable row level security",
    "create policy x on docket.tasks using (true)",
    "drop policy tasks_of_visible_projects on docket.tasks",
    "create trigger x before insert on docket.tasks execute function docket_private.touch()",
    "create rule x as on select to docket.tasks do instead nothing",
    "set session_replication_role = replica",
    "alter database {database} set docket.actor = 'postgres'",
    "alter role docket_owner set docket.actor = 'postgres'",
    "alter system set wal_level = minimal",
    "create index x on docket.tasks (title)",
    "create statistics x on title, status from docket.tasks",
    "comment on table docket.tasks is 'x'",
    "alter table docket.tasks rename to x",
    "drop table docket.tasks",
    "reindex table docket.tasks",
    # the machine room
    "select docket_private.new_id()",
    "select docket_private.visible_projects()",
    "select * from docket_private.project_access",
    "select * from docket_private.task_search",
    "select * from docket.interaction_search",
    "select nextval('docket_private.audit_id_seq')",
    # files, programs and other servers
    "copy docket.tasks to program 'true'",
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/pgdocket-attack'",
    "copy docket.tasks from program 'true'",
    "copy docket.tasks from '/etc/passwd'",
    "copy docket.tasks from stdin",
    "select lo_import('/etc/passwd')",
    "select lo_export(1, '/tmp/pgdocket-attack')",
    "select pg_read_file('postgresql.conf')",
    "select pg_read_binary_file('global/pg_control')",
    "select pg_ls_dir('.')",
    "select pg_stat_file('.')",
    "load 'dblink'",
    "select * from pg_catalog.pg_authid",
    "select * from pg_catalog.pg_statistic",
    "select * from pg_catalog.pg_user_mapping",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_terminate_backend({victim})",
    # locks
    "lock table docket.tasks in row exclusive mode",
    "lock table docket.tasks in share mode",
    "lock table docket.tasks in access exclusive mode",
    "lock table docket_private.project_graphs in access share mode",
    "select * from docket.tasks for update",
    "select * from docket.projects for key share",
)

# dblink: refused for want of rights, or because this server has none.
EXTENSIONS: tuple[LiteralString, ...] = (
    "create extension dblink",
    "create extension postgres_fdw",
    "create extension plperlu",
)
NO_EXTENSION = {DENIED, "0A000", "58P01", "42710"}

MAY_SEE_NOTHING = ("docket_metrics", "docket_gateway", "docket_maintenance")
STRANGERS = tuple(role for role in CLIENT_ROLES if role != "docket_admin")


@pytest.fixture(params=CLIENT_ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Each role that clients are given."""
    return str(request.param)


@pytest.fixture
def attacker(besieged: Besieged, role: str) -> Iterator[Connection]:
    """A session of somebody who has logged in with the role."""
    with closing(besieged.login(role)) as session:
        yield session


def end_of(session: Connection, statement: sql.Composed | LiteralString) -> str:
    """The SQLSTATE that a statement ends with; empty when it succeeds, which is undone."""
    try:
        with session.transaction(force_rollback=True):
            session.execute(statement)
    except psycopg.Error as error:
        if error.sqlstate == "25001":  # not inside a transaction: by itself, then
            try:
                session.execute(statement)
            except psycopg.Error as other:
                return str(other.sqlstate)
            return ""
        return str(error.sqlstate)
    return ""


def test_no_role_reaches_beyond_what_it_was_given(
    attacker: Connection, besieged: Besieged, role: str
) -> None:
    with closing(psycopg.connect(besieged.database.conninfo)) as victim:
        names = {
            "attacker": sql.Identifier(besieged.attackers[role]),
            "owner": sql.Identifier(besieged.owner),
            "database": sql.Identifier(besieged.database.name),
            "victim": sql.Literal(victim.info.backend_pid),
        }
        found = {text: end_of(attacker, sql.SQL(text).format(**names)) for text in REFUSED}
    nothing(f"{text}: {state or 'succeeds'}" for text, state in found.items() if state != DENIED)
    found = {text: end_of(attacker, text) for text in EXTENSIONS}
    nothing(f"{text}: {state}" for text, state in found.items() if state not in NO_EXTENSION)


def test_no_role_writes_a_table_or_reads_a_partition(attacker: Connection) -> None:
    """Every table, view and partition that the catalog knows, by every kind of statement."""
    relations = attacker.execute(
        """
        select c.oid::regclass::text, c.relkind, c.relispartition,
               (select a.attname
                  from pg_catalog.pg_attribute as a
                 where a.attrelid = c.oid and a.attnum = 1)
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
         where n.nspname in ('docket', 'docket_private')
           and c.relkind in ('r', 'p', 'v', 'm')
        """
    ).fetchall()
    assert len(relations) > 30
    broken = []
    for relation, kind, is_partition, column in relations:
        names = {"table": sql.SQL(relation), "column": sql.Identifier(column)}
        statements = [
            "insert into {table} default values",
            "update {table} set {column} = {column}",
            "delete from {table}",
            "truncate {table}",
            "merge into {table} as t using (select) as s on true when matched then delete",
        ]
        if is_partition or relation.startswith("docket_private."):
            statements.append("select * from {table}")
        for text in statements:
            state = end_of(attacker, sql.SQL(text).format(**names))
            # Of a view the server says first that it can't be written at all.
            refusals = {DENIED, "55000", "0A000", "42809"} if kind == "v" else {DENIED}
            if state not in refusals:
                broken.append(f"{text.format(table=relation, column=column)}: {state}")
    nothing(broken)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_stranger_sees_a_row_or_learns_of_one(besieged: Besieged, stranger: str) -> None:
    with closing(besieged.login(stranger)) as session:
        readable = session.execute(
            """
            select a.attrelid::regclass::text
              from pg_catalog.pg_attribute as a
              join pg_catalog.pg_class as c on c.oid = a.attrelid
             where a.attname = 'project_id'
               and c.relnamespace = 'docket'::regnamespace
               and c.relkind in ('r', 'p', 'v')
               and has_table_privilege(c.oid, 'select')
            """
        ).fetchall()
        assert bool(readable) is (stranger not in MAY_SEE_NOTHING)
        for (relation,) in readable:
            query = sql.SQL("select count(*) from {} where project_id = {}")
            count = query.format(sql.SQL(relation), sql.Literal(besieged.project_id))
            assert session.execute(count).fetchone() == (0,), relation
            off = sql.SQL("set row_security = off; select count(*) from {}")
            # A view, or a table that is everybody's, may be read all the same.
            assert end_of(session, off.format(sql.SQL(relation))) in {DENIED, ""}, relation
        if readable:
            session.execute("set row_security = off")
            assert end_of(session, "select from docket.tasks") == DENIED


# Each fails, or tells, on a row of the other project, if it ever gets to see one.
PROBES: tuple[LiteralString, ...] = (
    "select count(*) from docket.tasks as t where 1 / (length(t.title) - 13) = 5",
    "select count(*) from docket.tasks as t where t.title::integer = 5",
    "select count(*) from docket.task_contexts as t where (t.data #>> '{}')::integer = 5",
    "select count(*) from docket.projects as p where 1 / (length(p.slug) - 6) = 5",
    "select count(*) from docket.audit_log as l where (l.new_values ->> 'title')::integer = 5",
    """select count(*)
         from docket.tasks as t
         left join docket.projects as p on 1 / (length(t.title) - 13) = 5""",
)


def test_no_error_of_a_condition_is_that_of_a_hidden_row(besieged: Besieged) -> None:
    with closing(besieged.login("docket_reader")) as session:
        found = {text: end_of(session, text) for text in PROBES}
        nothing(f"{text}: {state}" for text, state in found.items() if state)
    # The same conditions do fail where the rows are seen.
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as superuser:
        assert all(end_of(superuser, text) in {"22012", "22P02"} for text in PROBES)


def test_statistics_tell_nothing_of_hidden_rows(besieged: Besieged) -> None:
    with closing(besieged.login("docket_reader")) as session:
        stated = session.execute(
            """
            select s.tablename
              from pg_catalog.pg_stats as s
              join pg_catalog.pg_class as c
                on c.relname = s.tablename and c.relnamespace = 'docket'::regnamespace
             where s.schemaname = 'docket'
               and c.relrowsecurity
            """
        ).fetchall()
        assert stated == []

        def estimate(condition: LiteralString) -> int:
            row = session.execute(
                sql.SQL("explain (format json) select from docket.tasks as t where {}").format(
                    sql.SQL(condition)
                )
            ).fetchone()
            assert row is not None
            return int(row[0][0]["Plan"]["Plan Rows"])

        # 300 of 303 tasks are called "hidden secret". Only whoever guesses a whole value, or a tag,
        # learns from the estimate of "=" how common it is: docs/security.md says so.
        for there, nowhere in (
            ("t.title like 'hidden%'", "t.title like 'absent%'"),
            ("t.title ~ '^hidden'", "t.title ~ '^absent'"),
            ("t.title ilike 'hidden secret'", "t.title ilike 'absent secret'"),
            ("t.metadata @> '{}'", "t.metadata @> '{\"a\": 1}'"),
        ):
            assert estimate(there) == estimate(nowhere), there

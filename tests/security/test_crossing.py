"""Getting across by what the server offers everybody: names, keys, settings and locks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from support import sessions
from support.catalog import CLIENT_ROLES, nothing
from support.databases import Database
from support.races import value
from support.sessions import Connect, Connection
from support.siege import Besieged
from test_isolation import FUNCTIONS, Function, arguments_of, outcome

# Whatever a statement of ours could mean when it named no schema.
SHADOWS = """
    create table {schema}.tasks (task_id uuid, project_id uuid, title text);
    create table {schema}.projects (project_id uuid, slug text);
    create table {schema}.project_access (principal text, project_id uuid, access text);
    create function {schema}.trap() returns text language plpgsql as
        $$ begin raise exception 'trapped' using errcode = 'TRAPS'; end $$;
    create function {schema}.principal() returns text language sql as 'select {schema}.trap()';
    create function {schema}.lower(text) returns text language sql as 'select {schema}.trap()';
    create function {schema}.clock() returns timestamptz language sql as
        'select {schema}.trap()::timestamptz';
    create function {schema}.current_setting(text) returns text language sql as
        'select {schema}.trap()';
    create function {schema}.current_setting(text, boolean) returns text language sql as
        'select {schema}.trap()';
    create function {schema}.same_id(uuid, uuid) returns boolean language sql as
        'select {schema}.trap() is null';
    create function {schema}.same_text(text, text) returns boolean language sql as
        'select {schema}.trap() is null';
    create function {schema}.get_json(jsonb, text) returns text language sql as
        'select {schema}.trap()';
    create operator {schema}.= (leftarg = uuid, rightarg = uuid, function = {schema}.same_id);
    create operator {schema}.= (leftarg = text, rightarg = text, function = {schema}.same_text);
    create operator {schema}.->> (leftarg = jsonb, rightarg = text, function = {schema}.get_json);
    create type {schema}.task_status as enum ('shadow');
    grant usage on schema {schema} to public;
"""


@contextmanager
def shadowed(besieged: Besieged, role: str) -> Iterator[None]:
    """Everything in the way that an attacker with a schema and temporary tables can put there."""
    names = {
        "attacker": sql.Identifier(besieged.attackers[role]),
        "schema": sql.Identifier("shadows"),
        "database": sql.Identifier(besieged.database.name),
    }
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as superuser:
        superuser.execute(
            sql.SQL("create schema {schema} authorization {attacker}").format(**names)
        )
        superuser.execute(
            sql.SQL("grant temporary on database {database} to {attacker}").format(**names)
        )
        try:
            yield
        finally:
            superuser.execute(sql.SQL("drop schema {schema} cascade").format(**names))
            superuser.execute(
                sql.SQL("revoke temporary on database {database} from {attacker}").format(**names)
            )


def calls(besieged: Besieged, session: Connection) -> Iterator[tuple[Function, dict[str, object]]]:
    """Every call that names the hidden project or what is in it."""
    with closing(psycopg.connect(besieged.database.conninfo)) as superuser:
        project = besieged.project_id
        ids = {
            "project_id": project,
            **{
                name: value(superuser, query, project)
                for name, query in {
                    "task_id": "select docket.task_id(%s, 't-1')",
                    "depends_on_id": "select docket.task_id(%s, 't-0')",
                    "workflow_id": "select workflow_id from docket.list_workflows(%s)",
                    "attempt_id": """select attempt_id from docket.task_attempts
                                      where project_id = %s limit 1""",
                    "pull_request_id": "select pull_request_id from docket.list_pull_requests(%s)",
                    "knowledge_id": "select knowledge_id from docket.list_knowledge(%s)",
                    "template_id": "select template_id from docket.list_templates(%s)",
                    "learning_id": "select learning_id from docket.learned(%s)",
                    "prompt_build_id": """select prompt_build_id from docket.prompt_builds
                                              where project_id = %s limit 1""",
                    "webhook_delivery_id": """select webhook_delivery_id
                                               from docket.list_webhook_deliveries(%s)""",
                    "artifact_id": "select artifact_id from docket.list_artifacts(%s)",
                    "interaction_id": "select interaction_id from docket.list_interactions(%s)",
                    "deployment_id": """select deployment_id
                                         from docket.list_deployments(%s, status => 'running')""",
                    "alert_id": "select alert_id from docket.list_alerts(%s)",
                    "error_group_id": "select error_group_id from docket.list_errors(%s)",
                    "event_id": "select event_id from docket.list_events(%s)",
                    "page_id": "select page_id from docket.event_pages where project_id = %s",
                    "linear_sync_id": """select linear_sync_id from docket.linear_sync
                                          where project_id = %s limit 1""",
                    "linear_change_id": """select linear_change_id
                                               from docket_private.linear_images
                                              where project_id = %s
                                                and linear_change_id is not null""",
                    "execution_id": """select execution_id
                                         from docket.list_executions(%s, status => 'running')""",
                }.items()
            },
        }
    for row in session.execute(FUNCTIONS, ("docket_app",)):
        function = Function(row[0], tuple(row[1]), *row[2:])
        for arguments in arguments_of(function, ids):
            yield function, arguments


def test_nothing_of_the_same_name_takes_the_place_of_ours(besieged: Besieged) -> None:
    with shadowed(besieged, "docket_app"), closing(besieged.login("docket_app")) as session:
        tried = list(calls(besieged, session))
        before = [outcome(session, function, arguments) for function, arguments in tried]
        session.execute(sql.SQL(SHADOWS).format(schema=sql.SQL("shadows")).as_bytes(None))
        session.execute("create temporary table tasks (like shadows.tasks)")
        session.execute("create temporary table audit_log (like shadows.tasks)")
        for path in ("shadows, docket, pg_catalog", "pg_temp, shadows, pg_catalog"):
            session.execute(f"set search_path = {path}".encode())
            with pytest.raises(psycopg.Error, match="trapped"):
                session.execute("select lower('X')")
            after = [outcome(session, function, arguments) for function, arguments in tried]
            changed = [
                f"{function.name}: {was} became {now}"
                for (function, _), was, now in zip(tried, before, after, strict=True)
                if function.writes and was != now and "PD" in str(was)[:4]
            ]
            changed += [
                f"{function.name} falls into the trap"
                for (function, _), now in zip(tried, after, strict=True)
                if str(now).startswith("TRAPS")
            ]
            nothing(changed)
        assert len(tried) > 60


def test_a_leaking_function_of_ones_own_is_shown_no_hidden_row(besieged: Besieged) -> None:
    with shadowed(besieged, "docket_app"), closing(besieged.login("docket_app")) as session:
        heard: list[str] = []
        session.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
        session.execute(
            """
            create function shadows.leak(text) returns boolean language plpgsql cost 0.0000001 as
            $$ begin raise notice '%', $1; return true; end $$
            """
        )
        for query in (
            "select count(*) from docket.tasks where shadows.leak(title)",
            "select count(*) from docket.task_contexts where shadows.leak(data::text)",
            "select count(*) from docket.audit_log where shadows.leak(new_values::text)",
            "select count(*) from docket.projects where shadows.leak(slug)",
        ):
            session.execute(query.encode())
        assert any("own secret" in text for text in heard)
        assert not [text for text in heard if "hidden" in text]


def test_who_has_a_schema_of_his_own_links_nothing_to_ours(besieged: Besieged) -> None:
    refused = (
        "create table shadows.x (p uuid references docket.projects)",
        "create table shadows.x (like docket.tasks including all) inherits (docket.tasks)",
        "create table shadows.x partition of docket.audit_log default",
        "alter table docket.tasks set schema shadows",
        "create function shadows.x() returns void language sql security definer as ''"
        "; alter function shadows.x() owner to docket_owner",
        "create publication x for table docket.tasks",
        "create view shadows.x as select * from docket_private.project_access",
    )
    with shadowed(besieged, "docket_app"), closing(besieged.login("docket_app")) as session:
        states = {}
        for statement in refused:
            with pytest.raises(psycopg.Error) as error, session.transaction():
                session.execute(statement.encode())
            states[statement] = error.value.sqlstate
        nothing(f"{text}: {state}" for text, state in states.items() if state != "42501")
        # A view of one's own shows what its owner sees, to whomever it is given.
        session.execute("create view shadows.v as select * from docket.tasks")
        row = session.execute(
            "select count(*), count(*) filter (where title ~ 'hidden') from shadows.v"
        ).fetchone()
        assert row is not None
        assert row[0] > 0
        assert row[1] == 0


# Keys


def project_keys(superuser: Connection) -> list[tuple[str, str, list[str], list[str], str]]:
    """The foreign keys between tables of projects: what refers, by which columns, to what."""
    return superuser.execute(
        """
        select k.conname, k.conrelid::regclass::text,
               array(select a.attname::text
                       from unnest(k.conkey) with ordinality as c (attnum, position)
                       join pg_catalog.pg_attribute as a
                         on a.attrelid = k.conrelid and a.attnum = c.attnum
                      order by c.position),
               array(select a.attname::text
                       from unnest(k.confkey) with ordinality as c (attnum, position)
                       join pg_catalog.pg_attribute as a
                         on a.attrelid = k.confrelid and a.attnum = c.attnum
                      order by c.position),
               k.confrelid::regclass::text
          from pg_catalog.pg_constraint as k
         where k.contype = 'f'
           and k.connamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
           and k.conparentid = 0
           and exists (select from pg_catalog.pg_attribute as a
                        where a.attrelid = k.conrelid and a.attname = 'project_id')
           and exists (select from pg_catalog.pg_attribute as a
                        where a.attrelid = k.confrelid and a.attname = 'project_id')
         order by 1
        """
    ).fetchall()


def test_no_key_links_two_projects_whoever_tries(besieged: Besieged) -> None:
    """A superuser writes another project's id into every column that refers to a row of one."""
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as superuser:
        untried = []
        for name, table, columns, keys, target in project_keys(superuser):
            if len(columns) == 1:
                continue  # the project itself: there is nothing else to agree with
            ours, theirs = columns[keys.index("project_id")], keys.index("project_id")
            column, key = next(
                (c, k) for c, k in zip(columns, keys, strict=True) if k != keys[theirs]
            )
            names = {
                "table": sql.SQL(table), "target": sql.SQL(target),
                "column": sql.Identifier(column), "key": sql.Identifier(key),
                "ours": sql.Identifier(ours), "own": sql.Literal(besieged.own_project_id),
                "other": sql.Literal(besieged.project_id),
            }  # fmt: skip
            # Not even past our own triggers; those of the constraints are no user's.
            link = sql.SQL(
                """
                update {table}
                   set {column} = (select t.{key} from {target} as t
                                    where t.project_id = {other} limit 1)
                 where ctid = (select x.ctid from {table} as x
                                where x.{ours} = {own} and x.{column} is not null limit 1)
                """
            ).format(**names)
            try:
                with superuser.transaction(force_rollback=True):
                    superuser.execute(
                        sql.SQL("alter table {table} disable trigger user").format(**names)
                    )
                    if superuser.execute(link).rowcount == 0:
                        untried.append(name)
                        continue
                    superuser.execute("set constraints all immediate")
                untried.append(f"{name} links")
            except (psycopg.errors.ForeignKeyViolation, psycopg.errors.CheckViolation):
                pass
        nothing(untried)


OWN_KEYS = {
    "projects_pkey": "its ids are made here",
    "organizations_pkey": "its ids are made here",
    "members_pkey": "its ids are made here",
    "organizations_personal_principal_key": "one asks for oneself alone",
    "members_once_key": "begins with the organization",
    "projects_slug_key": "begins with the organization",
    "context_types_pkey": "its ids are made here",
    "context_types_name_key": "begins with the project, and where there is none it is for all",
    "alert_rules_pkey": "its ids are made here",
    "alert_rules_name_key": "begins with the project, and where there is none it is for all",
    "idempotency_keys_pkey": "one's own requests, by one's own name",
    "project_access_pkey": "derived, and written by triggers alone",
    "organization_projects_pkey": "derived, and written by triggers alone",
}


def test_no_unique_key_says_whether_something_is_elsewhere(besieged: Besieged) -> None:
    with closing(psycopg.connect(besieged.database.conninfo)) as superuser:
        found = superuser.execute(
            """
            select i.indexrelid::regclass::text, split_part(i.indexrelid::regclass::text, '.', 2)
              from pg_catalog.pg_index as i
              join pg_catalog.pg_class as c on c.oid = i.indrelid
             where i.indisunique
               and c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
               and not c.relispartition
               and c.relkind <> 'm'
               and exists (select from pg_catalog.pg_attribute as a
                            where a.attrelid = c.oid
                              and a.attname in ('project_id', 'organization_id', 'principal'))
               and not exists (select from pg_catalog.pg_attribute as a
                                where a.attrelid = c.oid
                                  and a.attnum = any (i.indkey)
                                  and a.attname = 'project_id'
                                  and a.attnotnull)
            """
        ).fetchall()
    ours = {"audit_log_pkey", *OWN_KEYS}
    nothing(label for label, name in found if name not in ours)


def test_what_is_taken_in_another_project_is_free_in_ones_own(besieged: Besieged) -> None:
    own = besieged.own_project_id
    with closing(besieged.login("docket_app")) as session:
        with session.transaction(force_rollback=True):
            session.execute("select docket.create_project('hidden')")
            session.execute("select docket.create_task(%s, 'x', task_key => 't-299')", (own,))
            session.execute("select docket.create_task(%s, 'x', legacy_id => 77)", (own,))
            session.execute("select docket.create_workflow(%s, 'flow 2')", (own,))
            session.execute("select docket.record_pull_request(%s, 'acme/shop', 2)", (own,))
        for given in ("t-299", str(besieged.project_id)):
            with pytest.raises(psycopg.Error) as refused:
                session.execute("select docket.task_id(%s, %s)", (own, given))
            assert refused.value.sqlstate == "PD404"


# Names


@pytest.mark.parametrize("role", CLIENT_ROLES)
def test_a_setting_makes_nobody_else_of_anybody(besieged: Besieged, role: str) -> None:
    name = besieged.attackers[role]
    spoken_for = besieged.owner if role == "docket_gateway" else name
    with closing(besieged.login(role)) as session:
        for setting in ("docket.actor", "docket.principal", "docket.role"):
            for scope in (True, False):
                session.execute("select set_config(%s, %s, %s)", (setting, besieged.owner, scope))
        with session.transaction():
            for setting, given in (
                ("docket.actor", besieged.owner),
                ("docket.fake_now", "2000-01-01"),
                ("application_name", besieged.owner),
            ):
                session.execute("select set_config(%s, %s, true)", (setting, given))
            assert value(session, "select docket.principal()") == spoken_for
            assert value(session, "select docket.clock() > '2020-01-01'") is True
        if role in ("docket_app", "docket_agent", "docket_reader", "docket_auditor"):
            seen = "select count(*) from docket.list_tasks(%s)"
            assert value(session, seen, besieged.project_id) == 0


def test_a_gateway_that_speaks_for_somebody_is_no_operator(
    besieged: Besieged, connect: Connect
) -> None:
    gateway = connect(besieged.database, role="docket_admin")
    seen = "select count(*) from docket.list_tasks(%s)"
    assert value(gateway, seen, besieged.project_id) > 0
    gateway.execute("reset role")
    attacker = besieged.attackers["docket_gateway"]
    gateway.execute(sql.SQL("grant docket_admin to {}").format(sql.Identifier(attacker)))
    try:
        with closing(besieged.login("docket_gateway")) as session, session.transaction():
            assert value(session, seen, besieged.project_id) > 0
            session.execute("select set_config('docket.actor', 'nobody', true)")
            assert value(session, seen, besieged.project_id) == 0
            with pytest.raises(psycopg.Error) as refused, session.transaction():
                session.execute(
                    "select docket.grant_access('nobody', 'admin', %s)", (besieged.project_id,)
                )
            assert refused.value.sqlstate == "PD404"
    finally:
        gateway.execute(sql.SQL("revoke docket_admin from {}").format(sql.Identifier(attacker)))


def test_another_s_large_object_is_not_read(besieged: Besieged) -> None:
    """Everybody may make large objects; a superuser can take that (docs/security.md)."""
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as superuser:
        large = value(superuser, "select lo_from_bytea(0, 'secret')")
        with closing(besieged.login("docket_app")) as session:
            for call in ("lo_get(%s)", "lo_put(%s, 0, 'x')", "lo_unlink(%s)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(f"select {call}".encode(), (large,))
        superuser.execute("select lo_unlink(%s)", (large,))


# Locks


def test_who_squats_on_keys_makes_his_own_project_wait_and_no_other(
    docket: Database, connect: Connect, new_role: Any
) -> None:
    """The bound of what any login can do with advisory locks: what he knows the id of."""
    squatter, worker, observer = connect(docket), connect(docket), connect(docket)
    squatter_role, worker_role = new_role("docket_app"), new_role("docket_app")
    worker.execute(sql.SQL("set role {}").format(sql.Identifier(worker_role)))
    other = value(worker, "select (docket.create_project('other')).project_id")
    squatter.execute(sql.SQL("set role {}").format(sql.Identifier(squatter_role)))
    own = value(squatter, "select (docket.create_project('own')).project_id")
    # Every key that is made from the id of his project, and the ones that are made from none.
    squatter.execute(
        """
        select pg_advisory_lock(uuid_hash_extended(%(own)s, n)),
               pg_advisory_lock(hashtext(%(own)s::text)), pg_advisory_lock(n),
               pg_advisory_lock(hashtext('docket.ensure_partitions'))
          from generate_series(0, 5) as n
        """,
        {"own": own},
    )
    worker.execute("set lock_timeout = '10s'")
    work_through(worker, other)
    observer.execute("set lock_timeout = '10s'")
    observer.execute("set docket.fake_now = '2033-03-03'")
    assert value(observer, "select docket_private.ensure_partitions()") > 0
    observer.execute("reset docket.fake_now")
    # Nor does maintenance: what it goes by can't be held by anybody.
    steps = observer.execute("select step, outcome from docket.maintain()").fetchall()
    assert {outcome for _, outcome in steps} == {"done"}
    second = connect(docket)
    second.execute(sql.SQL("set role {}").format(sql.Identifier(squatter_role)))
    waiting = sessions.start_work(second, lambda: work_through(second, own))
    sessions.wait_until_blocked(observer, waiting)
    squatter.close()
    waiting.result()


def work_through(session: Connection, project: uuid.UUID) -> None:
    """Makes tasks that depend on each other, and does them."""
    tasks = Jsonb([{"title": "a", "task_key": "a"}, {"title": "b", "depends_on": ["a"]}])
    session.execute("select docket.create_tasks(%s, %s)", (project, tasks))
    for _ in range(2):
        attempt = value(session, "select attempt_id from docket.claim_tasks(%s, 'ann')", project)
        session.execute("select docket.complete_task(%s)", (attempt,))


def test_every_key_of_ours_is_made_from_the_id_of_a_project(besieged: Besieged) -> None:
    # A key that could be told without knowing of a project could be held by anybody, for ever.
    with closing(psycopg.connect(besieged.database.conninfo)) as superuser:
        found = superuser.execute(
            r"""
            select p.oid::regprocedure::text, taken.call[1]
              from pg_catalog.pg_proc as p
             cross join regexp_matches(
                       coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc),
                       'advisory\w*lock\w*\s*\(([^;]*)', 'g') as taken (call)
             where p.pronamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
            """
        ).fetchall()
    assert found
    nothing(
        f"{label}: {call}"
        for label, call in found
        if "graph_key(" not in call and "uuid_hash_extended(" not in call
    )

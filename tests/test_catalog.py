"""The rules of the design, held against the catalog of a deployed database.

Each test is one rule; a failure lists what breaks it. An exception stands here, with its reason.
"""

from __future__ import annotations

from support.catalog import CLIENT_ROLES, SCHEMAS, no_offenders, nothing, offenders
from support.sessions import Connection

# What every table may have without saying again what it is.
COMMON_COLUMNS = [
    "project_id", "created_at", "updated_at", "created_by", "updated_by", "metadata", "version",
]  # fmt: skip

WITHOUT_JOURNAL = {
    "docket.audit_log": "it is the journal",
    "docket.alert_evaluations": "how the last evaluation of a rule went",
    "docket.ai_interactions": "a record itself, added to only: bodies would be there twice",
    "docket.prompt_builds": "a record itself; the hashes of what goes are in the journal",
    "docket.audit_seals": "the seals of the journal, a chain of their own",
    "docket.tallies": "how old what is counted is; it is derived, and so are they",
    "docket.maintenance_steps": "how the last run went; what it did to rows is journaled as theirs",
    "docket.context_uses": "counted: how often each context was used",
    "docket.search_patterns": "counted: what is searched",
    "docket.embedding_models": "as docket.embeddings",
    "docket.embeddings": "derived from what they are of, by whoever brings them",
    "docket.response_cache": "a cache, whose rows live for hours",
    "docket_private.maintenance_rounds": "where the next step of maintenance goes on",
    "docket.artifact_contents": "written once, with artifacts, whose hashes are in the journal",
    "docket.context_contents": "written once, with their version, whose hash is in the journal",
    "docket.error_logs": "a record itself, added to only; what becomes of them is in groups",
    "docket.error_sources": "derived from error_logs and execution_history",
    "docket.component_communications": "a record itself, added to only",
    "docket.component_heartbeats": "changes all the time; what components are is journaled",
    "docket.events": "a record itself, added to only",
    "docket.event_pages": "handed out and acknowledged, within minutes",
    "docket_private.event_keys": "written with events",
    "docket.execution_history": "a record itself: a run ends once, and then stays as it is",
    "docket.execution_log_lines": "a record itself, added to only",
    "docket.import_items": "written once, with its import, which is journaled",
    "docket.metric_rollups": "derived from metrics",
    "docket.metric_series": "written once; the metrics that they are of are journaled",
    "docket.metrics": "a record itself, added to only: the journal would be twice as large",
    "docket_private.metric_watermark": "derived: which metrics are rolled up",
    "docket.idempotency_keys": "kept for a day only; what the calls did is in the journal",
    "docket_private.organization_projects": "derived from projects",
    "docket_private.project_access": "derived from members and projects",
    "docket_private.project_graphs": "derived: the guard of the graph",
    "docket.ready_tasks": "derived: what can be claimed at this moment",
    "docket_private.context_search": "derived from task_contexts",
    "docket.interaction_search": "derived from ai_interactions",
    "docket_private.learning_search": "derived from learning_data",
    "docket_private.search_languages": "derived from projects and settings",
    "docket_private.claim_orders": "derived from settings",
    "docket_private.pull_request_facts": "derived from webhook_deliveries",
    "docket_private.webhook_streams": "counted: how many deliveries a repository has",
    "docket_private.prompt_stamps": "when prompt_builds were last looked at; lost by a crash",
    "docket_private.linear_images": "derived from webhook_deliveries, tasks and what was sent",
    "docket_private.claim_turns": "whose turn it is, which the attempts that follow say too",
    "docket_private.task_weights": "derived: what hangs on each task",
    "docket.knowledge_versions": "written with knowledge_base, whose journal has it",
    "docket.template_versions": "written with templates, whose journal has it",
    "docket_private.knowledge_sections": "derived from knowledge_base",
    "docket_private.task_counters": "derived: the last number given to a task",
    "docket_private.task_nodes": "derived: rank and counter of the graph",
    "docket_private.task_search": "derived from tasks",
}

FOUND_BY_ANOTHER_INDEX = {
    "docket.metric_rollups: metric_rollups_series_fkey": "its key begins with the series",
    "docket.task_contexts: task_contexts_task_fkey": "its key begins with the task",
}

MAY_BE_OF_ANOTHER_TYPE = {
    "docket.import_items.raw json": "json keeps what was written: order of keys, numbers, spaces",
}

JOURNALED_OTHERWISE = {
    "docket.task_attempts: journal_insert": "begin_attempts() begins and writes them",
}

FOR_EVERYBODY = {
    "docket.error_codes": "the same for everybody: what errors there are",
    "docket.maintenance_steps": "no project's: read by operators alone",
    "docket.metric_retention": "the same for everybody: how long metrics are kept",
    "docket.partition_policies": "no project's: read by operators alone",
    "docket.retry_policies": "the same for everybody: how often what is tried again",
    "docket.tallies": "no project's: how old what dashboards read is",
    "docket.settings": "the same for everybody: the settings of this docket",
    "docket.task_transitions": "the same for everybody: how a status may change",
}

JOURNAL_TRIGGERS = ["journal_insert", "journal_update", "journal_delete", "journal_truncate"]


def test_there_is_something_to_judge(catalog: Connection) -> None:
    counted = catalog.execute(
        """
        select (select count(*) from our_tables),
               (select count(*) from our_functions),
               (select count(*) from our_types),
               (select count(*) from our_triggers)
        """
    ).fetchone()
    assert counted is not None
    assert min(counted) > 0


# Comments and owners


def test_every_schema_is_commented_and_owned_by_docket_owner(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select n.nspname
          from pg_catalog.pg_namespace as n
         where n.nspname in ('docket', 'docket_private', 'docket_ext')
           and (n.nspowner <> 'docket_owner'::regrole
                or pg_catalog.obj_description(n.oid, 'pg_namespace') is null)
        """,
    )


def test_every_relation_is_commented(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select label
          from our_relations
         where relkind in ('r', 'p', 'v', 'm', 'S')
           and pg_catalog.obj_description(oid, 'pg_class') is null
        """,
    )


def test_every_column_of_a_table_is_commented(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%%s.%%I', label, column_name)
          from our_columns
         where not relispartition
           and column_name <> all (%s)
           and pg_catalog.col_description(oid, attnum) is null
        """,
        COMMON_COLUMNS,
    )


def test_every_function_is_commented(catalog: Connection) -> None:
    no_offenders(catalog, "select label from our_functions where comment is null")


def test_every_type_is_commented(catalog: Connection) -> None:
    no_offenders(
        catalog,
        "select label from our_types where pg_catalog.obj_description(oid, 'pg_type') is null",
    )


def test_everything_is_owned_by_docket_owner(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select label from our_relations where relowner <> 'docket_owner'::regrole
         union all
        select label from our_functions where proowner <> 'docket_owner'::regrole
         union all
        select label from our_types where typowner <> 'docket_owner'::regrole
        """,
    )


def test_the_owner_is_no_superuser_and_cannot_log_in(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select r.rolname
          from pg_catalog.pg_roles as r
         where (r.rolname = 'docket_owner' or r.rolname = any (%s))
           and (r.rolsuper or r.rolcanlogin or r.rolbypassrls or r.rolcreaterole)
        """,
        list(CLIENT_ROLES),
    )


# Keys and types


def test_every_table_has_a_primary_key(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select t.label
          from our_tables as t
         where not exists (
                   select
                     from pg_catalog.pg_constraint as k
                    where k.conrelid = t.oid
                      and k.contype = 'p')
        """,
    )


def test_the_key_of_a_projects_row_names_the_project(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select c.label
          from our_columns as c
          join pg_catalog.pg_constraint as k on k.conrelid = c.oid and k.contype = 'p'
         where c.column_name = 'project_id'
           and c.attnotnull
           and c.attnum <> all (k.conkey)
        """,
    )


def test_columns_have_the_few_types_that_every_client_reads_alike(catalog: Connection) -> None:
    found = offenders(
        catalog,
        """
        select format('%s.%I %s', label, column_name, format_type(atttypid, null))
          from our_columns
          join pg_catalog.pg_type as y on y.oid = atttypid
         where atttypid = any (array[
                   'varchar', 'bpchar', 'timestamp', 'json', 'money', 'timetz', 'real',
                   'double precision']::regtype[])
            or y.typtype = 'e'
        """,
    )
    nothing(column for column in found if column not in MAY_BE_OF_ANOTHER_TYPE)


def test_every_foreign_key_has_an_index(catalog: Connection) -> None:
    # The leading columns of the index are columns of the key, and not the project alone. A
    # partial index will do where it leaves out only rows without a reference.
    found = offenders(
        catalog,
        r"""
        select format('%s: %s', t.label, k.conname)
          from our_tables as t
          join pg_catalog.pg_constraint as k on k.conrelid = t.oid and k.contype = 'f'
          left join pg_catalog.pg_attribute as p
            on p.attrelid = t.oid and p.attname = 'project_id'
         where not t.relispartition
           and not exists (
                   select
                     from pg_catalog.pg_index as i
                    cross join lateral (
                              select (i.indkey::smallint[])[0:least(i.indnkeyatts,
                                                                    cardinality(k.conkey)) - 1]
                          ) as head (columns)
                    where i.indrelid = t.oid
                      and i.indisvalid
                      and head.columns <@ k.conkey
                      and (cardinality(k.conkey) = 1
                           or not head.columns <@ array[p.attnum])
                      and (i.indpred is null
                           or pg_catalog.pg_get_expr(i.indpred, t.oid) ~ '^\(\w+ IS NOT NULL\)$'))
        """,
    )
    nothing(key for key in found if key not in FOUND_BY_ANOTHER_INDEX)


def test_no_foreign_key_can_join_two_projects(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s: %s', here.label, k.conname)
          from our_columns as here
          join pg_catalog.pg_constraint as k on k.conrelid = here.oid and k.contype = 'f'
          join our_columns as there
            on there.oid = k.confrelid and there.column_name = 'project_id'
         where here.column_name = 'project_id'
           and coalesce(array_position(k.conkey, here.attnum), 0)
               <> coalesce(array_position(k.confkey, there.attnum), -1)
        """,
    )


# Journal, times, isolation


def test_every_table_is_journaled(catalog: Connection) -> None:
    found = catalog.execute(
        """
        select t.label, wanted.name
          from our_tables as t
         cross join unnest(%s::text[]) as wanted (name)
         where not t.relispartition
           and not exists (
                   select
                     from our_triggers as g
                    where g.table_oid = t.oid
                      and replace(g.function_name, 'journal_other_', 'journal_') = wanted.name)
        """,
        (JOURNAL_TRIGGERS,),
    ).fetchall()
    missing = {f"{table}: {name}" for table, name in found if table not in WITHOUT_JOURNAL}
    assert missing >= set(JOURNALED_OTHERWISE), "an exception that is none any more"
    nothing(missing - set(JOURNALED_OTHERWISE))


def test_the_journal_looks_for_secrets_in_every_column_of_type_jsonb(catalog: Connection) -> None:
    # The columns stand in the fifth argument of the triggers, after those that are all secret.
    no_offenders(
        catalog,
        r"""
        select format('%s: %s looks in %s', t.label, g.tgname, given.arguments[5])
          from our_tables as t
          join pg_catalog.pg_trigger as g on g.tgrelid = t.oid
          join pg_catalog.pg_proc as f on f.oid = g.tgfoid
         cross join lateral (
                   select string_to_array(encode(g.tgargs, 'escape'), '\000') as arguments
               ) as given
         where f.proname like 'journal\_%'
           and given.arguments[5]::name[] is distinct from array(
                   select a.attname
                     from pg_catalog.pg_attribute as a
                     join pg_catalog.pg_type as y on y.oid = a.atttypid
                    where a.attrelid = t.oid
                      and 'jsonb'::regtype in (y.oid, y.typbasetype)
                      and a.attname <> all (given.arguments[4]::name[])
                    order by a.attnum)
        """,
    )


def test_every_exception_from_the_journal_is_still_one(catalog: Connection) -> None:
    journaled = offenders(
        catalog,
        """
        select t.label
          from our_tables as t
          join our_triggers as g on g.table_oid = t.oid
         where g.function_name in ('journal_update', 'journal_other_update')
        """,
    )
    tables = offenders(catalog, "select label from our_tables")
    nothing(name for name in WITHOUT_JOURNAL if name in journaled or name not in tables)


def test_truncate_is_written_down_before_it_happens_or_after(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select t.label
          from our_tables as t
          join our_triggers as g on g.table_oid = t.oid
         where g.function_name = 'journal_truncate'
           and (g.is_per_row or not g.on_truncate)
        """,
    )


def test_every_table_with_updated_at_is_touched(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select c.label
          from our_columns as c
         where c.column_name = 'updated_at'
           and not c.relispartition
           and not exists (
                   select
                     from our_triggers as g
                    where g.table_oid = c.oid
                      and g.function_name in ('touch', 'stamp_task')
                      and g.is_before and g.is_per_row and g.on_update)
        """,
    )


def test_row_level_security_is_forced_wherever_there_is_a_project(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select label
          from our_columns
         where column_name = 'project_id'
           and not (relrowsecurity and relforcerowsecurity)
        """,
    )


def test_every_table_of_a_project_has_a_policy(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select c.label
          from our_columns as c
         where c.column_name = 'project_id'
           and not c.relispartition
           and not exists (select from pg_catalog.pg_policy as p where p.polrelid = c.oid)
        """,
    )


def test_every_table_has_row_level_security_and_a_policy_or_is_for_everybody(
    catalog: Connection,
) -> None:
    without = offenders(
        catalog,
        """
        select t.label
          from our_tables as t
         where not t.relispartition
           and not (t.relrowsecurity
                    and t.relforcerowsecurity
                    and exists (select from pg_catalog.pg_policy as p where p.polrelid = t.oid))
        """,
    )
    nothing(table for table in without if table not in FOR_EVERYBODY)
    nothing(f"{table} is no exception" for table in FOR_EVERYBODY if table not in without)


def test_a_policy_asks_once_for_a_statement_and_not_for_every_row(catalog: Connection) -> None:
    no_offenders(
        catalog,
        r"""
        select format('%s: %s', t.label, p.polname)
          from our_tables as t
          join pg_catalog.pg_policy as p on p.polrelid = t.oid
         cross join lateral (
                   select pg_get_expr(p.polqual, t.oid) || coalesce(
                              pg_get_expr(p.polwithcheck, t.oid), '')) as e (expression)
         where regexp_replace(e.expression, 'SELECT docket(_private)?\.\w+\(\)', '', 'g')
               ~ 'docket(_private)?\.\w+\('
        """,
    )


def test_no_partition_is_granted_to_anybody(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s: %s', r.label, a.grantee::regrole)
          from our_relations as r
         cross join aclexplode(r.relacl) as a
         where r.relispartition
           and a.grantee <> r.relowner
        """,
    )


def test_no_policy_is_on_a_table_without_row_level_security(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select t.label
          from our_tables as t
          join pg_catalog.pg_policy as p on p.polrelid = t.oid
         where not t.relrowsecurity
        """,
    )


def test_no_index_is_there_twice(catalog: Connection) -> None:
    # Nor one that another begins with, unless it keeps something unique or is a partial one.
    no_offenders(
        catalog,
        """
        select format('%s is within %s', one.indexrelid::regclass, other.indexrelid::regclass)
          from our_tables as t
          join pg_catalog.pg_index as one on one.indrelid = t.oid
          join pg_catalog.pg_index as other
            on other.indrelid = t.oid and other.indexrelid <> one.indexrelid
          join pg_catalog.pg_class as c on c.oid = one.indexrelid
          join pg_catalog.pg_class as d on d.oid = other.indexrelid
         where not t.relispartition
           and c.relam = d.relam
           and not one.indisunique
           and one.indexprs is null
           and coalesce(pg_get_expr(one.indpred, t.oid), '')
               = coalesce(pg_get_expr(other.indpred, t.oid), '')
           and starts_with(other.indkey::text || ' ', one.indkey::text || ' ')
           and starts_with(other.indoption::text || ' ', one.indoption::text || ' ')
           and starts_with(other.indclass::text || ' ', one.indclass::text || ' ')
           and (one.indkey <> other.indkey
                or other.indisunique
                or one.indexrelid > other.indexrelid)
        """,
    )


def test_extensions_are_in_a_schema_of_their_own(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s in %s', e.extname, e.extnamespace::regnamespace)
          from pg_catalog.pg_extension as e
         where e.extnamespace not in ('docket_ext'::regnamespace, 'pg_catalog'::regnamespace)
           and e.extname <> 'pgtap'
        """,
    )


def test_views_see_with_the_eyes_of_whoever_asks(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select label
          from our_relations
         where relkind = 'v'
           and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'],
                            false)
        """,
    )


def test_materialized_views_are_granted_to_nobody(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select r.label
          from our_relations as r
         cross join aclexplode(r.relacl) as a
         where r.relkind = 'm'
           and a.grantee <> r.relowner
        """,
    )


# Rights


def test_no_client_role_writes_to_a_table(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%%s: %%s may %%s', t.label, r.name, p.name)
          from our_relations as t
         cross join unnest(%s::text[]) as r (name)
         cross join unnest(array['insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
               as p (name)
         where t.relkind in ('r', 'p', 'v', 'm')
           and has_table_privilege(r.name, t.oid, p.name)
         union all
        select format('%%s: %%s may %%s a column', t.label, r.name, p.name)
          from our_relations as t
         cross join unnest(%s::text[]) as r (name)
         cross join unnest(array['insert', 'update', 'references']) as p (name)
         where t.relkind in ('r', 'p', 'v')
           and has_any_column_privilege(r.name, t.oid, p.name)
         union all
        select format('%%s: %%s may use it', t.label, r.name)
          from our_relations as t
         cross join unnest(%s::text[]) as r (name)
         where t.relkind = 'S'
           and has_sequence_privilege(r.name, t.oid, 'usage, update')
        """,
        list(CLIENT_ROLES),
        list(CLIENT_ROLES),
        list(CLIENT_ROLES),
    )


def test_nobody_but_the_owner_has_more_than_select(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s: %s for %s', r.label, a.privilege_type, a.grantee::regrole)
          from our_relations as r
         cross join aclexplode(r.relacl) as a
         where a.grantee <> r.relowner
           and a.privilege_type <> 'SELECT'
         union all
        select format('%s.%s: %s for %s', r.label, c.attname, a.privilege_type, a.grantee::regrole)
          from our_relations as r
          join pg_catalog.pg_attribute as c on c.attrelid = r.oid
         cross join aclexplode(c.attacl) as a
         where a.grantee <> r.relowner
           and a.privilege_type <> 'SELECT'
        """,
    )


def test_what_is_made_from_now_on_is_given_to_nobody(catalog: Connection) -> None:
    # But types to those who read columns of them.
    assert offenders(
        catalog,
        """
        select format('%s: %s for %s', d.defaclobjtype, a.privilege_type, a.grantee::regrole)
          from pg_catalog.pg_default_acl as d
         cross join aclexplode(d.defaclacl) as a
         where d.defaclrole = 'docket_owner'::regrole
           and d.defaclnamespace = 0
        """,
    ) == sorted(
        [f"T: USAGE for {role}" for role in ("docket_owner", *CLIENT_ROLES)]
        + ["f: EXECUTE for docket_owner"]
    )


def test_public_has_nothing(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s: %s', f.label, a.privilege_type)
          from our_functions as f
         cross join aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
         where a.grantee = 0
         union all
        select format('%s: %s', r.label, a.privilege_type)
          from our_relations as r
         cross join aclexplode(r.relacl) as a
         where a.grantee = 0
         union all
        select format('%s: %s', t.typname, a.privilege_type)
          from pg_catalog.pg_type as t
         cross join aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) as a
         where t.typnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
           and t.typrelid = 0
           and t.typelem = 0
           and a.grantee = 0
         union all
        select format('schema %s: %s', n.nspname, a.privilege_type)
          from pg_catalog.pg_namespace as n
         cross join aclexplode(n.nspacl) as a
         where n.nspname in ('docket', 'docket_private', 'docket_ext')
           and a.grantee = 0
        """,
    )


def test_the_machine_room_is_closed_to_clients(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select r.name
          from unnest(%s::text[]) as r (name)
         where has_schema_privilege(r.name, 'docket_private', 'usage')
            or has_schema_privilege(r.name, 'docket_private', 'create')
            or has_schema_privilege(r.name, 'docket', 'create')
            or has_schema_privilege(r.name, 'docket_ext', 'create')
        """,
        list(CLIENT_ROLES),
    )


def test_nothing_is_in_schema_public(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select c.relname from pg_catalog.pg_class as c where c.relnamespace = 'public'::regnamespace
         union all
        select p.proname from pg_catalog.pg_proc as p where p.pronamespace = 'public'::regnamespace
         union all
        select t.typname from pg_catalog.pg_type as t where t.typnamespace = 'public'::regnamespace
        """,
    )


def test_the_schemas_are_the_ones_of_the_design(catalog: Connection) -> None:
    assert offenders(
        catalog,
        r"select n.nspname from pg_catalog.pg_namespace as n where n.nspname like 'docket%'"
        r" and n.nspname <> 'docket_test'",
    ) == sorted([*SCHEMAS, "docket_ext"])

"""Each rule of the catalog tests finds what it is there to find: break it, and it fails.

The breaking statement is rolled back. A rule that can't fail would promise nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import LiteralString

import psycopg
import pytest

import test_catalog as rules
import test_catalog_functions as functions
from support.catalog import prepare
from support.databases import Database
from support.sessions import Connection

TABLE: LiteralString = """
create table docket.ledger (
    ledger_id  uuid,
    project_id uuid,
    amount     varchar(10),
    updated_at timestamptz
);
"""

KEYED: LiteralString = """
create table docket.ledger (
    ledger_id  uuid not null,
    project_id uuid not null,
    task_id    uuid not null,
    constraint ledger_pkey primary key (ledger_id),
    constraint ledger_project_fkey foreign key (task_id) references docket.projects
);
"""

FUNCTION: LiteralString = """
create function docket.audit(limit_ integer) returns integer language sql as 'select 1';
"""

CASES: list[tuple[Callable[[Connection], None], LiteralString]] = [
    (
        rules.test_every_schema_is_commented_and_owned_by_docket_owner,
        "comment on schema docket is null",
    ),
    (rules.test_every_relation_is_commented, TABLE),
    (rules.test_every_relation_is_commented, "create view docket.v as select 1 as one"),
    (rules.test_every_relation_is_commented, "create sequence docket_private.s"),
    (rules.test_every_column_of_a_table_is_commented, TABLE),
    (rules.test_every_function_is_commented, FUNCTION),
    (rules.test_every_type_is_commented, "create domain docket.colour as text"),
    (rules.test_every_type_is_commented, "create type docket.pair as (a integer, b integer)"),
    (rules.test_everything_is_owned_by_docket_owner, TABLE),
    (rules.test_everything_is_owned_by_docket_owner, "create domain docket.colour as text"),
    (rules.test_everything_is_owned_by_docket_owner, FUNCTION),
    (rules.test_the_owner_is_no_superuser_and_cannot_log_in, "alter role docket_owner superuser"),
    (rules.test_the_owner_is_no_superuser_and_cannot_log_in, "alter role docket_agent bypassrls"),
    (rules.test_every_table_has_a_primary_key, TABLE),
    (rules.test_the_key_of_a_projects_row_names_the_project, KEYED),
    (rules.test_columns_have_the_few_types_that_every_client_reads_alike, TABLE),
    (rules.test_every_foreign_key_has_an_index, KEYED),
    (
        rules.test_every_foreign_key_has_an_index,
        KEYED + "create index i on docket.ledger (task_id) where project_id <> task_id",
    ),
    (rules.test_no_foreign_key_can_join_two_projects, KEYED),
    (rules.test_every_table_is_journaled, TABLE),
    (
        rules.test_every_exception_from_the_journal_is_still_one,
        "drop table docket.idempotency_keys cascade",
    ),
    (
        rules.test_the_journal_looks_for_secrets_in_every_column_of_type_jsonb,
        "alter table docket.tasks add extra jsonb",
    ),
    (rules.test_every_table_with_updated_at_is_touched, TABLE),
    (rules.test_row_level_security_is_forced_wherever_there_is_a_project, TABLE),
    (
        rules.test_row_level_security_is_forced_wherever_there_is_a_project,
        "alter table docket.projects no force row level security",
    ),
    (
        rules.test_row_level_security_is_forced_wherever_there_is_a_project,
        "alter table docket.audit_log_default disable row level security",
    ),
    (rules.test_every_table_of_a_project_has_a_policy, TABLE),
    (rules.test_every_table_has_row_level_security_and_a_policy_or_is_for_everybody, TABLE),
    (
        rules.test_every_table_has_row_level_security_and_a_policy_or_is_for_everybody,
        "drop policy members_by_functions on docket.members",
    ),
    (
        rules.test_no_policy_is_on_a_table_without_row_level_security,
        "alter table docket.members disable row level security",
    ),
    (
        rules.test_a_policy_asks_once_for_a_statement_and_not_for_every_row,
        "create policy slow on docket.tasks"
        " using (project_id = any (docket_private.visible_projects()))",
    ),
    (
        rules.test_no_partition_is_granted_to_anybody,
        "grant select on docket.audit_log_default to docket_reader",
    ),
    (rules.test_no_index_is_there_twice, "create index twice on docket.members (project_id)"),
    (rules.test_no_index_is_there_twice, "create index within on docket.workflows (project_id)"),
    (rules.test_extensions_are_in_a_schema_of_their_own, "create extension ltree schema public"),
    (rules.test_views_see_with_the_eyes_of_whoever_asks, "create view docket.v as select 1 as one"),
    (
        rules.test_materialized_views_are_granted_to_nobody,
        "create materialized view docket.m as select 1 as one;"
        " grant select on docket.m to docket_app",
    ),
    (rules.test_no_client_role_writes_to_a_table, "grant delete on docket.projects to docket_app"),
    (
        rules.test_no_client_role_writes_to_a_table,
        "grant update (name) on docket.projects to docket_agent",
    ),
    (
        rules.test_no_client_role_writes_to_a_table,
        "grant usage on sequence docket_private.audit_id_seq to docket_admin",
    ),
    (
        rules.test_nobody_but_the_owner_has_more_than_select,
        "create role postman; grant truncate on docket.tasks to postman",
    ),
    (
        rules.test_nobody_but_the_owner_has_more_than_select,
        "create role postman; grant references (task_id) on docket.tasks to postman",
    ),
    (
        rules.test_what_is_made_from_now_on_is_given_to_nobody,
        "alter default privileges for role docket_owner grant execute on functions to public",
    ),
    (rules.test_public_has_nothing, FUNCTION),
    (rules.test_public_has_nothing, "create domain docket.colour as text"),
    (rules.test_public_has_nothing, "grant select on docket.settings to public"),
    (
        rules.test_the_machine_room_is_closed_to_clients,
        "grant usage on schema docket_private to public",
    ),
    (rules.test_nothing_is_in_schema_public, "create table public.t (a integer)"),
    (rules.test_nothing_is_in_schema_public, "create domain public.d as text"),
    (functions.test_every_function_is_pinned_or_bound_to_its_tables, FUNCTION),
    (
        functions.test_every_security_definer_is_pinned,
        "create function docket.f() returns integer language sql security definer return 1",
    ),
    (functions.test_readers_in_sql_are_not_volatile, FUNCTION),
    (
        functions.test_a_volatile_function_writes_and_a_stable_one_does_not,
        "create function docket.f() returns integer language plpgsql as 'begin return 1; end'",
    ),
    (
        functions.test_a_volatile_function_writes_and_a_stable_one_does_not,
        "create function docket.f() returns void stable language plpgsql"
        " as 'begin insert into docket.settings default values; end'",
    ),
    (
        functions.test_nobody_reads_the_wall_clock_or_sleeps,
        "create function docket.f() returns timestamptz language sql stable return now()",
    ),
    (
        functions.test_nobody_reads_the_wall_clock_or_sleeps,
        "create function docket.f() returns void language plpgsql"
        " as 'begin perform pg_sleep(1); end'",
    ),
    (
        functions.test_no_parameter_has_to_be_quoted,
        """create function docket.f("user" text) returns integer language sql return 1""",
    ),
    (
        functions.test_no_parameter_has_to_be_quoted,
        "create function docket.f(text) returns integer language sql return 1",
    ),
    (
        functions.test_the_comment_of_a_public_function_is_its_documentation,
        FUNCTION
        + "comment on function docket.audit(integer) is 'Does something. Returns, raises.'",
    ),
    (
        functions.test_every_sqlstate_raised_is_in_the_table,
        "create function docket.f() returns void language plpgsql"
        " as $$ begin raise 'x' using errcode = 'PDXXX'; end $$",
    ),
    (
        functions.test_python_has_the_same_table_of_errors,
        "update docket.error_codes set exit_code = 63 where error_code = 'PD404'",
    ),
    (rules.test_the_schemas_are_the_ones_of_the_design, "create schema docket_more"),
]


@pytest.mark.parametrize(
    ("rule", "breaking"),
    CASES,
    ids=[f"{rule.__name__.removeprefix('test_')}-{i}" for i, (rule, _) in enumerate(CASES)],
)
def test_a_broken_rule_is_found(
    rule: Callable[[Connection], None], breaking: LiteralString, shared_docket18: Database
) -> None:
    with psycopg.connect(shared_docket18.conninfo) as connection:
        connection.execute(breaking)
        with pytest.raises(AssertionError):
            rule(prepare(connection))
        connection.rollback()

"""Years of every table that grows by the month: what the policies keep stays, and no more."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg import sql

from support import soak
from support.databases import Database
from support.races import settle, value
from support.sessions import Connect, Connection

YEARS, ROWS = soak.size((1, 100), (3, 1000))
MONTHS = 12 * YEARS
NOW, END = "2022-12-15 12:00+00", "2023-01-01 00:00+00"
# What each table is kept for, by turns, and how many months go.
KEPT = {f"{MONTHS - 3} months": 2, f"{MONTHS - 6} months": 5}
# One row of each, by what clients call; the words of the interaction come with it.
SEEDS = """
    select docket.record_interaction(%(task)s, 'agent', 'review', true, '"words"');
    select docket.execution_log(e.execution_id, '["a line"]')
      from docket.start_execution(%(project)s, 'test', %(task)s) as e;
    select docket.record_error(%(project)s, 'It broke');
    select docket.emit_event(%(project)s, 'test.happened', '"what"');
    select docket.record_communication(%(project)s, 'api', 'queue', 'ping');
    select docket.record_metric(%(project)s, 'a_metric', 1);
    select docket.maintain('{metrics}');
"""


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_what_is_older_than_its_policy_goes_and_nothing_else(
    docket18: Database, connect: Connect
) -> None:
    session = connect(docket18)
    session.execute("select set_config('docket.fake_now', %s, false)", (NOW,))
    make_months(session)
    tables = fill(session)
    policies = dict(zip(tables, list(KEPT) * len(tables), strict=False))
    policies["interaction_search"] = policies["ai_interactions"]
    assert {
        month: count for month, count in months_of(session, tables).items() if count < ROWS
    } == {}
    before = {table: rows_within(session, table, policies[table]) for table in tables}

    for table in tables:
        session.execute("select docket.set_retention(%s, %s)", (table, policies[table]))
    settle(session)
    drops = 0
    while value(
        session, "select sum(done) from docket.maintain('{seal,drop}') where step = 'drop'"
    ):
        drops += 1
        settle(session)

    expected = Counter({table: KEPT[kept] for table, kept in policies.items()})
    assert drops == expected.total()
    journaled = session.execute(
        "select table_name, (old_values ->> 'rows')::integer from docket.audit_log"
        " where operation = 'drop'"
    ).fetchall()
    assert Counter(table for table, _ in journaled) == expected
    assert {rows for _, rows in journaled} == {ROWS}
    assert {table: rows_within(session, table, policies[table]) for table in tables} == before
    left = Counter(table for table, _ in months_of(session, tables))
    assert left == Counter({table: MONTHS - KEPT[kept] for table, kept in policies.items()})
    assert value(session, "select is_intact from docket.verify_audit()")


def make_months(session: Connection) -> None:
    """The months of these years, which the docket has not lived through."""
    for year in range(2023 - YEARS, 2023):
        for month in range(1, 13, 3):
            with session.transaction():
                session.execute(
                    "select set_config('docket.fake_now', %s, true)", (f"{year}-{month:02}-15",)
                )
                session.execute("set local role docket_owner")
                session.execute("select docket_private.ensure_partitions()")


def fill(session: Connection) -> list[str]:
    """Rows for each month of each table; the tables, by name."""
    row = session.execute(
        "with made as materialized (select (docket.create_project('old')).project_id as id)"
        " select id, (docket.create_task(id, 'A task')).task_id from made"
    ).fetchone()
    assert row is not None
    for seed in SEEDS.strip().rstrip(";").split(";"):
        session.execute(seed.encode(), {"project": row[0], "task": row[1]})
    policies = session.execute("select table_name from docket.partition_policies order by 1")
    tables = [table for (table,) in policies]
    # Without triggers and foreign keys: what is copied has been through them.
    session.execute("set session_replication_role = 'replica'")
    for table in tables:
        copy_one(session, table)
    session.execute("reset session_replication_role")
    return tables


def copy_one(session: Connection, table: str) -> None:
    """Copies a row of a table into each month, so many times, with ids of that time."""
    key, time = session.execute(
        "select a.attname, docket_private.partition_key(%s)"
        "  from pg_catalog.pg_index as i"
        "  join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]"
        " where i.indrelid = %s::regclass and i.indisprimary",
        (table, f"docket.{table}"),
    ).fetchall()[0]
    identity = {key, "first_execution_id"} if table == "execution_history" else {key}
    numbered = {"audit_log": ["audit_id"], "metrics": ["metric_id"]}.get(table, [])
    if numbered:
        identity = set()
    names, numbers = (
        sql.SQL(", ").join(map(sql.Literal, each)) for each in (sorted(identity), numbered)
    )
    statement = sql.SQL("""
        insert into {table}
        select r.*
          from (select * from {table} limit 1) as one
         cross join generate_series(%s::timestamptz, %s::timestamptz, '1 month') as m (month)
         cross join generate_series(1, %s) as n
         cross join lateral (
             select docket_private.new_id(
                        one.project_id,
                        (extract(epoch from m.month + n * interval '40 minutes'
                                            - clock_timestamp()) * 1000000)::bigint) as id
             offset 0) as i
         cross join lateral jsonb_populate_record(
                   null::{table},
                   to_jsonb(one)
                   || jsonb_build_object({time_name}, docket_private.time_of_id(i.id))
                   || coalesce((select jsonb_object_agg(k.name, i.id)
                                  from unnest(array[{names}]::text[]) as k (name)), '{{}}')
                   || coalesce((select jsonb_object_agg(
                                              k.name, (n + extract(epoch from m.month))::bigint)
                                  from unnest(array[{numbers}]::text[]) as k (name)), '{{}}')
               ) as r
    """).format(
        table=sql.Identifier("docket", table),
        time_name=sql.Literal(time),
        names=names,
        numbers=numbers,
    )
    session.execute(statement, (f"{2023 - YEARS}-01-01 00:00+00", NOW, ROWS))


def months_of(session: Connection, tables: list[str]) -> dict[tuple[str, str], int]:
    """How many rows each month of these years has, by table and month."""
    found: dict[tuple[str, str], int] = {}
    for table in tables:
        counts = session.execute(
            sql.SQL("""
                select to_char({time} at time zone 'UTC', 'YYYY-MM'), count(*)
                  from {table} where {time} < %s group by 1
            """).format(table=sql.Identifier("docket", table), time=time_of(session, table)),
            (END,),
        )
        found |= {(table, month): count for month, count in counts}
    return found


def rows_within(session: Connection, table: str, kept: str) -> Any:
    """The rows of these years that the policy keeps: how many, and a hash of them."""
    query = sql.SQL("""
        select count(*), sum(hashtextextended(t::text, 0)) from {table} as t
         where {time} >= %s::timestamptz - %s::interval and {time} < %s
    """)
    parts = {"table": sql.Identifier("docket", table), "time": time_of(session, table)}
    return session.execute(query.format(**parts), (NOW, kept, END)).fetchone()


def time_of(session: Connection, table: str) -> psycopg.sql.Identifier:
    return sql.Identifier(str(value(session, "select docket_private.partition_key(%s)", table)))

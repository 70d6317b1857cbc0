"""The journal: what it costs each write, and how long sealing and reading a large one take.

Work is the processor time of the server's session. The floor is the same table, with all its other
triggers, without a journal; the peer is a row-level trigger that writes both rows whole, with the
same facts beside them, into a table like the journal's: columns, defaults, months and indexes.

python -m bench journal [ROWS ...]        default 1000000
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import LiteralString

import psycopg

from bench.harness import Bench, Row, bench, interleaved

Connection = psycopg.Connection[tuple[object, ...]]

TASKS = 10_000
SLICES, SLICE = 12, 100
SEAL_ROWS = 1_000_000
PAGE = 1_000
NONE, WHOLE = "no journal", "whole rows, by row"

# Two tables: the tasks with all that hangs on them, and their columns and indexes alone.
SETUP: LiteralString = """
create schema bench authorization docket_owner;
create table bench.project as select project_id from docket.create_project('bench');
select from bench.project as p, docket.create_tasks(p.project_id, (
    select jsonb_agg(jsonb_build_object('title', 'Task ' || i, 'task_key', 't' || i,
                                        'description', repeat('To be done. ', 20)))
      from generate_series(1, 10000) as i));
create table bench.tasks (like docket.tasks including all);
alter table bench.tasks owner to docket_owner;
insert into bench.tasks select t.* from docket.tasks as t;
call docket_private.add_touch('bench.tasks');
call docket_private.add_journal('bench.tasks', 'task_id');
create table bench.places as
select t.task_id, row_number() over (order by t.task_id)::integer as place from docket.tasks as t;
create unique index on bench.places (place);

create table bench.audit (like docket.audit_log including all) partition by range (recorded_at);
alter table bench.audit owner to docket_owner;
do $$
declare
    v_month record;
begin
    for v_month in
        select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound
          from pg_inherits as i
          join pg_class as c on c.oid = i.inhrelid
         where i.inhparent = 'docket.audit_log'::regclass
    loop
        execute format('create table bench.%I partition of bench.audit %s',
                       v_month.relname, v_month.bound);
    end loop;
end;
$$;
create function bench.write_whole_rows() returns trigger language plpgsql as $$
begin
    insert into bench.audit (table_name, operation, project_id, row_id, old_values, new_values)
    values (tg_table_name, 'update', new.project_id, new.task_id, to_jsonb(old), to_jsonb(new));
    return null;
end;
$$;
"""

WITHOUT: LiteralString = """
alter table docket.tasks disable trigger tasks_journal_update;
alter table bench.tasks disable trigger tasks_journal_update;
"""

WITH_WHOLE_ROWS: LiteralString = """
create trigger tasks_whole_rows after update on docket.tasks
    for each row when (old.* is distinct from new.*) execute function bench.write_whole_rows();
create trigger tasks_whole_rows after update on bench.tasks
    for each row when (old.* is distinct from new.*) execute function bench.write_whole_rows();
"""

TABLES: dict[str, LiteralString] = {
    "docket.tasks": "docket.tasks",
    "its columns and indexes alone": "bench.tasks",
}
UPDATE: LiteralString = """
update {} as t
   set title = 'Task ' || clock_timestamp()
  from bench.places as p
 where p.place = %s
   and t.task_id = p.task_id
"""
UPDATE_ALL: LiteralString = "update {} set title = 'Task ' || clock_timestamp()"

# Rows as updates write them, of transactions of a thousand rows each.
FILL: LiteralString = """
do $$
begin
    for i in 1 .. {} loop
        insert into docket.audit_log (table_name, operation, project_id, row_id,
                                      old_values, new_values)
        select 'tasks', 'update', b.project_id, p.task_id,
               '{{"title": "Task", "version": "1", "updated_at": "2026-11-21 10:00:00+00"}}',
               '{{"title": "Job", "version": "2", "updated_at": "2026-11-21 11:00:00+00"}}'
          from bench.places as p
         cross join bench.project as b
         where p.place <= 1000;
        commit;
    end loop;
end;
$$
"""


def spent(connection: Connection) -> float:
    """Seconds of processor time that the server's session has taken; of the clock elsewhere."""
    statistic = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    if not statistic.exists():
        return time.perf_counter()
    return int(statistic.read_text().split()[0]) / 1e9


def work(connection: Connection, task: Callable[[], object]) -> float:
    """Seconds of processor time that something takes."""
    begun = spent(connection)
    task()
    return spent(connection) - begun


def prepare(machine: Bench, extra: LiteralString = "") -> Connection:
    """A session of a database with tasks in it, whose journal is replaced by `extra`."""
    connection = psycopg.connect(machine.database(), autocommit=True)
    connection.execute(SETUP.encode())
    connection.execute(extra.encode())
    connection.execute("vacuum analyze")
    return connection


def single(connection: Connection, table: LiteralString) -> float:
    """Microseconds for an update of one task, each committed."""
    query = UPDATE.format(table).encode()

    def some() -> None:
        for place in range(1, SLICE + 1):
            connection.execute(query, (place * (TASKS // SLICE),), prepare=True)

    some()
    return statistics.median(work(connection, some) for _ in range(SLICES)) / SLICE * 1e6


def bulk(connection: Connection, table: LiteralString) -> float:
    """Microseconds for each task of one update of them all."""
    connection.execute(f"vacuum {table}".encode())
    query = UPDATE_ALL.format(table).encode()
    return work(connection, lambda: connection.execute(query)) / TASKS * 1e6


def wal(connection: Connection, table: LiteralString) -> float:
    """Bytes of WAL for an update of one task."""
    place = "select pg_current_wal_insert_lsn()::text"
    before = connection.execute(place).fetchone()
    single(connection, table)
    row = connection.execute(
        "select (pg_current_wal_insert_lsn() - %s::pg_lsn)::float8", before
    ).fetchone()
    return float(str(row and row[0])) / (SLICE * (SLICES + 1))


def writes(machine: Bench) -> list[Row]:
    """What the journal adds to an update."""
    ours = prepare(machine)
    none = prepare(machine, WITHOUT)
    whole = prepare(machine, WITHOUT + WITH_WHOLE_ROWS)
    rows = []
    for name, table in TABLES.items():
        is_real = name == "docket.tasks"
        for measure, what, size, limit in (
            (single, "update of one task", "1 row", 1.6),
            (bulk, "update of many tasks", f"{TASKS:,} rows", 3.0),
        ):
            a, b, c = interleaved(
                *(lambda m=measure, s=each, t=table: m(s, t) for each in (ours, none, whole))  # type: ignore[misc]
            )
            target = limit if is_real else None
            rows += [
                Row(f"{what}, {name}", size, a, b, "us/row", NONE, at_most=target),
                Row(f"{what}, {name}", size, a, c, "us/row", WHOLE, at_most=1),
            ]
    # A checkpoint of the server would write whole pages.
    machine.set(machine.server.conninfo("postgres"), full_page_writes="off")
    a, b, c = interleaved(*(lambda s=each: wal(s, "docket.tasks") for each in (ours, none, whole)))  # type: ignore[misc]
    rows += [
        Row("WAL for a changed task", "1 row", a, b, "B", NONE),
        Row("WAL for a changed task", "1 row", a, c, "B", WHOLE),
    ]
    for connection in (ours, none, whole):
        connection.close()
    return rows


def large(machine: Bench, count: int) -> list[Row]:
    """Sealing, verifying and reading a large journal, against a tenth of it."""
    figures = [seal(machine, size) for size in (count // 10, count)]
    size = f"{count:,} rows"
    name = f"{count // 10:,} rows"
    (seal_few, verify_few, page_few), (seal_all, verify_all, page_all) = figures
    return [
        Row("seal_audit()", size, seal_all, seal_few * 10, "s", f"ten times {name}", at_most=1.3),
        Row("verify_audit()", size, verify_all, verify_few * 10, "s", f"ten times {name}",
            at_most=1.3),
        Row(f"changes(), a page of {PAGE:,} in the middle", size, page_all, page_few, "ms", name,
            at_most=1.3),
    ]  # fmt: skip


def seal(machine: Bench, count: int) -> Sequence[float]:
    """Seconds to seal and to verify so many rows, and milliseconds for a page of them."""
    with prepare(machine) as connection:
        connection.execute(FILL.format(count // 1000).encode())
        connection.execute("vacuum analyze docket.audit_log")
        sealing = work(connection, lambda: connection.execute("select docket.seal_audit(2000000)"))
        verifying = work(connection, lambda: connection.execute("select docket.verify_audit()"))
        middle = connection.execute(
            "select l.transaction_id || ':' || l.audit_id from docket.audit_log as l"
            " order by l.transaction_id, l.audit_id offset %s limit 1", (count // 2,)
        ).fetchone()  # fmt: skip
        page = "select count(c.changes) from docket.changes(%s, %s) as c"

        def read() -> None:
            for _ in range(20):
                connection.execute(page, (middle and middle[0], PAGE))

        read()
        reading = statistics.median(work(connection, read) for _ in range(5)) / 20 * 1e3
    return sealing, verifying, reading


def main(*sizes: int) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        rows = writes(machine)
        for count in sizes or (SEAL_ROWS,):
            rows += large(machine, count)
        return rows

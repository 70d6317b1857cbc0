"""Dependencies: what keeping the graph acyclic, counted and ready costs, against plain inserts.

The floor is the same rows into a table with two unique indexes and nothing else. "The graph's part"
is what is left when foreign keys, journal and row-level security are measured and taken away.

python -m bench graph [EDGES ...]        default 10000 and 1000000
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import LiteralString

import psycopg

from bench.harness import Bench, Row, bench, interleaved

Connection = psycopg.Connection[tuple[object, ...]]

SINGLE_ROWS = 500
BATCH_ROWS = 100_000
SEARCHED_ROWS = 20
FLOOR = "plain insert"

# A plan: three edges for each task, to some of the fifty tasks before it. Everything is stored
# behind the triggers' back, and derived by repair_graph().
SETUP: LiteralString = """
create schema bench;
create table bench.project as select project_id from docket.create_project('bench');

set session_replication_role = replica;
insert into docket.tasks (project_id, task_id, task_key, title)
select p.project_id, docket_private.new_id(p.project_id, i), 't' || i, 'Task ' || i
  from bench.project as p
 cross join generate_series(1, {edges} / 3 + 100) as i;
create table bench.tasks as
select t.task_id, row_number() over (order by t.task_id)::integer as place from docket.tasks as t;
create unique index on bench.tasks (place);
analyze bench.tasks;

insert into docket.task_dependencies (project_id, task_id, depends_on_id)
select distinct p.project_id, t.task_id, d.task_id
  from bench.project as p
 cross join bench.tasks as t
 cross join generate_series(1, 3) as n
  join bench.tasks as d on d.place = t.place - 1 - floor(random() * 50 + n - n)::integer
 where t.place <= {edges} / 3;
set session_replication_role = origin;
vacuum analyze docket.tasks;
vacuum analyze docket.task_dependencies;
select docket.repair_graph();
vacuum analyze docket_private.task_nodes;
vacuum analyze docket.ready_tasks;

create table bench.floor as table docket.task_dependencies;
alter table bench.floor
    alter metadata set default '{{}}', alter created_at set default clock_timestamp(),
    alter created_by set default 'bench', alter dependency_type set default 'blocks',
    add primary key (task_id, project_id, dependency_type, depends_on_id),
    add unique (depends_on_id, project_id, dependency_type, task_id);
create table bench.plain (like bench.floor including all);
vacuum analyze bench.floor;

-- Microseconds for each of some edges, inserted one by one into a table.
create function bench.insert_each(target text, tasks uuid[], depends_on uuid[]) returns float8
language plpgsql as $$
declare
    v_project constant uuid := (select project_id from bench.project);
    v_begun   timestamptz;
begin
    v_begun := clock_timestamp();
    if target = 'floor' then
        for i in 1 .. cardinality(tasks) loop
            insert into bench.floor (task_id, project_id, depends_on_id)
            values (tasks[i], v_project, depends_on[i]);
        end loop;
    elsif target = 'searched' then
        for i in 1 .. cardinality(tasks) loop
            perform from (
                with recursive reached (task_id) as (
                    select depends_on[i]
                     union
                    select e.depends_on_id
                      from reached as r
                      join bench.floor as e
                        on e.task_id = r.task_id
                       and e.project_id = v_project
                       and e.dependency_type = 'blocks'
                )
                select from reached as r where r.task_id = tasks[i]) as cycle;
            insert into bench.floor (task_id, project_id, depends_on_id)
            values (tasks[i], v_project, depends_on[i]);
        end loop;
    else
        for i in 1 .. cardinality(tasks) loop
            insert into docket.task_dependencies (task_id, project_id, depends_on_id)
            values (tasks[i], v_project, depends_on[i]);
        end loop;
    end if;
    return extract(epoch from clock_timestamp() - v_begun) * 1e6 / cardinality(tasks);
end;
$$;
"""

# Pairs of places that are no edge yet: {rows} tasks, {extra} is the size of the plan.
SHAPES: dict[str, LiteralString] = {
    "a new task waits for an old one": """
        select {plan} + i as task, 1 + floor(random() * {plan})::integer as depends_on
          from generate_series(1, 90) as i
    """,
    "two old tasks, along the order": """
        select i * step as task, i * step - 60 - floor(random() * 30)::integer as depends_on
          from generate_series(100, {rows} + 100) as i
         cross join (select {plan} / ({rows} + 101) as step) as s
         where i * step > 120
    """,
    "two old tasks, against the order, near": """
        select i * step - 3 as task, i * step as depends_on
          from generate_series(100, {rows} + 100) as i
         cross join (select {plan} / ({rows} + 101) as step) as s
         where not exists (
                   select
                     from docket.blockers((select task_id from bench.tasks where place = i * step),
                                          max_tasks => 60) as b
                     join bench.tasks as t on t.task_id = b.blocker_id and t.place = i * step - 3)
    """,
}

# A batch into an empty project: the order of its edges against that of the ids.
ORDERS: dict[str, LiteralString] = {
    "agreeing": "i",
    "reversed": "-i",
    "permuted": "md5(i::text)",
}


def value(connection: Connection, query: str, parameters: tuple[object, ...] = ()) -> float:
    """The one number that a statement returns."""
    row = connection.execute(query.encode(), parameters).fetchone()
    if row is None or not isinstance(row[0], int | float):
        raise RuntimeError(f"no number from: {query}")
    return float(row[0])


def seconds(connection: Connection, query: str, parameters: tuple[object, ...] = ()) -> float:
    """How long a statement takes; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        begun = time.perf_counter()
        connection.execute(query.encode(), parameters)
        return time.perf_counter() - begun


def insert_each(
    connection: Connection, target: str, edges: list[tuple[object, ...]], *, graph: bool = True
) -> float:
    """Microseconds for one of some edges, inserted one by one; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        if not graph:
            connection.execute(
                "alter table docket.task_dependencies"
                " disable trigger task_dependencies_follow_insert"
            )
        tasks, depends_on = [edge[0] for edge in edges], [edge[1] for edge in edges]
        return value(
            connection, "select bench.insert_each(%s, %s, %s)", (target, tasks, depends_on)
        )


def new_edges(connection: Connection, shape: LiteralString, plan: int) -> list[tuple[object, ...]]:
    """Edges of one shape that are not there yet, by id."""
    query = f"""
        select t.task_id, d.task_id
          from ({shape.format(plan=plan, rows=SINGLE_ROWS)}) as s
          join bench.tasks as t on t.place = s.task
          join bench.tasks as d on d.place = s.depends_on
        except
        select e.task_id, e.depends_on_id
          from docket.task_dependencies as e
    """
    return connection.execute(query.encode()).fetchall()


def single_rows(connection: Connection, edges: int) -> list[Row]:
    """One edge a statement, by shape."""
    rows = []
    size = f"{edges:,} edges"
    for name, shape in SHAPES.items():
        new = new_edges(connection, shape, edges // 3)
        few = new[:SEARCHED_ROWS]
        ours, without, floor, searched = interleaved(
            lambda new=new: insert_each(connection, "docket", new),  # type: ignore[misc]
            lambda new=new: insert_each(connection, "docket", new, graph=False),  # type: ignore[misc]
            lambda new=new: insert_each(connection, "floor", new),  # type: ignore[misc]
            lambda few=few: insert_each(connection, "searched", few),  # type: ignore[misc]
        )
        rows += [
            Row(f"{name}: all of it", size, ours, floor, "us", FLOOR),
            Row(f"{name}: the graph's part", size, ours - without, floor, "us", FLOOR),
            Row(f"{name}: the graph's part", size, ours - without, searched, "us",
                "a recursive query each"),
        ]  # fmt: skip
    return rows


def batches(connection: Connection, edges: int) -> list[Row]:
    """Many edges in one statement, into a project that has none."""
    count = min(edges, BATCH_ROWS)
    rows = []
    for name, order in ORDERS.items():
        connection.execute("drop table if exists bench.batch")
        connection.execute(
            f"""
            create table bench.batch as
            with placed as (
                select t.task_id, row_number() over (order by {order}) as place
                  from bench.tasks as t
                 cross join lateral (select t.place as i) as i
                 where t.place <= {count} / 3 + 60
            )
            select distinct t.task_id, d.task_id as depends_on_id
              from placed as t
             cross join generate_series(1, 3) as n
              join placed as d on d.place = t.place - 1 - (t.place * n * 7919) %% 50
             where t.place > 50
            """.replace("%%", "%").encode()
        )
        ours, without, floor = interleaved(
            lambda: insert_batch(connection, "docket.task_dependencies"),
            lambda: insert_batch(connection, "docket.task_dependencies", graph=False),
            lambda: insert_batch(connection, "bench.plain"),
        )
        size = f"{count:,} edges"
        rows += [
            Row(f"one statement, {name}: all of it", size, ours, floor, "s", FLOOR),
            Row(f"one statement, {name}: the graph's part", size, ours - without + floor, floor,
                "s", FLOOR),
        ]  # fmt: skip
    return rows


def insert_batch(connection: Connection, target: LiteralString, *, graph: bool = True) -> float:
    """Seconds for the whole batch, into an empty graph; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        if target != "bench.plain":
            connection.execute("truncate docket.task_dependencies")
        if not graph:
            connection.execute(
                "alter table docket.task_dependencies"
                " disable trigger task_dependencies_follow_insert"
            )
        begun = time.perf_counter()
        connection.execute(
            f"insert into {target} (task_id, project_id, depends_on_id)"
            " select b.task_id, p.project_id, b.depends_on_id"
            " from bench.batch as b cross join bench.project as p".encode()
        )
        return time.perf_counter() - begun


def readers(connection: Connection, edges: int) -> list[Row]:
    """What is read of the whole graph, against reading its edges once."""
    project = "(select project_id from bench.project)"
    last = f"(select task_id from bench.tasks where place = {edges // 3})"
    first = "(select task_id from bench.tasks where place = 1)"
    queries = {
        "blockers of the last task, all": f"select count(*) from docket.blockers({last}, null, null)",
        "blockers of the last task, the first 100": f"select count(*) from docket.blockers({last}, null, 100)",
        "impact of the first task, all": f"select count(*) from docket.impact({first}, null, null)",
        "waves": f"select count(*) from docket.waves({project})",
        "critical path": f"select count(*) from docket.critical_path({project})",
        "topological order, a page": f"select count(*) from docket.topological_order({project})",
        "health": f"select count(*) from docket.graph_health({project})",
    }  # fmt: skip
    floor = "select count(e.metadata) from docket.task_dependencies as e"
    rows = []
    for name, query in queries.items():
        runs: list[Callable[[], float]] = [
            lambda query=query: seconds(connection, query),  # type: ignore[misc]
            lambda: seconds(connection, floor),
        ]
        ours, plain = interleaved(*runs)
        rows.append(Row(name, f"{edges:,} edges", ours, plain, "s", "reading the edges"))
    return rows


def measure(machine: Bench, edges: int) -> list[Row]:
    """All figures for a plan of so many edges."""
    with psycopg.connect(machine.database(), autocommit=True) as connection:
        for statement in SETUP.format(edges=edges).split(";\n\n"):
            run_script(connection, statement)
        return [
            *single_rows(connection, edges),
            *readers(connection, edges),
            *batches(connection, edges),
        ]


def run_script(connection: Connection, script: str) -> None:
    """Runs statements one by one, since VACUUM allows no company; a function is one statement."""
    statements = [script] if "$$" in script else script.split(";\n")
    for statement in statements:
        if statement.strip():
            connection.execute(statement.encode())


def main(*sizes: int) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return [row for edges in sizes or (10_000, 1_000_000) for row in measure(machine, edges)]

"""Dependencies: what keeping the graph acyclic, counted and ready costs, against plain inserts.

The floor is the same rows into a table with two unique indexes and nothing else. "The graph's part"
is what is left when foreign keys, journal and row-level security are measured and taken away.

python -m bench graph [EDGES ...]        default 10000 and 1000000
"""

from __future__ import annotations

import time
from typing import LiteralString

import psycopg
from psycopg import sql

from bench.harness import Bench, Row, bench, interleaved

Connection = psycopg.Connection[tuple[object, ...]]

SINGLE_ROWS = 500
BATCH_ROWS = 100_000
SEARCHED_ROWS = 20
FLOOR = "plain insert"

# A plan has three edges for each task, to some of the fifty tasks before it; a chain has one, to
# the task before. Everything is stored behind the triggers' back, and derived by repair_graph().
SETUP: LiteralString = """
create schema bench;
create table bench.project as select project_id from docket.create_project('bench');

set session_replication_role = replica;
insert into docket.tasks (project_id, task_id, task_key, title)
select p.project_id, docket_private.new_id(p.project_id, i), 't' || i, 'Task ' || i
  from bench.project as p
 cross join generate_series(1, {plan} + 1000) as i;
create table bench.tasks as
select t.task_id, row_number() over (order by t.task_id)::integer as place from docket.tasks as t;
create unique index on bench.tasks (place);
analyze bench.tasks;

insert into docket.task_dependencies (project_id, task_id, depends_on_id)
select distinct p.project_id, t.task_id, d.task_id
  from (select t.task_id, t.place - 1 - floor(random() * {reach})::integer as earlier
          from bench.tasks as t
         cross join generate_series(1, {each})
         where t.place <= {plan}
        offset 0) as t
 cross join bench.project as p
  join bench.tasks as d on d.place = t.earlier;
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

-- Inserts some edges one by one into a table.
create procedure bench.insert_some(target text, tasks uuid[], depends_on uuid[])
language plpgsql as $$
declare
    v_project constant uuid := (select project_id from bench.project);
begin
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
end;
$$;

-- Microseconds for each of them, without the first few, which plan for the others.
create function bench.insert_each(target text, tasks uuid[], depends_on uuid[]) returns float8
language plpgsql as $$
declare
    v_few   constant integer := cardinality(tasks) / 10;
    v_begun timestamptz;
begin
    call bench.insert_some(target, tasks[:v_few], depends_on[:v_few]);
    v_begun := clock_timestamp();
    call bench.insert_some(target, tasks[v_few + 1 :], depends_on[v_few + 1 :]);
    return extract(epoch from clock_timestamp() - v_begun) * 1e6 / (cardinality(tasks) - v_few);
end;
$$;
"""

# Pairs of places that are no edge yet: {rows} tasks, {extra} is the size of the plan.
SHAPES: dict[str, LiteralString] = {
    "a new task waits for an old one": """
        select {plan} + i as task, 1 + floor(random() * {plan})::integer as depends_on
          from generate_series(1, {rows}) as i
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

CHAINED: dict[str, LiteralString] = {
    "a new task at the end of a chain": """
        select {plan} + i as task, {plan} as depends_on
          from generate_series(1, {rows}) as i
    """,
}

NEW_EDGES: LiteralString = """
select t.task_id, d.task_id
  from ({shape}) as s
  join bench.tasks as t on t.place = s.task
  join bench.tasks as d on d.place = s.depends_on
except
select e.task_id, e.depends_on_id
  from docket.task_dependencies as e
"""

# A batch into an empty project: the order of its edges against that of the ids.
ORDERS: dict[str, LiteralString] = {
    "agreeing": "i",
    "reversed": "-i",
    "permuted": "md5(i::text)",
}


BATCH: LiteralString = """
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
  join placed as d on d.place = t.place - 1 - mod(t.place * n * 7919, 50)
 where t.place > 50
"""

INSERT_BATCH: LiteralString = """
insert into {target} (task_id, project_id, depends_on_id)
select b.task_id, p.project_id, b.depends_on_id
  from bench.batch as b
 cross join bench.project as p
"""

# What is read of the whole graph, from its first or to its last task.
READERS: dict[str, LiteralString] = {
    "blockers of the last task, all": "select count(*) from docket.blockers({last}, null, null)",
    "blockers of the last task, 100": "select count(*) from docket.blockers({last}, null, 100)",
    "impact of the first task, all": "select count(*) from docket.impact({first}, null, null)",
    "waves": "select count(*) from docket.waves({project})",
    "critical path": "select count(*) from docket.critical_path({project})",
    "topological order, a page": "select count(*) from docket.topological_order({project})",
    "health": "select count(*) from docket.graph_health({project})",
}


READ_EDGES: LiteralString = "select count(e.metadata) from docket.task_dependencies as e"


def seconds(connection: Connection, query: sql.SQL | sql.Composed) -> float:
    """How long a statement takes; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        begun = time.perf_counter()
        connection.execute(query)
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
        row = connection.execute(
            "select bench.insert_each(%s, %s, %s)", (target, tasks, depends_on)
        ).fetchone()
        if row is None or not isinstance(row[0], float):
            raise RuntimeError("the server returned no number")
        return row[0]


def new_edges(connection: Connection, shape: LiteralString, plan: int) -> list[tuple[object, ...]]:
    """Edges of one shape that are not there yet, by id."""
    query = sql.SQL(NEW_EDGES).format(
        shape=sql.SQL(shape).format(plan=sql.Literal(plan), rows=sql.Literal(SINGLE_ROWS))
    )
    return connection.execute(query).fetchall()


def single_rows(
    connection: Connection, shapes: dict[str, LiteralString], edges: int, plan: int
) -> list[Row]:
    """One edge a statement, by shape."""
    rows = []
    size = f"{edges:,} edges"
    for name, shape in shapes.items():
        new = new_edges(connection, shape, plan)
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
        connection.execute(sql.SQL(BATCH).format(order=sql.SQL(order), count=sql.Literal(count)))
        ours, without, floor = interleaved(
            lambda: insert_batch(connection, "docket", "task_dependencies"),
            lambda: insert_batch(connection, "docket", "task_dependencies", graph=False),
            lambda: insert_batch(connection, "bench", "plain"),
        )
        size = f"{count:,} edges"
        rows += [
            Row(f"one statement, {name}: all of it", size, ours, floor, "s", FLOOR),
            Row(f"one statement, {name}: the graph's part", size, ours - without + floor, floor,
                "s", FLOOR),
        ]  # fmt: skip
    return rows


def insert_batch(connection: Connection, *target: str, graph: bool = True) -> float:
    """Seconds for the whole batch, into an empty graph; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        connection.execute("truncate docket.task_dependencies")
        if not graph:
            connection.execute(
                "alter table docket.task_dependencies"
                " disable trigger task_dependencies_follow_insert"
            )
        begun = time.perf_counter()
        connection.execute(sql.SQL(INSERT_BATCH).format(target=sql.Identifier(*target)))
        return time.perf_counter() - begun


def readers(connection: Connection, edges: int) -> list[Row]:
    """What is read of the whole graph, against reading its edges once."""
    rows = []
    for name, query in READERS.items():
        composed = sql.SQL(query).format(
            project=sql.SQL("(select project_id from bench.project)"),
            first=sql.SQL("(select task_id from bench.tasks where place = 1)"),
            last=sql.SQL("(select task_id from bench.tasks where place = {})").format(edges // 3),
        )
        ours, plain = interleaved(
            lambda composed=composed: seconds(connection, composed),  # type: ignore[misc]
            lambda: seconds(connection, sql.SQL(READ_EDGES)),
        )
        rows.append(Row(name, f"{edges:,} edges", ours, plain, "s", "reading the edges"))
    return rows


def set_up(connection: Connection, plan: int, each: int, reach: int) -> None:
    """Makes a graph: each of so many tasks waits for `each` of the `reach` tasks before it."""
    for statement in SETUP.format(plan=plan, each=each, reach=reach).split(";\n\n"):
        run_script(connection, statement)


def measure(machine: Bench, edges: int) -> list[Row]:
    """All figures for a plan, and those for a chain, of so many edges."""
    with psycopg.connect(machine.database(), autocommit=True) as connection:
        set_up(connection, edges // 3, 3, 50)
        rows = [
            *single_rows(connection, SHAPES, edges, edges // 3),
            *readers(connection, edges),
            *batches(connection, edges),
        ]
    with psycopg.connect(machine.database(), autocommit=True) as connection:
        set_up(connection, edges, 1, 1)
        return rows + single_rows(connection, CHAINED, edges, edges)


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

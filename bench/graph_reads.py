"""What is read of a whole graph, by itself: of a million edges in minutes, not with all of `graph`.

Each is read three times: without row-level security, by a member, as clients do, and of a workflow
that has a tenth of the tasks. The floor is reading all edges once.

python -m bench graph_reads [EDGES ...]        default 10000 and 1000000
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from bench.graph import READ_EDGES, READERS, Connection, seconds, set_up
from bench.harness import AGENT, Bench, Row, bench, interleaved

FLOOR = "reading the edges"
# What only an operator may read.
OPERATORS = {"health"}
PREPARE: LiteralString = """
create table bench.workflow as
select w.workflow_id
  from bench.project as p
 cross join lateral docket.create_workflow(p.project_id, 'A tenth') as w;
set session_replication_role = replica;
update docket.tasks as t
   set workflow_id = w.workflow_id
  from bench.tasks as b
 cross join bench.workflow as w
 where t.task_id = b.task_id
   and b.place <= {edges} / 30;
update docket.ready_tasks as r
   set workflow_id = t.workflow_id
  from docket.tasks as t
 where t.task_id = r.task_id
   and t.workflow_id is not null;
set session_replication_role = origin;
vacuum analyze docket.tasks;
vacuum analyze docket.ready_tasks;
insert into docket.members (organization_id, project_id, principal, access)
select p.organization_id, p.project_id, '{member}', 'reader'
  from docket.projects as p
  join bench.project as b on b.project_id = p.project_id
"""
OTHERS: dict[str, LiteralString] = {
    "topological order, a later page":
        "select count(*) from docket.topological_order({project}, null, {first})",
}  # fmt: skip
OF_WORKFLOWS: dict[str, LiteralString] = {
    "waves": "select count(*) from docket.waves({project}, {workflow})",
    "critical path": "select count(*) from docket.critical_path({project}, {workflow})",
    "topological order, a page":
        "select count(*) from docket.topological_order({project}, {workflow})",
}  # fmt: skip


def identifiers(connection: Connection, edges: int) -> dict[str, sql.Literal]:
    """What the statements are about."""
    row = connection.execute(
        """
        select p.project_id, w.workflow_id, f.task_id, l.task_id
          from bench.project as p
         cross join bench.workflow as w
          join bench.tasks as f on f.place = 1
          join bench.tasks as l on l.place = %s
        """,
        (edges // 3,),
    ).fetchone()
    if row is None:
        raise RuntimeError("there is no plan")
    return dict(zip(("project", "workflow", "first", "last"), map(sql.Literal, row), strict=True))


def measure(machine: Bench, edges: int) -> list[Row]:
    """All figures for a plan of so many edges."""
    conninfo = machine.database()
    rows: list[Row] = []
    with (
        psycopg.connect(conninfo, autocommit=True) as owner,
        psycopg.connect(machine.agent(conninfo), autocommit=True) as member,
    ):
        set_up(owner, edges // 3, 3, 50)
        for statement in PREPARE.format(edges=edges, member=AGENT).split(";\n"):
            owner.execute(statement.encode())
        about = identifiers(owner, edges)

        def read(connection: Connection, name: str, query: LiteralString) -> None:
            text = sql.SQL(query).format(**about)
            ours, plain = interleaved(
                lambda: seconds(connection, text),
                lambda: seconds(owner, sql.SQL(READ_EDGES)),
            )
            rows.append(Row(name, f"{edges:,} edges", ours, plain, "s", FLOOR))

        for name, query in {**READERS, **OTHERS}.items():
            read(owner, name, query)
            if name not in OPERATORS:
                read(member, f"{name}: by a member", query)
        for name, query in OF_WORKFLOWS.items():
            read(owner, f"{name}: of a workflow", query)
    return rows


def main(*sizes: int) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return [row for edges in sizes or (10_000, 1_000_000) for row in measure(machine, edges)]

"""Projects with tasks and dependencies, for tests that work on the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import LiteralString
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from support.sessions import Connection

ADD: LiteralString = "select docket.add_dependency(task_id => %s, depends_on_id => %s)"

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Graph:
    """A project and the ids of its tasks by key. An edge (t, d) reads "t waits for d"."""

    project_id: UUID
    ids: dict[str, UUID] = field(default_factory=dict)

    def pair(self, edge: Edge) -> tuple[UUID, UUID]:
        """The ids of an edge, as the parameters of ADD."""
        return self.ids[edge[0]], self.ids[edge[1]]

    def batch(self, edges: Iterable[Edge], satisfied_by: Iterable[str | None] = ()) -> Jsonb:
        """Edges as add_dependencies() takes them, each with what satisfies it."""
        return Jsonb(
            [
                {"task_id": str(self.ids[task]), "depends_on_id": str(self.ids[depends_on])}
                | ({} if by is None else {"satisfied_by": by})
                for (task, depends_on), by in zip_longest(edges, satisfied_by)
            ]
        )

    def key(self, task_id: UUID) -> str:
        """The key of a task."""
        return next(key for key, found in self.ids.items() if found == task_id)


def new_graph(connection: Connection, keys: Sequence[str], edges: Iterable[Edge] = ()) -> Graph:
    """A project of its own with tasks of these keys, made in this order, and dependencies."""
    row = connection.execute(
        "select project_id from docket.create_project(%s)", (f"g{uuid4().hex[:16]}",)
    ).fetchone()
    assert row is not None
    graph = Graph(row[0])
    add_tasks(connection, graph, keys)
    for edge in edges:
        connection.execute(ADD, graph.pair(edge))
    return graph


def add_tasks(connection: Connection, graph: Graph, keys: Sequence[str]) -> None:
    """Makes more tasks in the project of a graph."""
    tasks = Jsonb([{"task_key": key, "title": f"Task {key}"} for key in keys])
    rows = connection.execute(
        "select t.task_key, t.task_id from docket.create_tasks(%s, %s) as t",
        (graph.project_id, tasks),
    ).fetchall()
    graph.ids.update(dict(rows))


def ready_keys(connection: Connection, graph: Graph) -> set[str]:
    """The keys of the tasks that can be claimed, or could when their time has come."""
    rows = connection.execute(
        """
        select t.task_key
          from docket.ready_tasks as r
          join docket.tasks as t on t.task_id = r.task_id and t.project_id = r.project_id
         where r.project_id = %s
        """,
        (graph.project_id,),
    ).fetchall()
    return {row[0] for row in rows}


def stored_edges(connection: Connection, graph: Graph) -> set[Edge]:
    """The gating dependencies of a project, by key."""
    return set(stored_satisfactions(connection, graph))


def stored_satisfactions(connection: Connection, graph: Graph) -> dict[Edge, str]:
    """The gating dependencies of a project, by key, and what satisfies each."""
    rows = connection.execute(
        """
        select t.task_key, d.task_key, e.satisfied_by
          from docket.task_dependencies as e
          join docket.tasks as t on t.task_id = e.task_id and t.project_id = e.project_id
          join docket.tasks as d on d.task_id = e.depends_on_id and d.project_id = e.project_id
         where e.project_id = %s
           and e.dependency_type = 'blocks'
        """,
        (graph.project_id,),
    ).fetchall()
    return {(task, depends_on): by for task, depends_on, by in rows}


def health(connection: Connection, graph: Graph | None = None) -> list[tuple[object, ...]]:
    """What docket.graph_health() finds in a project, or in all."""
    asked = (graph.project_id if graph else None,)
    return connection.execute("select * from docket.graph_health(%s)", asked).fetchall()

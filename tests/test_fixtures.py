"""The fixtures of pgtap/support, and that the recounts of support.invariants find what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import networkx as nx
import psycopg
import pytest

from support.databases import Database
from support.invariants import INVARIANTS, assert_invariants, violations
from support.sessions import Connection

GRAPHS = {
    "chain": [("b", "a"), ("c", "b"), ("d", "c")],
    "diamond": [("b", "a"), ("c", "a"), ("d", "b"), ("d", "c")],
    "fan_in": [("d", "a"), ("d", "b"), ("d", "c")],
    "fan_out": [("b", "a"), ("c", "a"), ("d", "a")],
    "layered": [
        *[(b, a) for b in ("b1", "b2", "b3") for a in ("a1", "a2")],
        *[(c, b) for c in ("c1", "c2") for b in ("b1", "b2", "b3")],
    ],
}


@pytest.fixture
def session(shared_docket: Database) -> Iterator[Connection]:
    with psycopg.connect(shared_docket.conninfo) as connection:
        yield connection
        connection.rollback()


def keys(connection: Connection, query: LiteralString) -> list[str]:
    return [row[0] for row in connection.execute(query)]


@pytest.mark.parametrize("name", list(GRAPHS))
def test_a_named_graph_is_what_its_name_says(name: str, session: Connection) -> None:
    session.execute("select docket_test.graph(%s)", (name,))
    edges = session.execute(
        """
        select docket_test.key(e.task_id), docket_test.key(e.depends_on_id)
          from docket.task_dependencies as e
         where e.project_id = docket_test.project_id()
        """
    ).fetchall()
    assert sorted(edges) == sorted(GRAPHS[name])
    ready = keys(
        session,
        """
        select docket_test.key(r.task_id)
          from docket.ready_tasks as r
         where r.project_id = docket_test.project_id()
        """,
    )
    graph = nx.DiGraph(GRAPHS[name])
    assert sorted(ready) == sorted(task for task in graph if graph.out_degree(task) == 0)
    assert_invariants(session)


def test_the_clock_stands_still_until_it_is_moved(session: Connection) -> None:
    session.execute("select docket_test.at('2026-01-01 09:00+00')")
    first = session.execute("select docket.clock()").fetchone()
    assert session.execute("select docket.clock()").fetchone() == first
    session.execute("select docket_test.pass('90 minutes')")
    assert session.execute(
        "select docket.clock() = timestamptz '2026-01-01 10:30+00'"
    ).fetchone() == (True,)
    session.rollback()
    assert session.execute("select docket.clock() > timestamptz '2026-01-02'").fetchone() == (True,)


def test_a_key_that_is_not_there_is_an_error(session: Connection) -> None:
    session.execute("select docket_test.graph('diamond')")
    with pytest.raises(psycopg.errors.RaiseException, match="no task nobody"):
        session.execute("select docket_test.id('nobody')")


def test_a_graph_that_is_not_there_is_an_error(session: Connection) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="no graph named ring"):
        session.execute("select docket_test.graph('ring')")


BROKEN: list[tuple[str, LiteralString]] = [
    ("I1", "update docket_private.task_nodes set rank = 0"),
    ("I1", "delete from docket_private.task_nodes where task_id = docket_test.id('a')"),
    ("I2", "update docket_private.project_graphs set top = 1"),
    ("I3", "update docket_private.task_nodes set unmet = unmet + 1"),
    ("I4", "delete from docket.ready_tasks"),
    (
        "I4",
        "insert into docket.ready_tasks (task_id, project_id, priority, urgency)"
        " select docket_test.id('d'), docket_test.project_id(), 5, 5",
    ),
    ("I4", "update docket.ready_tasks set priority = 9"),
    (
        "I7",
        "set local session_replication_role = replica;"
        " update docket.tasks set parent_task_id = docket_test.id('b')"
        " where task_id = docket_test.id('c');"
        " update docket.tasks set parent_task_id = docket_test.id('c')"
        " where task_id = docket_test.id('b')",
    ),
    (
        "I7",
        "set local session_replication_role = replica;"
        " update docket.tasks set parent_task_id = docket_test.id('a')"
        " where task_id = docket_test.id('d');"
        " insert into docket.task_dependencies (task_id, project_id, depends_on_id)"
        " select docket_test.id('d'), docket_test.project_id(), docket_test.id('a')",
    ),
    (
        "Q1",
        "insert into docket.task_attempts (attempt_id, project_id, task_id, attempt_no, agent,"
        " lease_expires_at) select docket_private.new_id(docket_test.project_id()),"
        " docket_test.project_id(), docket_test.id('a'), 1, 'x', docket.clock()",
    ),
    (
        "Q2",
        "set local session_replication_role = replica;"
        " update docket.tasks set status = 'in_progress', attempt_id = task_id"
        " where task_id = docket_test.id('a')",
    ),
    (
        "Q3",
        "insert into docket.task_attempts (attempt_id, project_id, task_id, attempt_no, agent,"
        " lease_expires_at, outcome, ended_at)"
        " select docket_private.new_id(docket_test.project_id()), docket_test.project_id(),"
        " docket_test.id('a'), n, 'x', docket.clock(), 'completed', docket.clock()"
        " from generate_series(1, 2) as n",
    ),
    (
        "G1",
        "set local session_replication_role = replica;"
        " update docket.tasks set unmet_gates = 1 where task_id = docket_test.id('a')",
    ),
    (
        "G2",
        "set local session_replication_role = replica;"
        " update docket.tasks set merged_at = now() where task_id = docket_test.id('a')",
    ),
    (
        "J1",
        "set local session_replication_role = replica;"
        " update docket.tasks set status = 'deferred' where task_id = docket_test.id('a')",
    ),
    (
        "J1",
        "set local session_replication_role = replica;"
        " update docket.tasks set updated_by = 'x' where task_id = docket_test.id('a')",
    ),
    (
        "J3",
        "set local session_replication_role = replica;"
        " update docket.tasks set title = 'x' where task_id = docket_test.id('a');"
        " set local session_replication_role = origin;"
        " update docket.tasks set title = 'y' where task_id = docket_test.id('a')",
    ),
    (
        "J2",
        "set local session_replication_role = replica;"
        " insert into docket.task_attempts (attempt_id, project_id, task_id, attempt_no, agent,"
        " lease_expires_at) select docket_private.new_id(docket_test.project_id()),"
        " docket_test.project_id(), docket_test.id('a'), 1, 'x', docket.clock()",
    ),
    ("A1", "delete from docket_private.project_access"),
    (
        "C1",
        "select docket.put_context(docket_test.id('a'), 'notes', '1');"
        " delete from docket_private.context_search",
    ),
    (
        "C1",
        "select docket.put_context(docket_test.id('a'), 'notes', '1');"
        " select docket.put_context(docket_test.id('a'), 'notes', '2');"
        " update docket_private.context_search set version = 1",
    ),
    (
        "D1",
        "select docket.put_deployment_script(docket_test.project_id(), 'a', 'x', 'bash');"
        " select docket.put_deployment_script(docket_test.project_id(), 'b', 'x', 'bash');"
        " insert into docket.deployment_script_dependencies (script_id, project_id, depends_on_id)"
        " select a.script_id, a.project_id, b.script_id from docket.deployment_scripts as a"
        " join docket.deployment_scripts as b on b.script_id <> a.script_id",
    ),
    (
        "D2",
        "select docket.put_deployment_script(docket_test.project_id(), 'a', 'x', 'bash');"
        " select docket.start_deployment(docket_test.project_id(), 'a', 'staging');"
        " update docket.deployment_executions set status = 'failed', completed_at = docket.clock()",
    ),
]


@pytest.mark.parametrize(
    ("invariant", "breaking"), BROKEN, ids=[f"{n}-{i}" for i, (n, _) in enumerate(BROKEN)]
)
def test_a_broken_invariant_is_found(
    invariant: str, breaking: LiteralString, session: Connection
) -> None:
    session.execute("select docket_test.graph('diamond')")
    assert_invariants(session)
    session.execute(breaking)
    assert [found for found in violations(session) if found.startswith(invariant)]


def test_every_invariant_is_broken_once() -> None:
    broken = {name for name, _ in BROKEN}
    assert {name.split()[0] for name in INVARIANTS} == broken


def test_a_member_sees_the_project_and_a_stranger_does_not(session: Connection) -> None:
    session.execute("select docket_test.graph('diamond')")
    session.execute("set local role docket_agent")
    assert session.execute("select from docket.tasks").fetchall() == []
    session.execute("reset role")
    session.execute("select docket_test.member('docket_agent', 'reader')")
    session.execute("set local role docket_agent")
    assert len(session.execute("select from docket.tasks").fetchall()) == 4
    seen = session.execute("select docket_test.key(docket_test.id('a'))").fetchone()
    assert seen == ("a",)

"""Two sessions that count and claim on one graph, at every mix of isolation levels.

The second session has its snapshot before the first commits. Where it keeps that snapshot, it
is told to try again (40001); where it does not, it sees what the first did. Never do both go
wrong silently: after each race the graph is proven.
"""

from __future__ import annotations

from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import graphs, sessions
from support.databases import Database
from support.duels import (
    CLAIM,
    READ_COMMITTED,
    REMOVE,
    SET_PRIORITY,
    SET_STATUS,
    Duel,
    expected,
)
from support.graphs import ADD, Graph
from support.sessions import Connect, at_every_isolation, at_every_pair_of_isolations

# Counters


@at_every_pair_of_isolations
def test_two_last_prerequisites_completed_at_once_free_the_task(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    edges = [(task, on) for task in ("s", "t") for on in ("a", "b")]
    graph = graphs.new_graph(duel.observer, ["a", "b", "s", "t"], edges)
    second = (SET_STATUS, ("completed", [graph.ids["b"]]))
    sqlstate = duel.fight(
        (SET_STATUS, ("completed", [graph.ids["a"]])), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == {"s", "t"}


@at_every_pair_of_isolations
def test_a_prerequisite_completed_while_it_is_added_does_not_block(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    second = (ADD, graph.pair(("t", "d")))
    sqlstate = duel.fight(
        (SET_STATUS, ("completed", [graph.ids["d"]])), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == {"t"}


@at_every_pair_of_isolations
def test_a_prerequisite_added_while_it_is_completed_does_not_block(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    second = (SET_STATUS, ("completed", [graph.ids["d"]]))
    sqlstate = duel.fight((ADD, graph.pair(("t", "d"))), second, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == {"t"}


@at_every_pair_of_isolations
def test_removing_one_prerequisite_and_completing_the_other_frees_the_task(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b", "t"], [("t", "a"), ("t", "b")])
    second = (SET_STATUS, ("completed", [graph.ids["b"]]))
    sqlstate = duel.fight(
        (REMOVE, graph.pair(("t", "a"))), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == {"a", "t"}


@at_every_pair_of_isolations
def test_completing_one_prerequisite_and_removing_the_other_frees_the_task(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b", "t"], [("t", "a"), ("t", "b")])
    second = (REMOVE, graph.pair(("t", "a")))
    sqlstate = duel.fight(
        (SET_STATUS, ("completed", [graph.ids["b"]])), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == {"a", "t"}


@at_every_isolation
@pytest.mark.parametrize("status", ["completed", "deferred"])
def test_an_older_snapshot_counts_nothing_wrong(
    status: str, isolation: IsolationLevel, duel: Duel
) -> None:
    """The prerequisite changed, committed and away, before the edge comes."""
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    second = (ADD, graph.pair(("t", "d")))
    sqlstate = duel.follow((SET_STATUS, (status, [graph.ids["d"]])), second, isolation)
    assert sqlstate == expected(isolation, None)
    assert duel.again(second, sqlstate) is None
    assert ("t" in duel.ready(graph)) == (status == "completed")


# Ready tasks


@at_every_isolation
def test_a_dependency_waits_for_the_claim_of_its_task(
    isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    duel.observer.execute(SET_STATUS, ("deferred", [graph.ids["d"]]))
    second = (ADD, graph.pair(("t", "d")))
    sqlstate = duel.fight((CLAIM, (graph.project_id,)), second, READ_COMMITTED, isolation)
    assert sqlstate == expected(isolation, None)
    assert duel.again(second, sqlstate) is None
    duel.observer.execute(SET_STATUS, ("pending", [graph.ids["t"]]))
    assert duel.ready(graph) == set()
    duel.prove()


def test_a_claim_waits_for_nobody(duel: Duel) -> None:
    """What somebody is about to block, reopen, put off or claim is passed over."""
    edges = [("waiting", "done"), ("free", "other")]
    keys = ["done", "other", "waiting", "free", "late", "blocked", "taken"]
    graph = graphs.new_graph(duel.observer, keys, edges)
    done = [graph.ids["done"], graph.ids["other"]]
    duel.observer.execute(SET_STATUS, ("completed", done))
    duel.first.execute("begin")
    duel.first.execute(SET_STATUS, ("pending", [graph.ids["done"]]))
    duel.first.execute(SET_STATUS, ("deferred", [graph.ids["late"]]))
    duel.first.execute(ADD, graph.pair(("blocked", "waiting")))
    duel.first.execute("select docket.start_task(%s, 'other')", (graph.ids["taken"],))
    duel.second.execute("set lock_timeout = '5s'")
    rows = duel.second.execute(CLAIM, (graph.project_id,)).fetchall()
    assert {row[0] for row in rows} == {"free"}
    duel.first.execute("commit")
    assert duel.ready(graph) == {"done"}
    duel.prove()


@at_every_isolation
def test_reopening_waits_for_the_claim_of_a_dependent(
    isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"], [("t", "d")])
    duel.observer.execute(SET_STATUS, ("completed", [graph.ids["d"]]))
    second = (SET_STATUS, ("pending", [graph.ids["d"]]))
    sqlstate = duel.fight((CLAIM, (graph.project_id,)), second, READ_COMMITTED, isolation)
    assert sqlstate == expected(isolation, None)
    assert duel.again(second, sqlstate) is None
    duel.observer.execute(SET_STATUS, ("pending", [graph.ids["t"]]))
    assert duel.ready(graph) == {"d"}
    duel.prove()


@at_every_pair_of_isolations
@pytest.mark.parametrize("has_node", [False, True], ids=["first-edge", "later-edge"])
def test_a_task_that_is_given_back_while_it_gets_a_blocker_is_not_ready(
    has_node: bool, first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = claimed_graph(duel, has_node=has_node)
    second = (ADD, graph.pair(("t", "d")))
    sqlstate = duel.fight(
        (SET_STATUS, ("pending", [graph.ids["t"]])), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == set()


@at_every_pair_of_isolations
@pytest.mark.parametrize("has_node", [False, True], ids=["first-edge", "later-edge"])
def test_a_task_that_gets_a_blocker_while_it_is_given_back_is_not_ready(
    has_node: bool, first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = claimed_graph(duel, has_node=has_node)
    second = (SET_STATUS, ("pending", [graph.ids["t"]]))
    sqlstate = duel.fight((ADD, graph.pair(("t", "d"))), second, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == set()


@at_every_isolation
@pytest.mark.parametrize("has_node", [False, True], ids=["first-edge", "later-edge"])
def test_an_older_snapshot_blocks_a_task_that_came_back_since(
    has_node: bool, isolation: IsolationLevel, duel: Duel
) -> None:
    """It can't see the ready row that it has to delete."""
    graph = claimed_graph(duel, has_node=has_node)
    second = (ADD, graph.pair(("t", "d")))
    sqlstate = duel.follow((SET_STATUS, ("pending", [graph.ids["t"]])), second, isolation)
    assert sqlstate == expected(isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == set()


@at_every_isolation
def test_an_older_snapshot_gives_back_a_task_that_was_blocked_since(
    isolation: IsolationLevel, duel: Duel
) -> None:
    """It can't see the task's first node."""
    graph = claimed_graph(duel, has_node=False)
    second = (SET_STATUS, ("pending", [graph.ids["t"]]))
    sqlstate = duel.follow((ADD, graph.pair(("t", "d"))), second, isolation)
    assert sqlstate == expected(isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == set()


def claimed_graph(duel: Duel, *, has_node: bool) -> Graph:
    """Task t is claimed; d and e, which nobody can claim, are there to block it."""
    graph = graphs.new_graph(duel.observer, ["d", "e", "t"])
    duel.observer.execute(SET_STATUS, ("deferred", [graph.ids["d"], graph.ids["e"]]))
    if has_node:
        duel.observer.execute(ADD, graph.pair(("t", "e")))
        duel.observer.execute(REMOVE, graph.pair(("t", "e")))
    assert duel.observer.execute(CLAIM, (graph.project_id,)).fetchall() == [("t",)]
    return graph


@at_every_pair_of_isolations
@pytest.mark.parametrize("change", [(SET_PRIORITY, 9), (SET_STATUS, "deferred")], ids=["p", "s"])
def test_a_task_that_changes_while_it_is_freed_is_ready_as_it_is_now(
    change: tuple[LiteralString, object],
    first_isolation: IsolationLevel,
    second_isolation: IsolationLevel,
    duel: Duel,
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"], [("t", "d")])
    query, value = change
    task: object = graph.ids["t"] if query == SET_PRIORITY else [graph.ids["t"]]
    complete = (SET_STATUS, ("completed", [graph.ids["d"]]))
    for first, second in [((query, (value, task)), complete), (complete, (query, (value, task)))]:
        sqlstate = duel.fight(first, second, first_isolation, second_isolation)
        assert sqlstate == expected(second_isolation, None)
        assert duel.again(second, sqlstate) is None
        duel.observer.execute(SET_STATUS, ("pending", [graph.ids["d"]]))
        duel.observer.execute(
            "update docket.tasks set status = 'pending', priority = 5 where task_id = %s",
            (graph.ids["t"],),
        )
        duel.prove()


# What else two sessions may do


@at_every_pair_of_isolations
def test_the_same_dependency_twice_is_one(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b"])
    add = (ADD, graph.pair(("a", "b")))
    sqlstate = duel.fight(add, add, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(add, sqlstate) is None
    assert graphs.stored_edges(duel.observer, graph) == {("a", "b")}


def test_dependents_are_counted_in_one_order(
    duel: Duel, docket: Database, connect: Connect
) -> None:
    """Somebody holds the last dependent. The first has taken all others then, and the second
    waits at the first of them, with nothing in its hands that the first may come to want."""
    tasks = [f"t{i}" for i in range(6)]
    edges = [(task, on) for task in tasks for on in ("left", "right")]
    graph = graphs.new_graph(duel.observer, ["left", "right", *tasks], edges)
    holder = connect(docket)
    holder.execute("begin")
    last = max(tasks, key=lambda task: graph.ids[task])
    holder.execute(SET_PRIORITY, (9, graph.ids[last]))
    complete: LiteralString = "update docket.tasks set status = 'completed' where task_id = %s"
    first = sessions.start_blocked(duel.observer, duel.first, complete, (graph.ids["left"],))
    second = sessions.start_blocked(duel.observer, duel.second, complete, (graph.ids["right"],))
    blockers = duel.observer.execute("select pg_blocking_pids(%s)", (second.pid,)).fetchone()
    assert blockers == ([first.pid],)
    holder.execute("commit")
    first.result()
    second.result()
    assert duel.ready(graph) == set(tasks)
    duel.prove()


@pytest.mark.parametrize("isolation", sessions.ISOLATION_LEVELS[:2])
def test_projects_do_not_wait_for_each_other(isolation: IsolationLevel, duel: Duel) -> None:
    """Serializable apart: it takes whole pages for read, and may find that two met there."""
    here = graphs.new_graph(duel.observer, ["a", "b"])
    there = graphs.new_graph(duel.observer, ["a", "b"])
    sessions.begin(duel.first, isolation)
    sessions.begin(duel.second, isolation)
    duel.second.execute("set local lock_timeout = '5s'")
    duel.first.execute(ADD, here.pair(("a", "b")))
    duel.second.execute(ADD, there.pair(("b", "a")))
    duel.second.execute("commit")
    duel.first.execute("commit")
    duel.prove()

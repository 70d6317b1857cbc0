"""Two sessions at once on one graph, at every mix of isolation levels.

The second session has its snapshot before the first commits. Where it keeps that snapshot, it
is told to try again (40001); where it does not, it sees what the first did. Never do both go
wrong silently: after each race the graph is proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import graphs, sessions
from support.databases import Database
from support.graphs import ADD, Graph
from support.invariants import violations
from support.sessions import Connect, Connection, at_every_isolation, at_every_pair_of_isolations

READ_COMMITTED = IsolationLevel.READ_COMMITTED
CYCLE, TRY_AGAIN = "PDCYC", "40001"

REMOVE: LiteralString = "select docket.remove_dependency(%s, %s)"
SET_STATUS: LiteralString = "update docket.tasks set status = %s where task_id = any (%s)"
SET_PRIORITY: LiteralString = "update docket.tasks set priority = %s where task_id = %s"
SET_PARENT: LiteralString = "update docket.tasks set parent_task_id = %s where task_id = %s"
CLAIM: LiteralString = "select t.task_key from docket.claim_tasks(%s, 'agent', 10) as t"

Statement = tuple[LiteralString, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Duel:
    """Two sessions and one that watches them."""

    observer: Connection
    first: Connection
    second: Connection

    def fight(
        self,
        first: Statement,
        second: Statement,
        first_isolation: IsolationLevel,
        second_isolation: IsolationLevel,
    ) -> str | None:
        """The second waits for the first, which commits. Returns the second's SQLSTATE."""
        sessions.begin(self.first, first_isolation)
        sessions.begin(self.second, second_isolation)
        self.first.execute(*first)
        running = sessions.start_blocked(self.observer, self.second, *second)
        self.first.execute("commit")
        return self.settle(sessions.sqlstate_of(running))

    def follow(
        self, first: Statement, second: Statement, second_isolation: IsolationLevel
    ) -> str | None:
        """The first comes and goes after the second's snapshot. Returns the second's SQLSTATE."""
        sessions.begin(self.second, second_isolation)
        self.first.execute(*first)
        running = sessions.start(self.second, *second)
        return self.settle(sessions.sqlstate_of(running))

    def settle(self, sqlstate: str | None) -> str | None:
        """Ends the second's transaction; the graph is right then."""
        self.second.execute("commit" if sqlstate is None else "rollback")
        self.prove()
        return sqlstate

    def again(self, second: Statement, sqlstate: str | None) -> str | None:
        """Repeats what was told to be tried again. Returns the SQLSTATE of what counts."""
        if sqlstate != TRY_AGAIN:
            return sqlstate
        sqlstate = sessions.sqlstate_of(sessions.start(self.second, *second))
        self.prove()
        return sqlstate

    def prove(self) -> None:
        """Fails unless the graph is right."""
        assert graphs.health(self.observer) == []
        assert violations(self.observer) == []

    def ready(self, graph: Graph) -> set[str]:
        """The keys of the ready tasks."""
        return graphs.ready_keys(self.observer, graph)


@pytest.fixture
def duel(docket: Database, connect: Connect) -> Duel:
    return Duel(connect(docket), connect(docket), connect(docket))


def expected(level: IsolationLevel, otherwise: str | None) -> str | None:
    """What the second session is told: to try again, where it keeps its snapshot."""
    return otherwise if level == READ_COMMITTED else TRY_AGAIN


# Cycles


@at_every_pair_of_isolations
def test_opposite_edges_make_no_cycle(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b"])
    second = (ADD, graph.pair(("b", "a")))
    sqlstate = duel.fight((ADD, graph.pair(("a", "b"))), second, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, CYCLE)
    assert duel.again(second, sqlstate) == CYCLE
    assert graphs.stored_edges(duel.observer, graph) == {("a", "b")}


@at_every_pair_of_isolations
def test_two_edges_between_two_chains_make_no_cycle(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    """The four tasks are four different rows: locking the ends would let both through."""
    graph = graphs.new_graph(duel.observer, ["a", "b", "c", "d"], [("a", "b"), ("c", "d")])
    second = (ADD, graph.pair(("d", "a")))
    sqlstate = duel.fight((ADD, graph.pair(("b", "c"))), second, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, CYCLE)
    assert duel.again(second, sqlstate) == CYCLE


@at_every_isolation
@pytest.mark.parametrize("known", [(), (("a", "b"), ("c", "d"))], ids=["new", "known"])
def test_an_older_snapshot_makes_no_cycle(
    known: Sequence[graphs.Edge], isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b", "c", "d"], known)
    edges = [("b", "c"), ("d", "a")] if known else [("a", "b"), ("b", "a")]
    sqlstate = duel.follow((ADD, graph.pair(edges[0])), (ADD, graph.pair(edges[1])), isolation)
    assert sqlstate == expected(isolation, CYCLE)


@at_every_pair_of_isolations
def test_parents_that_turn_make_no_loop(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b"])
    second = (SET_PARENT, graph.pair(("b", "a")))
    sqlstate = duel.fight(
        (SET_PARENT, graph.pair(("a", "b"))), second, first_isolation, second_isolation
    )
    # Each holds the other's parent, for the foreign key, which a change of parent respects.
    assert sqlstate == expected(second_isolation, CYCLE)
    assert duel.again(second, sqlstate) == CYCLE


@at_every_pair_of_isolations
def test_no_task_comes_to_wait_for_its_new_parent(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "b"])
    second = (ADD, graph.pair(("b", "a")))
    sqlstate = duel.fight(
        (SET_PARENT, graph.pair(("a", "b"))), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, CYCLE)
    assert duel.again(second, sqlstate) == CYCLE


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


def test_completing_many_in_two_sessions_does_not_deadlock(duel: Duel) -> None:
    """Both free the same dependents; whatever the order of the rows, they meet in one order."""
    tasks, left, right = ([f"{letter}{i}" for i in range(6)] for letter in "tlr")
    edges = [(task, on) for task in tasks for on in (*left, *right)]
    graph = graphs.new_graph(duel.observer, [*left, *right, *reversed(tasks)], edges)
    second = (SET_STATUS, ("completed", [graph.ids[on] for on in reversed(right)]))
    first = (SET_STATUS, ("completed", [graph.ids[on] for on in left]))
    assert duel.fight(first, second, READ_COMMITTED, READ_COMMITTED) is None
    assert duel.ready(graph) == set(tasks)


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

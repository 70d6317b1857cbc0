"""Two sessions that close a cycle between them, at every mix of isolation levels.

The second session has its snapshot before the first commits. Where it keeps that snapshot, it
is told to try again (40001); where it does not, it sees what the first did. Never do both go
wrong silently: after each race the graph is proven.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from psycopg import IsolationLevel

from support import graphs
from support.duels import (
    CYCLE,
    SET_PARENT,
    SET_STATUS,
    Duel,
    expected,
)
from support.graphs import ADD
from support.sessions import at_every_isolation, at_every_pair_of_isolations


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
def test_nothing_but_the_guard_tells_of_an_edge_that_changed_no_node(
    isolation: IsolationLevel, duel: Duel
) -> None:
    """All are completed and the first edge agrees with the ranks: it leaves no other trace."""
    graph = graphs.new_graph(duel.observer, ["a", "b", "c", "d"], [("c", "d"), ("a", "b")])
    duel.observer.execute(SET_STATUS, ("completed", list(graph.ids.values())))
    first, second = (ADD, graph.pair(("b", "c"))), (ADD, graph.pair(("d", "a")))
    sqlstate = duel.follow(first, second, isolation)
    assert sqlstate == expected(isolation, CYCLE)
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

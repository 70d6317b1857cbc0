"""Two sessions of which one puts a task in another's place, or copies tasks."""

from __future__ import annotations

from typing import LiteralString

from psycopg import IsolationLevel

from support import graphs
from support.duels import SET_STATUS, Duel, expected
from support.graphs import ADD, Graph
from support.sessions import at_every_pair_of_isolations

SUPERSEDE: LiteralString = "select docket.supersede(%s, %s)"
FORK: LiteralString = "select count(*) from docket.fork(%s)"
WAITS_FOR: LiteralString = """
    select t.task_key
      from docket.dependencies(%s, 'blocks') as d
      join docket.tasks as t on t.task_id = d.depends_on_id
     order by t.task_key
"""


def waits_for(duel: Duel, graph: Graph, key: str) -> list[str]:
    """The keys of what a task waits for."""
    return [row[0] for row in duel.observer.execute(WAITS_FOR, (graph.ids[key],))]


@at_every_pair_of_isolations
def test_a_dependency_that_comes_before_moves_with_the_others(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["old", "new", "s", "t"], [("s", "old")])
    second = (SUPERSEDE, graph.pair(("old", "new")))
    sqlstate = duel.fight(
        (ADD, graph.pair(("t", "old"))), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert waits_for(duel, graph, "s") == waits_for(duel, graph, "t") == ["new"]
    assert duel.ready(graph) == {"new"}


@at_every_pair_of_isolations
def test_two_who_would_close_a_cycle_together_do_not(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["old", "new", "t"], [("t", "old")])
    second = (ADD, graph.pair(("new", "t")))
    sqlstate = duel.fight(
        (SUPERSEDE, graph.pair(("old", "new"))), second, first_isolation, second_isolation
    )
    assert sqlstate == expected(second_isolation, "PDCYC")
    assert duel.again(second, sqlstate) == "PDCYC"
    assert waits_for(duel, graph, "t") == ["new"]


@at_every_pair_of_isolations
def test_what_is_completed_before_it_is_superseded_stays_so(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["old", "new", "t"], [("t", "old")])
    second = (SUPERSEDE, graph.pair(("old", "new")))
    done = (SET_STATUS, ("completed", [graph.ids["old"]]))
    sqlstate = duel.fight(done, second, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    status = "select status from docket.tasks where task_id = %s"
    assert duel.observer.execute(status, (graph.ids["old"],)).fetchone() == ("completed",)
    assert duel.ready(graph) == {"new"}


@at_every_pair_of_isolations
def test_a_copy_has_the_dependencies_that_came_before(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["a", "t"])
    second = (FORK, ([graph.ids["t"]],))
    sqlstate = duel.fight((ADD, graph.pair(("t", "a"))), second, first_isolation, second_isolation)
    assert sqlstate == expected(second_isolation, None)
    assert duel.again(second, sqlstate) is None
    assert duel.ready(graph) == {"a"}

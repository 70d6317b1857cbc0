"""Two sessions, one of which waits for a merge or a validation, at every mix of isolation levels.

Where the second session keeps its snapshot it is told to try again (40001); after each race the
graph is proven.
"""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from support import graphs
from support.duels import SET_STATUS, Duel, Statement, expected
from support.graphs import Graph
from support.sessions import at_every_pair_of_isolations

ADD: LiteralString = "select docket.add_dependency(%s, %s, satisfied_by => %s)"
RECORD: LiteralString = "select docket.record_validation(%s, 'tests', %s)"
REQUIRE: LiteralString = "select docket.require_validation(%s, 'tests')"
PROPOSE: LiteralString = "select docket.record_pull_request(%s, 'acme/shop', %s, %s)"
LINK: LiteralString = "select docket.link_pull_request(%s, %s)"


def proposed(duel: Duel, graph: Graph, number: int = 1) -> UUID:
    """An open pull request."""
    row = duel.observer.execute(
        "select (docket.record_pull_request(%s, 'acme/shop', %s)).pull_request_id",
        (graph.project_id, number),
    ).fetchone()
    assert row is not None
    found = row[0]
    assert isinstance(found, UUID)
    return found


def tell(graph: Graph, number: int, status: str) -> Statement:
    """The host tells what became of a pull request."""
    return PROPOSE, (graph.project_id, number, Jsonb({"status": status}))


def meet(
    duel: Duel, first: Statement, second: Statement, levels: tuple[IsolationLevel, IsolationLevel]
) -> None:
    """The second waits for the first, and is done in the end."""
    sqlstate = duel.fight(first, second, *levels)
    assert sqlstate == expected(levels[1], None)
    assert duel.again(second, sqlstate) is None


@at_every_pair_of_isolations
@pytest.mark.parametrize("merge_first", [True, False], ids=["merge-first", "edge-first"])
def test_a_merge_and_a_dependency_that_asks_for_it(
    merge_first: bool,
    first_isolation: IsolationLevel,
    second_isolation: IsolationLevel,
    duel: Duel,
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    duel.observer.execute(LINK, (graph.ids["d"], proposed(duel, graph)))
    duel.observer.execute(SET_STATUS, ("completed", [graph.ids["d"]]))
    statements = [tell(graph, 1, "merged"), (ADD, (*graph.pair(("t", "d")), "merged"))]
    if not merge_first:
        statements.reverse()
    meet(duel, statements[0], statements[1], (first_isolation, second_isolation))
    assert duel.ready(graph) == {"t"}


@at_every_pair_of_isolations
@pytest.mark.parametrize("failure_first", [True, False], ids=["failure-first", "edge-first"])
def test_a_failure_and_a_dependency_that_asks_for_validation(
    failure_first: bool,
    first_isolation: IsolationLevel,
    second_isolation: IsolationLevel,
    duel: Duel,
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    duel.observer.execute(REQUIRE, (graph.ids["d"],))
    duel.observer.execute(RECORD, (graph.ids["d"], "passed"))
    duel.observer.execute(SET_STATUS, ("completed", [graph.ids["d"]]))
    statements: list[Statement] = [
        (RECORD, (graph.ids["d"], "failed")),
        (ADD, (*graph.pair(("t", "d")), "validated")),
    ]
    if not failure_first:
        statements.reverse()
    meet(duel, statements[0], statements[1], (first_isolation, second_isolation))
    assert duel.ready(graph) == set()


@at_every_pair_of_isolations
@pytest.mark.parametrize("merge_first", [True, False], ids=["merge-first", "completion-first"])
def test_a_merge_and_the_completion_that_it_belongs_to(
    merge_first: bool,
    first_isolation: IsolationLevel,
    second_isolation: IsolationLevel,
    duel: Duel,
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    duel.observer.execute(LINK, (graph.ids["d"], proposed(duel, graph)))
    duel.observer.execute(ADD, (*graph.pair(("t", "d")), "merged"))
    statements = [tell(graph, 1, "merged"), (SET_STATUS, ("completed", [graph.ids["d"]]))]
    if not merge_first:
        statements.reverse()
    meet(duel, statements[0], statements[1], (first_isolation, second_isolation))
    assert duel.ready(graph) == {"t"}


@at_every_pair_of_isolations
@pytest.mark.parametrize("merge_first", [True, False], ids=["merge-first", "link-first"])
def test_a_merge_and_the_link_to_its_task(
    merge_first: bool,
    first_isolation: IsolationLevel,
    second_isolation: IsolationLevel,
    duel: Duel,
) -> None:
    graph = graphs.new_graph(duel.observer, ["d"])
    link = (LINK, (graph.ids["d"], proposed(duel, graph)))
    statements: list[Statement] = [tell(graph, 1, "merged"), link]
    if not merge_first:
        statements.reverse()
    meet(duel, statements[0], statements[1], (first_isolation, second_isolation))
    row = duel.observer.execute(
        "select merged_at is not null from docket.tasks where task_id = %s", (graph.ids["d"],)
    ).fetchone()
    assert row == (True,)


@at_every_pair_of_isolations
def test_two_pull_requests_of_one_task_merged_at_once(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"])
    duel.observer.execute(ADD, (*graph.pair(("t", "d")), "merged"))
    for number in (1, 2):
        duel.observer.execute(LINK, (graph.ids["d"], proposed(duel, graph, number)))
    duel.observer.execute(SET_STATUS, ("completed", [graph.ids["d"]]))
    levels = first_isolation, second_isolation
    meet(duel, tell(graph, 1, "merged"), tell(graph, 2, "merged"), levels)
    assert duel.ready(graph) == {"t"}


@at_every_pair_of_isolations
def test_two_pull_requests_linked_to_one_task_at_once(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    """One of them is merged, the other open."""
    graph = graphs.new_graph(duel.observer, ["d"])
    merged, still_open = proposed(duel, graph, 1), proposed(duel, graph, 2)
    duel.observer.execute(*tell(graph, 1, "merged"))
    levels = first_isolation, second_isolation
    meet(duel, (LINK, (graph.ids["d"], still_open)), (LINK, (graph.ids["d"], merged)), levels)
    row = duel.observer.execute(
        "select merged_at from docket.tasks where task_id = %s", (graph.ids["d"],)
    ).fetchone()
    assert row == (None,)


@at_every_pair_of_isolations
def test_what_a_dependency_asks_for_changes_while_its_prerequisite_is_completed(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    graph = graphs.new_graph(duel.observer, ["d", "t"], [("t", "d")])
    levels = first_isolation, second_isolation
    ask = (ADD, (*graph.pair(("t", "d")), "merged"))
    meet(duel, (SET_STATUS, ("completed", [graph.ids["d"]])), ask, levels)
    assert duel.ready(graph) == set()

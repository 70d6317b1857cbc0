"""Two sessions at one gate, at every mix of isolation levels.

The second session has its snapshot before the first commits. Where it keeps that snapshot, it is
told to try again (40001); then the answer is the one that it gets at read committed at once.
"""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from psycopg import IsolationLevel

from support import graphs
from support.duels import Duel, Statement, expected
from support.graphs import Graph
from support.sessions import at_every_pair_of_isolations

RECORD: LiteralString = "select docket.record_validation(%s, 'tests', %s)"
REQUIRE: LiteralString = "select docket.require_validation(%s, 'tests')"
WAIVE: LiteralString = "select docket.waive_validation(%s, 'tests', 'nothing to test')"
COMPLETE: LiteralString = "select docket.complete_task(%s)"


def held(duel: Duel) -> tuple[Graph, UUID, UUID]:
    """A task that an agent holds: its graph, its id, the attempt."""
    graph = graphs.new_graph(duel.observer, ["t"])
    start = "select (docket.start_task(%s, 'agent')).attempt_id"
    row = duel.observer.execute(start, (graph.ids["t"],)).fetchone()
    assert row is not None
    return graph, graph.ids["t"], row[0]


def state(duel: Duel, task: UUID) -> tuple[str, int]:
    """Where a task stands, and how many gates it has not passed."""
    query = "select status::text, unmet_gates from docket.tasks where task_id = %s"
    row = duel.observer.execute(query, (task,)).fetchone()
    assert row is not None
    return row[0], row[1]


def meet(
    duel: Duel,
    first: Statement,
    second: Statement,
    levels: tuple[IsolationLevel, IsolationLevel],
    otherwise: str | None = None,
) -> None:
    """The second waits for the first, and in the end is answered with `otherwise`."""
    sqlstate = duel.fight(first, second, *levels)
    assert sqlstate == expected(levels[1], otherwise)
    assert duel.again(second, sqlstate) == otherwise


@at_every_pair_of_isolations
def test_a_result_that_comes_just_before_opens_the_gate(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, attempt = held(duel)
    duel.observer.execute(REQUIRE, (task,))
    levels = first_isolation, second_isolation
    meet(duel, (RECORD, (task, "passed")), (COMPLETE, (attempt,)), levels)
    assert state(duel, task) == ("completed", 0)


@at_every_pair_of_isolations
def test_a_failure_that_comes_just_before_closes_the_gate(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, attempt = held(duel)
    duel.observer.execute(REQUIRE, (task,))
    duel.observer.execute(RECORD, (task, "passed"))
    levels = first_isolation, second_isolation
    meet(duel, (RECORD, (task, "failed")), (COMPLETE, (attempt,)), levels, "PDGAT")
    assert state(duel, task) == ("in_progress", 1)


@at_every_pair_of_isolations
def test_a_failure_that_comes_just_after_does_not_reopen(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, attempt = held(duel)
    duel.observer.execute(REQUIRE, (task,))
    duel.observer.execute(RECORD, (task, "passed"))
    levels = first_isolation, second_isolation
    meet(duel, (COMPLETE, (attempt,)), (RECORD, (task, "failed")), levels)
    assert state(duel, task) == ("completed", 1)


@at_every_pair_of_isolations
def test_a_gate_that_comes_just_before_refuses(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, attempt = held(duel)
    levels = first_isolation, second_isolation
    meet(duel, (REQUIRE, (task,)), (COMPLETE, (attempt,)), levels, "PDGAT")
    assert state(duel, task) == ("in_progress", 1)


@at_every_pair_of_isolations
def test_a_gate_that_comes_just_after_does_not_reopen(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, attempt = held(duel)
    levels = first_isolation, second_isolation
    meet(duel, (COMPLETE, (attempt,)), (REQUIRE, (task,)), levels)
    assert state(duel, task) == ("completed", 1)


@at_every_pair_of_isolations
def test_what_is_waived_just_before_lets_through(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, attempt = held(duel)
    duel.observer.execute(REQUIRE, (task,))
    levels = first_isolation, second_isolation
    meet(duel, (WAIVE, (task,)), (COMPLETE, (attempt,)), levels)
    assert state(duel, task) == ("completed", 0)


@at_every_pair_of_isolations
def test_a_gate_knows_the_result_that_comes_just_before(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, _ = held(duel)
    levels = first_isolation, second_isolation
    meet(duel, (RECORD, (task, "passed")), (REQUIRE, (task,)), levels)
    assert state(duel, task) == ("in_progress", 0)


@at_every_pair_of_isolations
def test_a_gate_knows_the_result_that_comes_just_after(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, _ = held(duel)
    levels = first_isolation, second_isolation
    meet(duel, (REQUIRE, (task,)), (RECORD, (task, "passed")), levels)
    assert state(duel, task) == ("in_progress", 0)


@at_every_pair_of_isolations
def test_of_two_results_the_second_counts(
    first_isolation: IsolationLevel, second_isolation: IsolationLevel, duel: Duel
) -> None:
    _, task, _ = held(duel)
    duel.observer.execute(REQUIRE, (task,))
    levels = first_isolation, second_isolation
    meet(duel, (RECORD, (task, "failed")), (RECORD, (task, "passed")), levels)
    assert state(duel, task) == ("in_progress", 0)
    runs = duel.observer.execute(
        "select run_no, validation_status::text from docket.validation_results"
        " where task_id = %s order by run_no",
        (task,),
    ).fetchall()
    assert runs == [(1, "failed"), (2, "passed")]

"""Sessions that want the same task at the same moment.

Each test waits for the lock that it expects, never for time; the clock stands where a session
sets it. After each, the invariants hold.
"""

from __future__ import annotations

import uuid
from functools import partial

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from support import sessions, soak
from support.races import (
    CANCEL,
    CLAIM,
    COMPLETE,
    HEARTBEAT,
    LATER,
    START,
    SWEEP,
    OpenSession,
    hold,
    make_tasks,
    outcomes,
    status,
    value,
)
from support.sessions import Connection

SESSIONS, TASKS = soak.size((16, 500), (32, 10_000))

# Claims.


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_many_sessions_claim_every_task_once(open_session: OpenSession, project: uuid.UUID) -> None:
    setup = open_session()
    tasks = make_tasks(setup, project, TASKS)
    agents = [open_session() for _ in range(SESSIONS)]

    def work(number: int) -> list[uuid.UUID]:
        mine: list[uuid.UUID] = []
        while rows := agents[number].execute(CLAIM, (project, f"agent {number}", 1 + number % 4)):
            got = [row[0] for row in rows]
            if not got:
                return mine
            mine += got
        return mine

    running = [
        sessions.start_work(agent, partial(work, number)) for number, agent in enumerate(agents)
    ]
    claimed = [task for each in running for task in each.result(soak.PATIENCE)]
    assert sorted(claimed) == sorted(tasks)
    attempts = "select count(*), count(distinct task_id) from docket.task_attempts"
    assert setup.execute(attempts).fetchone() == (TASKS, TASKS)


@sessions.at_every_isolation
def test_a_claim_passes_over_what_another_is_taking(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    tasks = make_tasks(first, project, 3)
    sessions.begin(first, isolation)
    sessions.begin(second, isolation)
    one = [row[0] for row in first.execute(CLAIM, (project, "ann", 2))]
    two = [row[0] for row in second.execute(CLAIM, (project, "bob", 3))]  # does not wait
    assert (one, two) == (tasks[:2], tasks[2:])
    first.execute("rollback")
    second.execute("commit")
    assert [row[0] for row in first.execute(CLAIM, (project, "ann", 3))] == tasks[:2]


@sessions.at_every_isolation
def test_a_claim_with_an_old_snapshot_takes_nothing_that_is_taken(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    tasks = make_tasks(first, project, 4)
    sessions.begin(second, isolation)
    taken = [row[0] for row in first.execute(CLAIM, (project, "ann", 2))]
    try:
        got = [row[0] for row in second.execute(CLAIM, (project, "bob", 4))]
    except psycopg.errors.SerializationFailure:
        assert isolation is not IsolationLevel.READ_COMMITTED
        second.execute("rollback")
        got = [row[0] for row in second.execute(CLAIM, (project, "bob", 4))]
    else:
        second.execute("commit")
    assert sorted(taken + got) == sorted(tasks)


def test_of_two_who_start_a_task_one_has_it(open_session: OpenSession, project: uuid.UUID) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(first, project, 1)
    first.execute("begin")
    attempt = value(first, START, task, "ann")
    running = sessions.start_blocked(observer, second, START, (task, "bob"))
    first.execute("commit")
    assert sessions.sqlstate_of(running) == "PD409"
    query = "select attempt_id from docket.tasks where task_id = %s"
    assert value(observer, query, task) == attempt


def test_of_two_people_who_start_a_task_one_has_it(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(first, project, 1)
    by_hand = "select (docket.update_task_status(%s, 'in_progress')).status"
    first.execute("begin")
    value(first, by_hand, task)
    running = sessions.start_blocked(observer, second, by_hand, (task,))
    assert observer.execute(CLAIM, (project, "agent", 1)).fetchall() == []
    first.execute("commit")
    assert sessions.sqlstate_of(running) == "PD409"


# Leases.


def test_a_heartbeat_before_the_sweep_saves_the_task(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    task, attempt = hold(open_session(), project)
    agent, sweeper = open_session(LATER), open_session(LATER)
    agent.execute("begin")
    value(agent, HEARTBEAT, attempt)
    assert sweeper.execute(SWEEP, (project,)).fetchall() == []  # does not wait
    agent.execute("commit")
    assert sweeper.execute(SWEEP, (project,)).fetchall() == []
    assert status(sweeper, task) == "in_progress"


def test_a_heartbeat_after_the_sweep_is_too_late(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    task, attempt = hold(open_session(), project)
    agent, sweeper, observer = open_session(LATER), open_session(LATER), open_session()
    sweeper.execute("begin")
    assert sweeper.execute(SWEEP, (project,)).fetchall() == [(task,)]
    running = sessions.start_blocked(observer, agent, HEARTBEAT, (attempt,))
    sweeper.execute("commit")
    assert sessions.sqlstate_of(running) == "PDLSE"
    assert (status(observer, task), outcomes(observer, task)) == ("pending", ["lease_expired"])


def test_two_sweeps_take_a_task_back_once(open_session: OpenSession, project: uuid.UUID) -> None:
    task, _ = hold(open_session(), project)
    first, second = open_session(LATER), open_session(LATER)
    first.execute("begin")
    assert first.execute(SWEEP, (project,)).fetchall() == [(task,)]
    assert second.execute(SWEEP, (project,)).fetchall() == []  # does not wait
    first.execute("commit")
    assert second.execute(SWEEP, (project,)).fetchall() == []
    assert outcomes(second, task) == ["lease_expired"]


def test_heartbeats_for_the_same_attempts_in_any_order_make_no_ring(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    setup = open_session()
    make_tasks(setup, project, 20)
    attempts = [row[1] for row in setup.execute(CLAIM, (project, "ann", 20))]
    beat = "select count(*) from docket.heartbeats(%s)"

    def work(session: Connection, order: list[uuid.UUID]) -> list[int]:
        return [value(session, beat, order) for _ in range(30)]

    running = [
        sessions.start_work(session, partial(work, session, order))
        for session, order in [(open_session(), attempts), (open_session(), attempts[::-1])]
    ]
    assert [each.result() for each in running] == [[20] * 30, [20] * 30]


# Completion.


def test_a_completion_that_waits_for_a_sweep_is_told_that_it_lost(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    task, attempt = hold(open_session(), project)
    agent, sweeper, observer = open_session(LATER), open_session(LATER), open_session()
    sweeper.execute("begin")
    assert sweeper.execute(SWEEP, (project,)).fetchall() == [(task,)]
    running = sessions.start_blocked(observer, agent, COMPLETE, (attempt,))
    sweeper.execute("commit")
    assert sessions.sqlstate_of(running) == "PDLSE"
    assert status(observer, task) == "pending"


def test_a_completion_goes_through_when_the_sweep_is_undone(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    task, attempt = hold(open_session(), project)
    agent, sweeper, observer = open_session(LATER), open_session(LATER), open_session()
    sweeper.execute("begin")
    sweeper.execute(SWEEP, (project,))
    running = sessions.start_blocked(observer, agent, COMPLETE, (attempt,))
    sweeper.execute("rollback")
    assert running.result() == [("completed",)]
    assert outcomes(observer, task) == ["completed"]


def test_a_sweep_passes_over_what_is_being_completed(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    task, attempt = hold(open_session(), project)
    agent, sweeper = open_session(LATER), open_session(LATER)
    agent.execute("begin")
    value(agent, COMPLETE, attempt)
    assert sweeper.execute(SWEEP, (project,)).fetchall() == []  # does not wait
    agent.execute("commit")
    assert (status(sweeper, task), outcomes(sweeper, task)) == ("completed", ["completed"])


def test_a_cancellation_that_waits_for_a_completion_comes_too_late(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    agent, person, observer = open_session(), open_session(), open_session()
    task, attempt = hold(agent, project)
    agent.execute("begin")
    value(agent, COMPLETE, attempt)
    running = sessions.start_blocked(observer, person, CANCEL, (task,))
    agent.execute("commit")
    assert sessions.sqlstate_of(running) == "PDTRN"
    assert status(observer, task) == "completed"


def test_a_completion_that_waits_for_a_cancellation_is_lost(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    agent, person, observer = open_session(), open_session(), open_session()
    task, attempt = hold(agent, project)
    person.execute("begin")
    value(person, CANCEL, task)
    running = sessions.start_blocked(observer, agent, COMPLETE, (attempt,))
    person.execute("commit")
    assert sessions.sqlstate_of(running) == "PDLSE"
    assert (status(observer, task), outcomes(observer, task)) == ("cancelled", ["cancelled"])


def test_the_same_completion_twice_at_once_counts_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    task, attempt = hold(first, project)
    first.execute("begin")
    value(first, COMPLETE, attempt)
    running = sessions.start_blocked(observer, second, COMPLETE, (attempt,))
    first.execute("commit")
    assert running.result() == [("completed",)]
    history = "select count(*) from docket.task_history(%s) where to_status = 'completed'"
    assert value(observer, history, task) == 1


def test_batches_that_complete_the_same_tasks_in_any_order_make_no_ring(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    setup, first, second = open_session(), open_session(), open_session()
    complete = "select count(*) from docket.complete_tasks(%s)"
    for _ in range(5):
        make_tasks(setup, project, 10)
        batch = [{"attempt_id": str(row[1])} for row in setup.execute(CLAIM, (project, "a", 10))]
        running = [
            sessions.start(session, complete, (Jsonb(order),))
            for session, order in [(first, batch), (second, batch[::-1])]
        ]
        assert [each.result() for each in running] == [[(10,)], [(10,)]]


def test_a_deletion_takes_a_task_out_of_the_hands_of_whoever_is_claiming_it(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    agent, person, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(agent, project, 1)
    agent.execute("begin")
    (claimed,) = agent.execute(CLAIM, (project, "ann", 1)).fetchall()
    delete = "select (docket.delete_task(%s)).status"
    running = sessions.start_blocked(observer, person, delete, (task,))
    agent.execute("commit")
    assert running.result() == [("cancelled",)]
    with pytest.raises(psycopg.Error) as caught:
        value(agent, COMPLETE, claimed[1])
    assert caught.value.sqlstate == "PDLSE"


def test_two_who_try_the_failed_anew_take_each_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    tasks = make_tasks(first, project, 3)
    first.execute("update docket.retry_policies set max_attempts = 1")
    for _ in tasks:
        attempt = value(first, "select attempt_id from docket.claim_tasks(%s, 'ann')", project)
        value(first, "select (docket.fail_task(%s, 'broken')).status", attempt)
    retry = "select count(*) from docket.retry_failed(%s)"
    first.execute("begin")
    assert value(first, retry, project) == 3
    running = sessions.start_blocked(observer, second, retry, (project,))
    first.execute("commit")
    assert running.result() == [(0,)]

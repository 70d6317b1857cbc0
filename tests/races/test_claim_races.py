"""Claims that go by more than one project, or by more than priority, at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from support import sessions
from support.races import CLAIM, OpenSession, make_tasks, value
from support.sessions import Connection

ACROSS = "select task_id from docket.claim_across_projects(%s)"
ORDER = "select docket.update_project(%s, %s)"


def go_by(session: Connection, project: uuid.UUID, order: str) -> None:
    session.execute(ORDER, (project, Jsonb({"settings": {"claim_order": order}})))


def test_two_of_one_name_take_turns_and_neither_waits(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    other = value(first, "select project_id from docket.create_project('other')")
    tasks = [*make_tasks(first, project, 2), *make_tasks(first, other, 2)]
    for session in (first, second):
        sessions.begin(session, IsolationLevel.READ_COMMITTED)
        session.execute("set local lock_timeout = '5s'")
    taken = [
        value(session, ACROSS, "ann")  # each holds its turn until the end
        for session in (first, second, second, first)
    ]
    assert sorted(taken) == sorted(tasks)
    for session in (first, second):
        session.execute("commit")
    assert first.execute(ACROSS, ("ann",)).fetchall() == []


def test_a_claim_waits_for_another_that_weighs(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    light, heavy = make_tasks(first, project, 2)
    go_by(first, project, "critical_path")
    waiting = value(first, "select t.task_id from docket.create_task(%s, 'Waits') as t", project)
    first.execute("select docket.add_dependency(%s, %s)", (waiting, heavy))
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, CLAIM, project, "ann", 1) == heavy
    claim = sessions.start_blocked(observer, second, CLAIM, (project, "bob", 1))
    first.execute("commit")
    assert [row[0] for row in claim.result()] == [light]


def test_another_order_passes_over_what_is_being_claimed(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    tasks = make_tasks(first, project, 3)
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, CLAIM, project, "ann", 1) == tasks[0]
    second.execute("set lock_timeout = '5s'")
    go_by(second, project, "oldest")
    first.execute("rollback")
    assert [row[0] for row in second.execute(CLAIM, (project, "bob", 3))] == tasks


@pytest.mark.parametrize("level", sessions.ISOLATION_LEVELS)
@pytest.mark.parametrize(
    "remove",
    [
        "select docket.remove_dependency(%s, %s)",
        "delete from docket.task_dependencies where task_id = %s and depends_on_id = %s",
    ],
    ids=["by function", "by hand"],
)
def test_a_task_that_loses_a_dependency_while_it_is_claimed_is_given_away_once(
    open_session: OpenSession, project: uuid.UUID, remove: LiteralString, level: IsolationLevel
) -> None:
    first, second = open_session(), open_session()
    done, task = make_tasks(first, project, 2)
    first.execute("select docket.add_dependency(%s, %s)", (task, done))
    attempt = value(first, "select attempt_id from docket.start_task(%s, 'ann')", done)
    first.execute("select docket.complete_task(%s)", (attempt,))
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, CLAIM, project, "ann", 1) == task
    sessions.begin(second, level)
    second.execute("set local lock_timeout = '5s'")
    second.execute(remove, (task, done))
    first.execute("commit")
    second.execute("commit")
    assert second.execute(CLAIM, (project, "bob", 1)).fetchall() == []

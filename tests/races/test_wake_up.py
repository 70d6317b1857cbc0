"""Who listens is told when there is work again: once, after the commit, and where it is wanted."""

from __future__ import annotations

import uuid

import pytest

from support.races import OpenSession, make_tasks, value
from support.sessions import Connection

CLAIM = "select (docket.claim_tasks(%s, 'agent', 10)).attempt_id"
COMPLETE = "select (docket.complete_task(%s)).status"


@pytest.fixture
def listener(open_session: OpenSession) -> Connection:
    """A session that listens, and has heard everything so far."""
    session = open_session()
    session.execute("listen docket_ready")
    return session


def heard(listener: Connection) -> list[str]:
    """What has come since; a round trip brings all of it."""
    listener.execute("select 1")
    return [notify.payload for notify in listener.notifies(timeout=0)]


def test_work_for_an_idle_project_wakes_once(
    listener: Connection, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    make_tasks(session, project, 3)
    assert heard(listener) == [str(project)]
    make_tasks(session, project, 2)
    assert heard(listener) == []


def test_nothing_is_told_before_it_is_committed(
    listener: Connection, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    session.execute("begin")
    make_tasks(session, project, 1)
    assert heard(listener) == []
    session.execute("rollback")
    assert heard(listener) == []


def test_what_a_completion_frees_wakes_where_nothing_was_ready(
    listener: Connection, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    first, second, third, other = make_tasks(session, project, 4)
    add = "select docket.add_dependency(%s, %s)"
    session.execute(add.encode(), (second, first))
    session.execute(add.encode(), (third, second))
    heard(listener)
    claimed = [row[0] for row in session.execute(CLAIM.encode(), (project,))]
    assert len(claimed) == 2
    assert heard(listener) == []
    of_first = value(session, "select attempt_id from docket.get_task(%s)", first)
    value(session, COMPLETE, of_first)
    assert heard(listener) == [str(project)]
    value(session, COMPLETE, next(each for each in claimed if each != of_first))
    assert heard(listener) == []
    assert other


def test_a_task_that_is_given_back_wakes(
    listener: Connection, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    make_tasks(session, project, 1)
    attempt = value(session, CLAIM, project)
    heard(listener)
    value(session, "select (docket.release_task(%s, 'later')).status", attempt)
    assert heard(listener) == [str(project)]


def test_what_has_to_wait_wakes_nobody(
    listener: Connection, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    late = "select (docket.create_task(%s, 'Late', not_before => '2999-01-01')).task_id"
    value(session, late, project)
    assert heard(listener) == []


@pytest.mark.parametrize("of_project", [True, False])
def test_a_setting_turns_it_off(
    of_project: bool, listener: Connection, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    if of_project:
        off = """select docket.update_project(%s, '{"settings": {"notify": false}}')"""
        session.execute(off.encode(), (project,))
    else:
        session.execute("update docket.settings set value = 'false' where setting_key = 'notify'")
    make_tasks(session, project, 1)
    assert heard(listener) == []

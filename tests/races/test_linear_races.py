"""Events of Linear's, senders, and people who change tasks at the same moment."""

from __future__ import annotations

import uuid
from typing import Any, LiteralString

from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from support import sessions
from support.races import OpenSession, make_tasks, value
from support.sessions import Connection

TAKE_IN: LiteralString = "select d.outcome from docket.ingest_linear(%s, %s) as d"
PENDING: LiteralString = """
    select p.linear_change_id, p.changes from docket.pending_linear_changes(%s, %s) as p
"""
STANDS: LiteralString = "select l.sync_status from docket.list_linear_sync(%s) as l"
TITLE: LiteralString = "select t.title from docket.get_task(%s) as t"


def event(action: str, at: str, **told: Any) -> Jsonb:
    """An event of the issue i1."""
    issue = {"id": "i1", "updatedAt": f"2030-01-01T{at}Z", "team": {"key": "ENG"}} | told
    return Jsonb(
        {"type": "Issue", "action": action, "data": issue, "updatedFrom": dict.fromkeys(told)}
    )


def linked(session: Connection, project: uuid.UUID) -> uuid.UUID:
    """A task that is the issue i1, with one title on both sides."""
    (task,) = make_tasks(session, project, 1)
    issue = Jsonb(
        {"id": "i1", "title": "Theirs", "updatedAt": "2030-01-01T08:00:00Z"}
        | {"state": {"type": "unstarted"}, "priority": 3, "labels": []}
    )
    session.execute("select docket.link_linear_issue(%s, %s, take => 'theirs')", (task, issue))
    return task


@sessions.at_every_isolation
def test_no_change_is_handed_out_to_two_senders(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, three = open_session(), open_session(), open_session()
    for task in make_tasks(one, project, 4):
        one.execute("select docket.link_linear_issue(%s)", (task,))
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    first = one.execute(PENDING, (project, 2)).fetchall()
    # The second neither waits nor is given the same.
    second = two.execute(PENDING, (project, 10)).fetchall()
    two.execute("commit")
    assert (len(first), len(second)) == (2, 2)
    # What the first took and lost goes to the next.
    one.execute("rollback")
    third = three.execute(PENDING, (project, 10)).fetchall()
    assert len(third) == 2
    assert {row[0] for row in second}.isdisjoint(row[0] for row in third)
    assert sorted(str(row[1]["title"]) for row in second + third) == [
        f"Task {number}" for number in range(4)
    ]


@sessions.at_every_isolation
def test_an_echo_and_the_answer_to_the_same_change_agree(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    task = linked(observer, project)
    observer.execute('select docket.update_task(%s, \'{"title": "Ours"}\')', (task,))
    ((change, _),) = observer.execute(PENDING, (project, 10)).fetchall()
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    one.execute(TAKE_IN, (project, event("update", "09:00:00", title="Ours")))
    answer = (change, Jsonb({"id": "i1", "updatedAt": "2030-01-01T09:00:00Z"}))
    acknowledge: LiteralString = (
        "select s.sent_at is not null from docket.acknowledge_linear_change(%s, %s) as s"
    )
    running = sessions.start_blocked(observer, two, acknowledge, answer)
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        running = sessions.start(two, acknowledge, answer)
        state = sessions.sqlstate_of(running)
    assert (state, running.result()) == (None, [(True,)])
    two.execute("commit")
    assert value(observer, STANDS, project) == "synced"
    assert value(observer, TITLE, task) == "Ours"
    assert observer.execute(PENDING, (project, 10)).fetchall() == []


@sessions.at_every_isolation
def test_an_event_sees_what_is_changed_here_just_now(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    task = linked(observer, project)
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    one.execute('select docket.update_task(%s, \'{"title": "Ours"}\')', (task,))
    told = (project, event("update", "09:00:00", title="Older"))
    running = sessions.start_blocked(observer, two, TAKE_IN, told)
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        state = sessions.sqlstate_of(sessions.start(two, TAKE_IN, told))
    assert state is None
    two.execute("commit")
    assert value(observer, TITLE, task) == "Ours"
    ((_, changes),) = observer.execute(PENDING, (project, 10)).fetchall()
    assert changes == {"title": "Ours"}


@sessions.at_every_isolation
def test_a_new_issue_of_which_two_events_come_at_once_is_one_task(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    observer.execute(
        'select docket.update_project(%s, \'{"settings": {"linear_teams": ["ENG"]}}\')', (project,)
    )
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    later = (project, event("update", "09:00:00", title="Later"))
    one.execute(TAKE_IN, later)
    first = (project, event("create", "08:00:00", title="First"))
    running = sessions.start_blocked(observer, two, TAKE_IN, first)
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        state = sessions.sqlstate_of(sessions.start(two, TAKE_IN, first))
    assert state is None
    two.execute("commit")
    titles: LiteralString = "select array_agg(t.title) from docket.list_tasks(%s) as t"
    assert value(observer, titles, project) == ["Later"]

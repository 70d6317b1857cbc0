"""Sessions that record and resolve the same error at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, value

START: LiteralString = "select (docket.start_execution(%s, 'test')).execution_id"
RECORD: LiteralString = """
    select r.is_regression
      from docket.get_execution(%s) as e
     cross join lateral docket.record_error(
               e.project_id, 'Broke', execution_id => e.execution_id) as r
"""
FINISH: LiteralString = "select (docket.finish_execution(%s)).status = 'failed'"
GROUP: LiteralString = """
    select array[g.occurrences, g.regressions, (g.resolved_at is null)::integer]
      from docket.error_groups as g
     where g.project_id = %s
"""

# What comes of it: how often it occurred, came back, and whether it is open.
OUTCOMES = [
    (RECORD, RECORD, [3, 0, 1]),
    (RECORD, FINISH, [2, 0, 0]),
    (FINISH, RECORD, [2, 1, 1]),
]


@sessions.at_every_isolation
@pytest.mark.parametrize(
    ("first", "second", "left"), OUTCOMES, ids=["both record", "success after", "success before"]
)
def test_two_who_meet_at_an_error_follow_each_other(
    isolation: IsolationLevel,
    first: LiteralString,
    second: LiteralString,
    left: list[int],
    open_session: OpenSession,
    project: uuid.UUID,
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    for session in (one, two, observer):
        session.execute("set docket.fake_now = ''")
    ours, theirs = value(one, START, project), value(one, START, project)
    assert value(one, RECORD, ours) is False
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    assert value(one, first, ours) is False
    running = sessions.start_blocked(observer, two, second, (theirs,))
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        running = sessions.start(two, second, (theirs,))
        state = sessions.sqlstate_of(running)
    assert state is None
    two.execute("commit")
    found = value(observer, GROUP, project)
    if (first, isolation) == (FINISH, IsolationLevel.READ_COMMITTED):
        # What it waited for may have ended after it occurred.
        assert found in (left, [2, 0, 0])
    else:
        assert found == left

"""Sessions that end, log or try again the same execution at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, value

START: LiteralString = "select (docket.start_execution(%s, 'test')).execution_id"
FINISH: LiteralString = "select (docket.finish_execution(%s, 'failed')).status::text"
LOG: LiteralString = "select docket.execution_log(%s, '\"a line\"')"
RETRY: LiteralString = """
    select (docket.start_execution(e.project_id, 'test', retry_of => e.execution_id)).retry_count
      from docket.get_execution(%s) as e
"""


@sessions.at_every_isolation
@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [(FINISH, FINISH, "PDTRN"), (FINISH, LOG, "PDTRN"), (LOG, LOG, 1), (RETRY, RETRY, "PD409")],
    ids=["finish", "log after", "log", "retry"],
)
def test_two_who_change_an_execution_follow_each_other(
    isolation: IsolationLevel,
    first: LiteralString,
    second: LiteralString,
    outcome: int | str,
    open_session: OpenSession,
    project: uuid.UUID,
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    execution = value(one, START, project)
    if first is RETRY:
        value(one, FINISH, execution)
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    value(one, first, execution)
    running = sessions.start_blocked(observer, two, second, (execution,))
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        running = sessions.start(two, second, (execution,))
        state = sessions.sqlstate_of(running)
    assert (state or running.result()[0][0]) == outcome
    two.execute("rollback" if state else "commit")
    lines = value(observer, "select (docket.get_execution(%s)).log_lines", execution)
    assert lines == (2 if second is first is LOG else 0)

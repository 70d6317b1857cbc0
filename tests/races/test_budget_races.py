"""Budgets that several count at once, and claims that meet them."""

from __future__ import annotations

import uuid

from psycopg import IsolationLevel

from support import sessions
from support.races import CLAIM, OpenSession, make_tasks, value

USE = "select max(used_tokens) from docket.record_usage(%s, 10)"
LIMIT = "select (docket.set_budget(%s, max_tokens => %s)).is_exhausted"


def test_two_who_count_at_once_are_both_counted(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    one, other = make_tasks(first, project, 2)
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, USE, one) == 10
    # In one transaction, in whatever order: the project's row comes first for everybody.
    waiting = sessions.start_blocked(observer, second, USE, (other,))
    assert value(first, USE, other) == 20
    first.execute("commit")
    assert waiting.result() == [(30,)]


def test_a_claim_waits_for_no_budget_and_the_next_goes_by_it(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    tasks = make_tasks(first, project, 3)
    assert value(first, LIMIT, project, 10) is False
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    value(first, USE, tasks[0])
    second.execute("set lock_timeout = '5s'")
    assert value(second, CLAIM, project, "bob", 1) == tasks[0]
    first.execute("commit")
    assert second.execute(CLAIM, (project, "bob", 1)).fetchall() == []
    assert value(first, LIMIT, project, 11) is False
    assert value(second, CLAIM, project, "bob", 1) == tasks[1]

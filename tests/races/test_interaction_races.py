"""Interactions that several record at once, and the budgets that they charge."""

from __future__ import annotations

import uuid

from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from support import sessions
from support.races import OpenSession, make_tasks, value

RECORD = "select count(*) from docket.record_interactions(%s, %s)"
USED = "select used_tokens from docket.budgets where project_id = %s and task_id is null"


def said(*tasks: uuid.UUID) -> Jsonb:
    return Jsonb(
        [
            {"task_id": str(task), "agent_name": "ann", "interaction_type": "chat"}
            | {"success": True, "input_tokens": 10}
            for task in tasks
        ]
    )


def test_two_who_record_at_once_are_both_charged(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    one, other = make_tasks(first, project, 2)
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, RECORD, said(one, other), None) == 2
    # In whatever order the tasks come: the project's budget goes before theirs for everybody.
    waiting = sessions.start_blocked(observer, second, RECORD, (said(other, one), None))
    assert value(first, RECORD, said(other), None) == 1
    first.execute("commit")
    assert waiting.result() == [(2,)]
    assert value(first, USED, project) == 50


def test_the_same_request_at_once_is_recorded_and_charged_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    [task] = make_tasks(first, project, 1)
    request = uuid.uuid4()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    value(first, RECORD, said(task), request)
    waiting = sessions.start_blocked(observer, second, RECORD, (said(task), request))
    first.execute("commit")
    assert waiting.result() == [(1,)]
    assert value(first, USED, project) == 10

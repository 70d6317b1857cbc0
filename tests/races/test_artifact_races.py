"""Sessions that put and delete artifacts with the same path or content at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, make_tasks, value

PUT: LiteralString = "select (docket.put_artifact(%s, 'a.py', convert_to(%s, 'UTF8'))).version_no"
DELETE: LiteralString = """
    select (docket.delete_artifact(a.artifact_id)).version_no
      from docket.find_artifact(%s, 'a.py') as a
"""
KEPT: LiteralString = """
    select array_agg(distinct convert_from(c.content, 'UTF8'))
      from docket.artifact_contents as c
     where c.project_id = %s
"""


@sessions.at_every_isolation
def test_two_who_put_a_file_follow_each_other(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    assert value(one, PUT, task, "one") == 1
    running = sessions.start_blocked(observer, two, PUT, (task, "two"))
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        running = sessions.start(two, PUT, (task, "two"))
        state = sessions.sqlstate_of(running)
    assert (state, running.result()) == (None, [(2,)])
    two.execute("commit")
    assert value(observer, KEPT, project) == ["one", "two"]


@sessions.at_every_isolation
def test_content_stays_for_who_puts_it_while_the_last_that_had_it_goes(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    first, second = make_tasks(one, project, 2)
    value(one, PUT, first, "same")
    for leaving, coming in ((first, second), (second, first)):
        sessions.begin(one, isolation)
        sessions.begin(two, isolation)
        is_first = leaving == first
        query, task = (DELETE, leaving) if is_first else (PUT, coming)
        other, waiting = (PUT, coming) if is_first else (DELETE, leaving)
        parameters = (task,) if query is DELETE else (task, "same")
        assert value(one, query, *parameters) == 1
        given = (waiting,) if other is DELETE else (waiting, "same")
        running = sessions.start_blocked(observer, two, other, given)
        one.execute("commit")
        state = sessions.sqlstate_of(running)
        if isolation is not IsolationLevel.READ_COMMITTED:
            assert state == "40001"
            two.execute("rollback")
            running = sessions.start(two, other, given)
            state = sessions.sqlstate_of(running)
        assert (state, running.result()) == (None, [(1,)])
        two.execute("commit")
        assert value(observer, KEPT, project) == ["same"]

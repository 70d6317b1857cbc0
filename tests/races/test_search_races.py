"""What is written while a project changes its language, and searches that two tell of at once."""

from __future__ import annotations

import uuid
from typing import LiteralString

from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, value

SPEAK: LiteralString = (
    """select docket.update_project(%s, '{"settings": {"search_language": "german"}}')"""
)
CREATE: LiteralString = "select docket.create_task(%s, 'Two houses', task_key => %s)"
FOUND: LiteralString = "select count(*) from docket.search_tasks(%s, 'housing')"
RECORD: LiteralString = "select r.searches from docket.record_search(%s, 'a word', 1) as r"


def test_what_is_written_during_a_change_of_language_is_found(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    writer, speaker = open_session(), open_session()
    sessions.begin(writer, IsolationLevel.READ_COMMITTED)
    writer.execute(CREATE, (project, "before"))
    speaker.execute(SPEAK, (project,))
    writer.execute("commit")
    speaker.execute(CREATE, (project, "after"))
    # The one is still read by English, in which both are forms of one word; in German they are not.
    assert value(speaker, FOUND, project) == 1
    speaker.execute("select docket.maintain('{words}')")
    assert value(speaker, FOUND, project) == 0
    assert value(speaker, "select count(*) from docket.search_tasks(%s, 'houses')", project) == 2


def test_two_who_search_for_the_same_at_once_both_count(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, RECORD, project) == 1
    waiting = sessions.start_blocked(observer, second, RECORD, (project,))
    first.execute("commit")
    assert waiting.result() == [(2,)]


def test_of_two_who_bring_the_first_embedding_the_second_has_as_many_numbers(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    put: LiteralString = (
        "select docket.put_embedding(%s, 'task', docket.task_id(%s, 'a'), 'm', '{1,2}')"
    )
    other: LiteralString = (
        "select count(*) from docket.put_embedding("
        "%s, 'task', docket.task_id(%s, 'a'), 'm', '{3,4}', chunk => 2)"
    )
    first.execute("select docket.create_task(%s, 'A', task_key => 'a')", (project,))
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    first.execute(put, (project, project))
    waiting = sessions.start_blocked(observer, second, other, (project, project))
    first.execute("commit")
    assert waiting.result() == [(1,)]

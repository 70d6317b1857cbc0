"""Events beside those who write them: no gap, nothing twice, and each page one consumer's."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from psycopg import Error

from support import sessions
from support.races import LATER, OpenSession, make_tasks, settle, value
from support.sessions import Connection

EMIT = "select event_id from docket.emit_event(%s, %s)"
AFTER = "select place, event_type from docket.events_after(%s, %s, page_size => %s)"
NEXT = "select page_id, delivery_no, event_type from docket.next_events(%s, 'mail', %s)"
SUBSCRIBE = "select consumer_id from docket.subscribe(%s, 'mail', %s::jsonb, %s)"


def types(session: Connection, project: uuid.UUID, place: str = "0:0") -> list[str]:
    """What has happened since a place."""
    return [row[1] for row in session.execute(AFTER, (project, place, 1000))]


def page(session: Connection, project: uuid.UUID, size: int = 2) -> tuple[Any, int, list[str]]:
    """The next page: its id, how often it was handed out, and what has happened."""
    rows = session.execute(NEXT, (project, size)).fetchall()
    if not rows:
        return None, 0, []
    assert len({(row[0], row[1]) for row in rows}) == 1
    return rows[0][0], rows[0][1], [row[2] for row in rows]


@pytest.fixture
def emitter(open_session: OpenSession, project: uuid.UUID) -> Connection:
    """A session, and a consumer of the project from its beginning."""
    session = open_session()
    session.execute(SUBSCRIBE, (project, "{}", "0:0"))
    return session


def test_an_event_behind_a_slow_writer_is_given_after_his(
    open_session: OpenSession, emitter: Connection, project: uuid.UUID
) -> None:
    slow, reader = open_session(), open_session()
    emitter.execute(EMIT, (project, "first"))
    settle(reader)
    slow.execute("begin")
    slow.execute(EMIT, (project, "slow 1"))
    emitter.execute(EMIT, (project, "quick"))
    slow.execute(EMIT, (project, "slow 2"))
    settle(reader, slow)
    assert types(reader, project) == ["first"]
    assert page(reader, project, 10)[2] == ["first"]
    assert page(reader, project, 10)[2] == []
    slow.execute("commit")
    settle(reader)
    assert types(reader, project) == ["first", "slow 1", "slow 2", "quick"]
    assert page(reader, project, 10)[2] == ["slow 1", "slow 2", "quick"]


def test_one_stream_has_changes_and_events_in_their_order(
    open_session: OpenSession, emitter: Connection, project: uuid.UUID
) -> None:
    reader = open_session()
    settle(reader)
    place = value(reader, "select docket.changes_end()")
    emitter.execute("begin")
    emitter.execute(EMIT, (project, "before"))
    (task,) = make_tasks(emitter, project, 1)
    emitter.execute(EMIT, (project, "between"))
    emitter.execute('select docket.update_task(%s, \'{"title": "x"}\')', (task,))
    emitter.execute("commit")
    settle(reader)
    rows = reader.execute(
        "select kind, name, place from docket.stream(%s) where project_id = %s"
        " and (kind = 'event' or name in ('tasks.insert', 'tasks.update'))",
        (place, project),
    ).fetchall()
    assert [row[:2] for row in rows] == [
        ("event", "before"),
        ("change", "tasks.insert"),
        ("event", "between"),
        ("change", "tasks.update"),
    ]
    # From any entry on: places are the same in all the streams.
    last = reader.execute(
        "select kind, name from docket.stream(%s) where project_id = %s", (rows[2][2], project)
    ).fetchall()
    assert last[-1] == ("change", "tasks.update")
    assert ("event", "between") not in last
    assert types(reader, project, rows[1][2]) == ["between"]


def test_two_who_consume_under_one_name_get_pages_of_their_own(
    open_session: OpenSession, emitter: Connection, project: uuid.UUID
) -> None:
    one, other = open_session(), open_session()
    for number in range(5):
        emitter.execute(EMIT, (project, str(number)))
    settle(one)
    one.execute("begin")
    first, _, given = page(one, project)
    assert given == ["0", "1"]
    waiting = sessions.start_blocked(emitter, other, NEXT, (project, 2))
    one.execute("commit")
    assert [row[2] for row in waiting.result()] == ["2", "3"]
    assert page(one, project)[2] == ["4"]
    assert page(other, project)[2] == []
    one.execute("select docket.acknowledge_events(%s)", (first,))
    with pytest.raises(Error, match="is not handed out"):
        one.execute("select docket.acknowledge_events(%s)", (first,))


def test_what_is_not_acknowledged_in_time_is_handed_out_again(
    open_session: OpenSession, emitter: Connection, project: uuid.UUID
) -> None:
    slow, later = open_session(), open_session(LATER)
    for number in range(3):
        emitter.execute(EMIT, (project, str(number)))
    settle(slow)
    lost, delivery, given = page(slow, project)
    assert (delivery, given) == (1, ["0", "1"])
    again, delivery, given = page(later, project)
    assert (delivery, given) == (2, ["0", "1"])
    assert page(later, project)[2] == ["2"]
    with pytest.raises(Error, match="is not handed out"):
        slow.execute("select docket.acknowledge_events(%s)", (lost,))
    later.execute("select docket.acknowledge_events(%s)", (again,))
    row = slow.execute(
        "select pages_out, waiting from docket.list_consumers(%s)", (project,)
    ).fetchone()
    assert row == (1, 0)


def test_a_consumer_passes_by_what_it_does_not_get_and_replays(
    open_session: OpenSession, emitter: Connection, project: uuid.UUID
) -> None:
    session = open_session()
    session.execute(SUBSCRIBE, (project, '{"types": ["b.*"]}', "0:0"))
    for name in ("a.1", "b.1", "a.2", "b.2", "b.3", "a.3"):
        emitter.execute(EMIT, (project, name))
    settle(session)
    first, _, given = page(session, project)
    assert given == ["b.1", "b.2"]
    assert page(session, project)[2] == ["b.3"]
    assert page(session, project)[2] == []
    row = session.execute("select waiting from docket.list_consumers(%s)", (project,)).fetchone()
    assert row == (0,)
    session.execute(SUBSCRIBE, (project, "{}", "0:0"))
    with pytest.raises(Error, match="is not handed out"):
        session.execute("select docket.acknowledge_events(%s)", (first,))
    assert page(session, project, 10)[2] == ["a.1", "b.1", "a.2", "b.2", "b.3", "a.3"]


def test_a_consumer_begins_with_what_was_recorded_since_a_time(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    early, late, reader = open_session(), open_session(LATER), open_session()
    late.execute("begin")
    late.execute(EMIT, (project, "late, of an early transaction"))
    early.execute(EMIT, (project, "early"))
    late.execute("commit")
    late.execute(EMIT, (project, "late"))
    settle(reader)
    reader.execute(
        "select docket.subscribe(%s, 'mail', since => '2030-01-01 12:30+00')", (project,)
    )
    assert page(reader, project, 10)[2] == ["late, of an early transaction", "late"]


def test_two_who_tell_of_the_same_event_store_it_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    one, other, observer = open_session(), open_session(), open_session()
    tell = "select event_id from docket.emit_events(%s, %s::jsonb)"
    told = '[{"type": "x", "source": "/ci", "id": "1"}]'
    one.execute("begin")
    first = value(one, tell, project, told)
    waiting = sessions.start_blocked(observer, other, tell, (project, told))
    one.execute("commit")
    assert waiting.result() == [(first,)]
    settle(observer)
    assert types(observer, project) == ["x"]


def test_who_listens_is_woken_by_the_commit_of_events_once(
    open_session: OpenSession, emitter: Connection, project: uuid.UUID
) -> None:
    listener = open_session()
    listener.execute("listen docket_events")
    emitter.execute("begin")
    emitter.execute(EMIT, (project, "a"))
    emitter.execute(EMIT, (project, "b"))
    listener.execute("select 1")
    assert list(listener.notifies(timeout=0)) == []
    emitter.execute("commit")
    listener.execute("select 1")
    assert [each.payload for each in listener.notifies(timeout=0)] == [str(project)]
    # What was known already is no news.
    tell = 'select event_id from docket.emit_events(%s, \'[{"type": "x", "id": "1"}]\')'
    emitter.execute(tell, (project,))
    listener.execute("select 1")
    assert len(list(listener.notifies(timeout=0))) == 1
    emitter.execute(tell, (project,))
    listener.execute("select 1")
    assert list(listener.notifies(timeout=0)) == []

"""Sessions that change the same context, or keep and prune it, at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.maintenance import maintain
from support.races import OpenSession, make_tasks, value

PATCH: LiteralString = "select (docket.patch_context(%s, 'plan', %s::jsonb, 'json')).version"
MERGE: LiteralString = "select (docket.patch_context(%s, 'plan', %s::jsonb)).version"
PUT: LiteralString = "select (docket.put_context(%s, 'plan', %s::jsonb)).version"
EXPECTING: LiteralString = "select (docket.put_context(%s, 'plan', %s::jsonb, 1)).version"
DELETE: LiteralString = "select (docket.delete_context(%s, 'plan')).version"
RAW: LiteralString = "select (docket.put_context_raw(%s, 'plan', convert_to(%s, 'UTF8'))).version"
APPEND = '[{"op": "add", "path": "/-", "value": 1}]'

# What the second does while the first appends, and what comes of it at READ COMMITTED.
SECONDS: list[tuple[LiteralString, str, int | str, str]] = [
    (PATCH, APPEND, 3, "[0, 1, 1]"),
    (PUT, "[7]", 3, "[7]"),
    (PUT, "[0, 1]", 2, "[0, 1]"),
    (MERGE, '{"a": 1}', 3, '{"a": 1}'),
    (RAW, " [8] ", 3, "[8]"),
    (EXPECTING, "[9]", "PDVER", "[0, 1]"),
]


@sessions.at_every_isolation
@pytest.mark.parametrize(
    ("second", "given", "outcome", "left"),
    SECONDS,
    ids=["patch", "put", "same", "merge", "raw", "expecting"],
)
def test_two_who_change_a_context_follow_each_other(
    isolation: IsolationLevel,
    second: LiteralString,
    given: str,
    outcome: int | str,
    left: str,
    open_session: OpenSession,
    project: uuid.UUID,
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    value(one, PUT, task, "[0]")
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    assert value(one, PATCH, task, APPEND) == 2
    running = sessions.start_blocked(observer, two, second, (task, given))
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED and second is not EXPECTING:
        # Its snapshot is older than what the first has made of it.
        assert state == "40001"
        two.execute("rollback")
        running = sessions.start(two, second, (task, given))
        state = sessions.sqlstate_of(running)
    if isolation is IsolationLevel.READ_COMMITTED or second is not EXPECTING:
        assert (state or running.result()[0][0]) == outcome
    else:
        # Told by its own snapshot that it is right, it is stopped by the version that is there.
        assert state == "40001"
    two.execute("rollback" if state else "commit")
    query = "select data::text, version from docket.get_context(%s, 'plan')"
    assert observer.execute(query, (task,)).fetchall() == [
        (left, outcome if isinstance(outcome, int) else 2)
    ]
    history = "select array_agg(version) from docket.context_history(%s, 'plan')"
    assert value(observer, history, task) == list(range(1, 4))[: 3 if outcome == 3 else 2]


@pytest.mark.parametrize("write", [PUT, PATCH, MERGE, RAW, DELETE])
def test_no_context_of_a_task_that_is_being_purged(
    write: LiteralString, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    value(one, PUT, task, "[0]")
    one.execute("begin")
    value(one, "select docket.purge_task(%s)", task)
    given = (task,) if write is DELETE else (task, "[]")
    running = sessions.start_blocked(observer, two, write, given)
    one.execute("commit")
    assert sessions.sqlstate_of(running) == "PD404"


def test_of_two_who_delete_a_context_one_does(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    value(one, PUT, task, "[0]")
    one.execute("begin")
    value(one, DELETE, task)
    running = sessions.start_blocked(observer, two, DELETE, (task,))
    one.execute("commit")
    assert sessions.sqlstate_of(running) == "PD404"


@sessions.at_every_isolation
def test_what_is_being_pinned_is_not_pruned(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    for number in range(3):
        value(one, PUT, task, str(number))
    one.execute("select docket.register_context_type(%s, 'plan', keep_versions => 1)", (project,))
    prune = "select versions from docket.prune_contexts(%s)"
    pin = "select (docket.pin_context(%s, 'plan', 1, 'the release')).version"
    sessions.begin(two, isolation)
    one.execute("begin")
    value(one, pin, task)
    assert value(two, prune, project) == 1  # does not wait, and takes the other
    one.execute("commit")
    two.execute("commit")
    history = "select array_agg(version) from docket.context_history(%s, 'plan')"
    assert value(observer, history, task) == [1, 3]

    # The other way round: what is being pruned can't be pinned any more.
    value(one, "select (docket.unpin_context(%s, 'plan', 1, 'the release')).version", task)
    sessions.begin(one, isolation)
    two.execute("begin")
    assert value(two, prune, project) == 1
    running = sessions.start_blocked(observer, one, pin, (task,))
    two.execute("commit")
    expected = "PD404" if isolation is IsolationLevel.READ_COMMITTED else "40001"
    assert sessions.sqlstate_of(running) in {expected, "PD404"}
    assert value(observer, history, task) == [3]


@sessions.at_every_isolation
def test_a_prompt_that_is_being_sent_is_not_removed(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session("2030-03-01 12:00+00"), open_session()
    (task,) = make_tasks(one, project, 1)
    builds = [
        value(one, "select (docket.build_prompt_context(%s, %s)).prompt_build_id", task, budget)
        for budget in (100, 200, 300)
    ]
    send = (
        "select success from docket.record_interaction(%s, 'a', 'b', true, prompt_build_id => %s)"
    )
    sessions.begin(one, isolation)
    assert value(one, send, task, builds[0])
    assert maintain(two, "prompts", done=2) == ("done", None)  # does not wait, and takes the others
    one.execute("commit")
    assert maintain(two, "prompts", done=0) == ("done", None)

    # The other way round: what is being removed can't be sent any more.
    last = value(one, "select (docket.build_prompt_context(%s, 400)).prompt_build_id", task)
    sessions.begin(one, isolation)
    value(one, "select count(*) from docket.list_prompt_builds(%s)", task)
    two.execute("begin")
    assert maintain(two, "prompts", done=1) == ("done", None)
    running = sessions.start_blocked(observer, one, send, (task, last))
    two.execute("commit")
    assert sessions.sqlstate_of(running) in {"PD404", "40001"}
    kept = "select array_agg(prompt_build_id) from docket.list_prompt_builds(%s)"
    assert value(observer, kept, task) == [builds[0]]


def test_a_hit_waits_for_nobody(open_session: OpenSession, project: uuid.UUID) -> None:
    one, two = open_session(), open_session()
    one.execute("select docket.put_response(%s, 'q', '1')", (project,))
    ask = "select docket.get_response(%s, 'q')"
    one.execute("begin")
    assert value(one, ask, project) == 1
    assert value(two, ask, project) == 1  # does not wait
    one.execute("commit")
    assert value(two, "select hits from docket.response_cache") == 1


@sessions.at_every_isolation
def test_two_states_of_a_session_follow_each_other(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    put = "select (docket.put_session(%s, 's', %s::jsonb, expected_version => %s)).version"
    value(one, put, project, "1", 0)
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    assert value(one, put, project, "2", 1) == 2
    running = sessions.start_blocked(observer, two, put, (project, "3", 1))
    one.execute("commit")
    told = "PDVER" if isolation is IsolationLevel.READ_COMMITTED else "40001"
    assert sessions.sqlstate_of(running) == told
    two.execute("rollback")
    # Two who begin it: one does.
    begin = "select (docket.put_session(%s, 'new', %s::jsonb)).version"
    one.execute("begin")
    value(one, begin, project, "1")
    running = sessions.start_blocked(observer, two, begin, (project, "2"))
    one.execute("commit")
    assert running.result() == [(2,)]


def test_of_two_who_begin_a_session_and_expect_none_one_does(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    begin = "select (docket.put_session(%s, 'new', %s::jsonb, expected_version => 0)).version"
    one.execute("begin")
    assert value(one, begin, project, "1") == 1
    running = sessions.start_blocked(observer, two, begin, (project, "2"))
    one.execute("commit")
    assert sessions.sqlstate_of(running) == "PDVER"
    assert value(observer, "select (docket.get_session(%s, 'new')).state", project) == 1

"""Sessions that make the same project, context, key or request at the same moment."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import psycopg
import pytest
from psycopg import IsolationLevel

from support import sessions
from support.databases import Database
from support.races import OpenSession, make_tasks, value
from support.sessions import as_role


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """One for each test: they look at all that there is."""
    return own_docket


def test_a_new_principal_who_makes_two_projects_at_once_has_one_organization(
    open_session: OpenSession, new_role: Callable[..., str]
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    role = new_role("docket_app")
    create = "select (docket.create_project(%s)).organization_id"
    with as_role(first, role), as_role(second, role):
        first.execute("begin")
        organization = value(first, create, "one")
        running = sessions.start_blocked(observer, second, create, ("two",))
        first.execute("commit")
        assert running.result() == [(organization,)]
    made = "select count(*) from docket.members where principal = %s"
    assert value(observer, made, role) == 1


@pytest.mark.parametrize("member_first", [True, False])
@sessions.at_every_isolation
def test_a_member_who_joins_while_a_project_is_made_sees_it(
    isolation: IsolationLevel,
    member_first: bool,
    open_session: OpenSession,
    project: uuid.UUID,
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    join = """
        insert into docket.members (organization_id, principal, access)
        select organization_id, 'newcomer', 'reader' from docket.projects where project_id = %s
        returning 1
    """
    create = "select 1 from docket.create_project('new')"
    first, second = ((join, (project,)), (create, ()))[:: 1 if member_first else -1]
    one.execute("begin")
    one.execute(first[0].encode(), first[1])
    sessions.begin(two, isolation)
    running = sessions.start_blocked(observer, two, second[0], second[1])
    one.execute("commit")
    if sessions.sqlstate_of(running) == "40001":
        assert isolation is not IsolationLevel.READ_COMMITTED
        two.execute("rollback")
        two.execute(second[0].encode(), second[1])
    else:
        two.execute("commit")
    sees = "select count(*) from docket_private.project_access where principal = 'newcomer'"
    assert value(observer, sees) == 2


@pytest.mark.parametrize(("data", "versions"), [("2", [1, 2]), ("1", [1])])
def test_two_who_store_a_context_at_once_follow_each_other(
    data: str, versions: list[int], open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(first, project, 1)
    put = "select (docket.put_context(%s, 'note', %s::jsonb)).version"
    first.execute("begin")
    value(first, put, task, "1")
    running = sessions.start_blocked(observer, second, put, (task, data))
    first.execute("commit")
    assert running.result() == [(versions[-1],)]
    history = "select version from docket.context_history(%s, 'note')"
    assert [row[0] for row in observer.execute(history, (task,))] == versions


@sessions.at_every_isolation
def test_a_context_that_is_stored_from_an_old_snapshot_is_the_next_version_or_is_to_be_retried(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    (task,) = make_tasks(first, project, 1)
    put = "select (docket.put_context(%s, 'note', %s::jsonb)).version"
    sessions.begin(second, isolation)
    value(first, put, task, "1")
    try:
        assert value(second, put, task, "2") == 2
    except psycopg.errors.SerializationFailure:
        assert isolation is not IsolationLevel.READ_COMMITTED
        second.execute("rollback")
        assert value(second, put, task, "2") == 2
    else:
        second.execute("commit")


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_the_same_request_twice_at_once_is_carried_out_once(
    end: str, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    request = uuid.uuid4()
    create = "select (docket.create_task(%s, 'once', request_id => %s)).task_id"
    first.execute("begin")
    task = value(first, create, project, request)
    running = sessions.start_blocked(observer, second, create, (project, request))
    first.execute(end.encode())
    assert (running.result() == [(task,)]) is (end == "commit")
    assert value(observer, "select count(*) from docket.tasks") == 1


@sessions.at_every_isolation
def test_the_same_claim_twice_at_once_gives_the_same_tasks(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    make_tasks(first, project, 5)
    claim = "select task_id, attempt_id from docket.claim_tasks(%s, 'ann', 2, request_id => %s)"
    request = uuid.uuid4()
    first.execute("begin")
    given = first.execute(claim, (project, request)).fetchall()
    sessions.begin(second, isolation)
    running = sessions.start_blocked(observer, second, claim, (project, request))
    first.execute("commit")
    if isolation is IsolationLevel.READ_COMMITTED:
        assert running.result() == given
    else:  # its snapshot is older than the answer
        assert sessions.sqlstate_of(running) == "40001"
        second.execute("rollback")
        assert second.execute(claim, (project, request)).fetchall() == given
    assert value(observer, "select count(*) from docket.task_attempts") == 2


def test_a_claim_whose_first_try_was_rolled_back_takes_what_there_is(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    make_tasks(first, project, 1)
    claim = "select task_id from docket.claim_tasks(%s, 'ann', request_id => %s)"
    request = uuid.uuid4()
    first.execute("begin")
    given = first.execute(claim, (project, request)).fetchall()
    running = sessions.start_blocked(observer, second, claim, (project, request))
    first.execute("rollback")
    assert running.result() == given


def test_tasks_made_at_once_have_keys_of_their_own(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    create = "select (docket.create_task(%s, 'x')).task_key"
    first.execute("begin")
    slug = value(observer, "select (docket.get_project(%s)).slug", project)
    assert value(first, create, project) == f"{slug}-1"
    running = sessions.start_blocked(observer, second, create, (project,))
    first.execute("commit")
    assert running.result() == [(f"{slug}-2",)]


@pytest.mark.parametrize("is_known", [False, True])
@sessions.at_every_isolation
def test_two_who_tell_of_a_pull_request_at_once_are_both_heard(
    isolation: IsolationLevel, is_known: bool, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    record = """
        select (docket.record_pull_request(%s, 'acme/shop', 1, %s::jsonb)).pull_request_id
    """
    if is_known:
        value(observer, record, project, "{}")
    first.execute("begin")
    made = value(first, record, project, '{"title": "A cart"}')
    sessions.begin(second, isolation)
    told = (project, '{"commits": 3}')
    running = sessions.start_blocked(observer, second, record, told)
    first.execute("commit")
    if sessions.sqlstate_of(running) == "40001":
        assert isolation is not IsolationLevel.READ_COMMITTED
        second.execute("rollback")
        assert value(second, record, *told) == made
    else:
        assert running.result() == [(made,)]
        second.execute("commit")
    known = "select (p.title, p.commits)::text from docket.list_pull_requests(%s) as p"
    assert observer.execute(known, (project,)).fetchall() == [('("A cart",3)',)]


@pytest.mark.parametrize("of_pull_request", [False, True])
def test_two_who_enter_a_state_at_once_follow_each_other(
    of_pull_request: bool, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    (subject,) = make_tasks(first, project, 1)
    name = "task_id"
    if of_pull_request:
        name = "pull_request_id"
        made = "select (docket.record_pull_request(%s, 'acme/shop', 1)).pull_request_id"
        subject = value(first, made, project)
    enter = f"select (docket.enter_workflow_state(%s, {name} => %s)).state"
    first.execute("begin")
    value(first, enter, "planning", subject)
    running = sessions.start_blocked(observer, second, enter, ("review", subject))
    first.execute("commit")
    assert running.result() == [("review",)]
    stays = f"select state, left_at is null from docket.list_workflow_states({name} => %s)"
    assert observer.execute(stays.encode(), (subject,)).fetchall() == [
        ("planning", False),
        ("review", True),
    ]


def test_neither_a_claim_nor_a_pause_waits_for_the_other(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, third = open_session(), open_session(), open_session()
    make_tasks(first, project, 2)
    claim = "select count(*) from docket.claim_tasks(%s, 'agent')"
    pause = "select (docket.pause_project(%s)).paused_at is not null"
    for session in (second, third):
        session.execute("set lock_timeout = '5s'")
    first.execute("begin")
    assert value(first, claim, project) == 1
    second.execute("begin")
    assert value(second, pause, project)
    assert value(third, claim, project) == 1
    second.execute("commit")
    first.execute("commit")
    make_tasks(first, project, 1)
    assert value(first, claim, project) == 0

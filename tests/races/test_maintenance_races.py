"""Maintenance beside everything else: nobody waits for it long, and it waits for nobody long."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.databases import Database
from support.duels import READ_COMMITTED, expected
from support.maintenance import (
    MAINTAIN,
    STEPS,
    is_intact,
    maintain,
    make_months,
    months,
    outcomes_of,
    prepare_month,
)
from support.races import (
    CANCEL,
    CLAIM,
    COMPLETE,
    HEARTBEAT,
    LATER,
    OpenSession,
    hold,
    make_tasks,
    outcomes,
    settle,
    status,
    value,
)
from support.sessions import at_every_isolation

RENAME = "select docket.update_task(%s, jsonb_build_object('title', %s::text))"
RELEASE = "select (docket.release_task(%s)).status"
ADD = "select docket.add_dependency(%s, %s)"
CREATE = 'select count(*) from docket.create_tasks(%s, \'[{"title": "one"}, {"title": "two"}]\')'
KEEP = "select (docket.set_retention('audit_log', null)).retention"
VERIFY = "select is_intact from docket.verify_audit()"
MAINTAIN_DROP = "select outcome, done, problem from docket.maintain('{drop}')"
RENAMED = "select title from docket.tasks where task_id = %s"

with_a_snapshot_or_without = pytest.mark.parametrize(
    "isolation", [READ_COMMITTED, IsolationLevel.REPEATABLE_READ], ids=["without", "with"]
)


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """A database of a test's own: what is sealed, dropped and swept is of all projects."""
    return own_docket


# One at a time.


def test_a_second_call_is_told_at_once_that_another_is_at_it(open_session: OpenSession) -> None:
    first, second = open_session(), open_session()
    make_months(first)
    first.execute("begin")
    assert outcomes_of(first.execute(MAINTAIN)) == dict.fromkeys(STEPS, "done")
    assert outcomes_of(second.execute(MAINTAIN)) == dict.fromkeys(STEPS, "busy")
    first.execute("commit")
    assert outcomes_of(second.execute(MAINTAIN)) == dict.fromkeys(STEPS, "done")


def test_a_run_that_is_undone_keeps_no_other_from_running(open_session: OpenSession) -> None:
    first, second = open_session(), open_session()
    first.execute("begin")
    maintain(first, "sweep")
    assert maintain(second, "seal") == ("done", None)  # another step is free meanwhile
    first.execute("rollback")
    assert maintain(second, "sweep") == ("done", None)


def test_who_counts_tallies_waits_for_nobody_and_nobody_for_him(open_session: OpenSession) -> None:
    first, second = open_session(), open_session()
    counted = "select count(*) from docket.tallies where refreshed_at is not null"
    first.execute("begin")
    assert maintain(first, "tallies")[0] == "done"
    # Not by the step, and not past it.
    assert maintain(second, "tallies") == ("busy", "another call is at it")
    second.execute("select docket.refresh_tallies()")
    assert value(second, counted) == 0
    second.execute("select docket.task_breakdown()")
    first.execute("commit")
    assert value(second, counted) > 0
    second.execute("select docket.refresh_tallies()")
    second.execute("begin isolation level repeatable read")
    running = sessions.start(second, "select docket.refresh_tallies()")
    assert sessions.sqlstate_of(running) == "PD409"
    second.execute("rollback")


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_it_refuses_an_old_snapshot(open_session: OpenSession, level: LiteralString) -> None:
    session = open_session()
    session.execute(f"begin isolation level {level}".encode())
    assert sessions.sqlstate_of(sessions.start(session, MAINTAIN)) == "PD409"
    session.execute("rollback")


# The sweep.


@at_every_isolation
def test_who_comes_after_it_has_lost_his_task(
    open_session: OpenSession, project: uuid.UUID, isolation: IsolationLevel
) -> None:
    keeper, agent, observer = open_session(LATER), open_session(LATER), open_session()
    for statement in (COMPLETE, HEARTBEAT, RELEASE):
        task, attempt = hold(open_session(), project)
        sessions.begin(agent, isolation)
        keeper.execute("begin")
        assert maintain(keeper, "sweep", done=1) == ("done", None)
        running = sessions.start_blocked(observer, agent, statement, (attempt,))
        keeper.execute("commit")
        assert sessions.sqlstate_of(running) == expected(isolation, "PDLSE")
        agent.execute("rollback")
        assert (status(observer, task), outcomes(observer, task)) == ("pending", ["lease_expired"])
        observer.execute("select docket.delete_task(%s)", (task,))


@at_every_isolation
def test_it_passes_over_who_came_before_it(
    open_session: OpenSession, project: uuid.UUID, isolation: IsolationLevel
) -> None:
    keeper, agent = open_session(LATER), open_session(LATER)
    for statement, end in ((COMPLETE, "completed"), (HEARTBEAT, None), (CANCEL, "cancelled")):
        task, attempt = hold(open_session(), project)
        sessions.begin(agent, isolation)
        agent.execute(statement, (task if statement == CANCEL else attempt,))
        assert maintain(keeper, "sweep", done=0) == ("done", None)  # does not wait
        agent.execute("commit")
        assert maintain(keeper, "sweep", done=0) == ("done", None)
        assert outcomes(keeper, task) == [end]


@at_every_isolation
def test_who_claims_or_makes_tasks_does_not_wait_for_it(
    open_session: OpenSession, project: uuid.UUID, isolation: IsolationLevel
) -> None:
    swept, _ = hold(open_session(), project)
    (ready,) = make_tasks(open_session(), project, 1)
    keeper, agent = open_session(LATER), open_session(LATER)
    make_months(keeper)
    keeper.execute("begin")
    assert outcomes_of(keeper.execute(MAINTAIN)) == dict.fromkeys(STEPS, "done")
    agent.execute("set lock_timeout = '5s'")
    sessions.begin(agent, isolation)
    assert value(agent, CREATE, project) == 2
    taken = {row[0] for row in agent.execute(CLAIM, (project, "bob", 10))}
    assert ready in taken
    assert swept not in taken
    agent.execute("commit")
    keeper.execute("commit")
    assert [row[0] for row in agent.execute(CLAIM, (project, "bob", 10))] == [swept]


def test_a_project_that_is_held_keeps_no_other_from_being_swept(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    setup, holder, keeper = open_session(), open_session(LATER), open_session(LATER)
    other = value(setup, "select project_id from docket.create_project('other')")
    (held, _), (free, _) = hold(setup, project), hold(setup, other)
    one, two = make_tasks(setup, project, 2)
    holder.execute("begin")
    holder.execute(ADD, (one, two))
    outcome, problem = maintain(keeper, "sweep", done=1)
    assert outcome == "busy"
    assert problem == f"project {project}: somebody is changing its graph"
    assert (status(setup, held), status(setup, free)) == ("in_progress", "pending")
    holder.execute("commit")
    assert maintain(keeper, "sweep", done=1) == ("done", None)


def test_who_changes_dependencies_waits_until_his_project_is_swept(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    setup, person, keeper = open_session(), open_session(LATER), open_session(LATER)
    task, _ = hold(setup, project)
    (other,) = make_tasks(setup, project, 1)
    keeper.execute("begin")
    maintain(keeper, "sweep", done=1)
    running = sessions.start_blocked(setup, person, ADD, (task, other))
    keeper.execute("commit")
    running.result()
    assert [row[0] for row in person.execute(CLAIM, (project, "bob", 10))] == [other]


# Months that go.


@with_a_snapshot_or_without
def test_a_month_is_not_dropped_while_somebody_writes_and_he_does_not_wait(
    open_session: OpenSession, project: uuid.UUID, isolation: IsolationLevel
) -> None:
    keeper, writer, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(keeper, project, 1)
    prepare_month(keeper)
    sessions.begin(writer, isolation)
    writer.execute(RENAME, (task, "one"))
    running = sessions.start_blocked(observer, keeper, MAINTAIN_DROP)
    writer.execute(RENAME, (task, "two"))  # who has begun goes on
    (row,) = running.result()
    assert row == ("busy", 0, "audit_log_2025_01: canceling statement due to lock timeout")
    assert months(observer) == ["audit_log_2025_01"]
    assert is_intact(observer)
    writer.execute("commit")
    assert maintain(keeper, "drop", done=1) == ("done", None)
    assert months(observer) == []
    assert is_intact(observer)
    assert value(observer, RENAMED, task) == "two"


@with_a_snapshot_or_without
def test_who_writes_waits_until_a_month_has_gone_and_loses_nothing(
    open_session: OpenSession, project: uuid.UUID, isolation: IsolationLevel
) -> None:
    keeper, writer, observer = open_session(), open_session(), open_session()
    (task,) = make_tasks(keeper, project, 1)
    prepare_month(keeper)
    sessions.begin(writer, isolation)
    keeper.execute("begin")
    done = dict.fromkeys(("tallies", "seal", "metrics", "samples", "drop"), "done")
    assert outcomes_of(keeper.execute(MAINTAIN)) == done
    running = sessions.start_blocked(observer, writer, RENAME, (task, "new"))
    keeper.execute("commit")
    running.result()
    writer.execute("commit")
    settle(keeper)
    keeper.execute("select docket.seal_audit()")
    assert is_intact(observer)
    assert value(observer, RENAMED, task) == "new"


def test_who_has_read_the_journal_keeps_a_month_from_going_and_is_waited_for_not_long(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    keeper, auditor, writer = open_session(), open_session(), open_session()
    (task,) = make_tasks(keeper, project, 1)
    prepare_month(keeper)
    sessions.begin(auditor, IsolationLevel.REPEATABLE_READ)
    assert value(auditor, VERIFY) is True
    running = sessions.start_blocked(writer, keeper, MAINTAIN_DROP)
    writer.execute(RENAME, (task, "new"))  # behind the keeper, until he gives up
    assert running.result()[0][0] == "busy"
    assert value(auditor, VERIFY) is True
    auditor.execute("commit")
    assert maintain(keeper, "drop", done=1) == ("done", None)


def test_what_is_still_written_to_a_month_is_not_dropped_with_it(
    open_session: OpenSession,
) -> None:
    """Not even what commits between the look at the month and its drop."""
    keeper, late, observer = open_session(), open_session(), open_session()
    prepare_month(keeper)
    late.execute("begin")
    late.execute(
        "insert into docket.audit_log (recorded_at, table_name, operation, row_key)"
        " values ('2025-01-31 12:00+00', 'late', 'insert', 'late')"
    )
    running = sessions.start_blocked(observer, keeper, MAINTAIN_DROP)
    late.execute("commit")
    # He was waited for; what he wrote is not sealed.
    assert running.result() == [("done", 0, None)]
    assert months(observer) == ["audit_log_2025_01"]
    settle(keeper)
    keeper.execute("select docket.seal_audit()")
    assert maintain(keeper, "drop", done=1) == ("done", None)
    dropped = "select old_values ->> 'rows' from docket.audit_log where operation = 'drop'"
    assert value(keeper, dropped) == "3"
    assert is_intact(keeper)


def test_who_says_that_a_month_is_kept_is_heard_or_waits(open_session: OpenSession) -> None:
    keeper, admin, observer = open_session(), open_session(), open_session()
    prepare_month(keeper)
    admin.execute("begin")
    admin.execute(KEEP)
    running = sessions.start_blocked(observer, keeper, MAINTAIN_DROP)
    admin.execute("commit")
    assert running.result() == [("done", 0, None)]
    assert months(observer) == ["audit_log_2025_01"]

    admin.execute("select docket.set_retention('audit_log', '6 months')")
    keeper.execute("begin")
    assert maintain(keeper, "drop", done=1) == ("done", None)
    running = sessions.start_blocked(observer, admin, KEEP)
    keeper.execute("commit")
    assert running.result() == [(None,)]
    assert months(observer) == []


# Seals, months to come, answers.


def test_there_is_no_seal_for_every_run(open_session: OpenSession, project: uuid.UUID) -> None:
    unsealed = """select count(*) from docket.audit_log as l
                   where l.transaction_id >= (
                             select max(s.end_transaction_id) from docket.audit_seals as s)"""
    keeper, later = open_session(), open_session("2030-01-01 12:10+00")
    settle(keeper)
    maintain(keeper, "seal")
    for count, is_late, seals in ((1, False, False), (1, True, True), (1000, True, True)):
        make_tasks(keeper, project, count)
        settle(keeper)
        rows = value(keeper, unsealed)
        assert (rows >= 1000) is (count > 1)
        maintain(later if is_late else keeper, "seal", done=rows if seals else 0)


def test_a_seal_by_hand_is_not_waited_for_long(open_session: OpenSession) -> None:
    keeper, person = open_session(), open_session()
    settle(keeper)
    person.execute("begin")
    person.execute("select docket.seal_audit()")
    assert maintain(keeper, "seal") == ("busy", "canceling statement due to lock timeout")
    person.execute("commit")
    assert maintain(keeper, "seal") == ("done", None)
    assert is_intact(keeper)


@with_a_snapshot_or_without
def test_months_are_made_beside_who_writes_where_nothing_refers_to_what_he_writes(
    open_session: OpenSession, project: uuid.UUID, isolation: IsolationLevel
) -> None:
    keeper, writer, reader = open_session(), open_session(), open_session()
    (task,) = make_tasks(keeper, project, 1)
    # One table of each kind: with keys to what is written, and without.
    keeper.execute(
        "delete from docket.partition_policies"
        " where table_name not in ('ai_interactions', 'audit_log')"
    )
    sessions.begin(reader, isolation)
    reader.execute("select count(*) from docket.audit_log")  # its default partition, too
    sessions.begin(writer, isolation)
    writer.execute(RENAME, (task, "one"))
    outcome, problem = maintain(keeper, "partitions", done=0)
    assert outcome == "busy"
    assert problem == "audit_log_2030_01: canceling statement due to lock timeout"
    reader.execute("commit")
    for month in ("01", "02", "03", "04"):
        outcome, problem = maintain(keeper, "partitions", done=1)
        assert value(keeper, "select to_regclass(%s)", f"docket.audit_log_2030_{month}")
    writer.execute(RENAME, (task, "two"))
    assert maintain(keeper, "partitions", done=0)[0] == "busy"  # a table with a key to tasks
    writer.execute("commit")
    assert maintain(keeper, "partitions", done=1) == ("done", None)
    assert value(keeper, RENAMED, task) == "two"


def test_a_request_that_is_just_forgotten_is_carried_out_anew(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    keeper, client, observer = (open_session("2030-01-03 12:00+00") for _ in range(3))
    make = "select task_id from docket.create_task(%s, 'T', request_id => %s)"
    request = uuid.uuid4()
    first = value(open_session(), make, project, request)
    keeper.execute("begin")
    assert maintain(keeper, "requests", done=1) == ("done", None)
    running = sessions.start_blocked(observer, client, make, (project, request))
    keeper.execute("commit")
    [(second,)] = running.result()
    assert second != first
    assert value(client, make, project, request) == second

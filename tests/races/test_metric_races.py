"""Samples that come while others are recorded and rolled up: none is lost, none counts twice."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.databases import Database
from support.maintenance import maintain
from support.races import OpenSession, value
from support.sessions import Connection

RECORD = """
    select count(docket.record_metric(
                     %s, 'took', %s, kind => 'timer',
                     recorded_at => date_trunc('hour', docket.clock()) - interval '2 hours'))
"""
RECORD_AT = "select (docket.record_metric(%s, 'depth', 1, recorded_at => %s)).value"
SAMPLES = "select count(*) from docket.metrics where project_id = %s"
ROLLED: LiteralString = """
    select coalesce(array_agg(r.sample_count::integer order by r.resolution), '{}')
      from docket.metric_rollups as r
     where r.project_id = %s
"""


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """A database of a test's own: samples are rolled up of all projects at once."""
    return own_docket


def rolled(session: Connection, project: uuid.UUID) -> list[int]:
    """How many samples the rollups of day, hour and minute have."""
    return value(session, ROLLED, project)  # type: ignore[no-any-return]


def roll_all(session: Connection) -> int:
    """Rolls up until nothing is left: how many samples in all."""
    query = "select done from docket.maintain('{metrics}')"
    return sum(iter(lambda: int(value(session, query)), 0))


def test_a_sample_that_commits_after_the_rollup_is_in_the_next(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    late, other, keeper = open_session(), open_session(), open_session()
    value(other, RECORD, project, 1)
    sessions.begin(late, IsolationLevel.READ_COMMITTED)
    value(late, RECORD, project, 2)
    # Begun and committed after it, so that what is rolled up has a gap.
    value(other, RECORD, project, 3)
    assert maintain(keeper, "metrics", done=2) == ("done", None)
    assert rolled(keeper, project) == [2, 2, 2]
    assert maintain(keeper, "metrics", done=0) == ("done", None)
    late.execute("commit")
    count = "select sum(sample_count) from docket.metric_series(%s, 'took', bucket => '1 day')"
    assert value(other, count, project) == 3  # seen at once
    assert maintain(keeper, "metrics", done=1) == ("done", None)
    assert rolled(keeper, project) == [3, 3, 3]
    assert maintain(keeper, "metrics", done=0) == ("done", None)


def test_a_sample_of_the_transaction_that_rolls_up_is_in_the_next(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    keeper, other = open_session(), open_session()
    value(other, RECORD, project, 1)
    sessions.begin(keeper, IsolationLevel.READ_COMMITTED)
    value(keeper, RECORD, project, 2)
    value(other, RECORD, project, 3)
    assert maintain(keeper, "metrics", done=3) == ("done", None)
    value(keeper, RECORD, project, 4)
    keeper.execute("commit")
    assert rolled(keeper, project) == [3, 3, 3]
    assert maintain(keeper, "metrics")[0] == "done"
    assert rolled(keeper, project) == [4, 4, 4]


def test_what_is_more_than_one_call_does_is_done_by_the_next_ones(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    keeper = open_session()
    keeper.execute("update docket.maintenance_steps set at_most = 2 where step = 'metrics'")
    for number in range(5):
        value(keeper, RECORD, project, number)
    assert roll_all(keeper) == 5
    assert rolled(keeper, project) == [5, 5, 5]
    # Nothing goes beyond one that is still to come, however much has come since.
    late, other = open_session(), open_session()
    sessions.begin(late, IsolationLevel.READ_COMMITTED)
    value(late, RECORD, project, 6)
    for number in range(5):
        value(other, RECORD, project, number)
    assert roll_all(keeper) == 5
    late.execute("commit")
    assert roll_all(keeper) == 1
    assert rolled(keeper, project) == [11, 11, 11]


def test_two_who_bring_the_same_metric_make_it_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    value(first, RECORD, project, 1)
    waiting = sessions.start_blocked(observer, second, RECORD, (project, 2))
    first.execute("commit")
    assert waiting.result() == [(1,)]
    made = "select count(*) from docket.metric_series where project_id = %s"
    assert value(first, made, project) == 1
    assert value(first, "select count(*) from docket.metrics where project_id = %s", project) == 2


def test_a_restored_docket_rolls_up_anew(open_session: OpenSession, project: uuid.UUID) -> None:
    session = open_session()
    value(session, RECORD, project, 1)
    maintain(session, "metrics", done=1)
    # Elsewhere transactions had come further.
    session.execute("update docket.metrics set transaction_id = '900000000000'")
    session.execute(
        "update docket_private.metric_watermark set rolled = '900000000001:900000000001:'"
    )
    value(session, RECORD, project, 2)
    maintain(session, "metrics", done=2)
    assert rolled(session, project) == [2, 2, 2]


def test_a_sample_that_comes_late_is_removed_once_it_is_rolled_up_or_never_taken(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    late, keeper = open_session(), open_session()
    at = "2029-12-05 12:00+00"
    sessions.begin(late, IsolationLevel.READ_COMMITTED)
    value(late, RECORD_AT, project, at)
    # A week later it is too old; who brought it has not committed yet.
    keeper.execute("set docket.fake_now = '2030-01-08 12:00+00'")
    assert maintain(keeper, "metrics", done=0) == ("done", None)
    assert maintain(keeper, "samples", done=0) == ("done", None)
    late.execute("commit")
    # What no rollup has stays until one has, or is known to be of a time that is gone.
    assert value(keeper, SAMPLES, project) == 1
    assert maintain(keeper, "samples", done=0) == ("done", None)
    assert maintain(keeper, "metrics", done=1) == ("done", None)
    assert maintain(keeper, "samples", done=1) == ("done", None)
    assert value(keeper, SAMPLES, project) == 0
    # From now on none of that time is taken in, whatever the clock of its source says.
    refused = sessions.start(late, RECORD_AT, (project, at))
    assert sessions.sqlstate_of(refused) == "PD422"

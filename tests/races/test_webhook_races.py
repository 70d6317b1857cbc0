"""Deliveries of a webhook that are taken in at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from support import sessions
from support.races import OpenSession, value

TAKE_IN: LiteralString = """
    select d.times_received, d.times_processed, d.delivery_status
      from docket.ingest_github(%s, %s, %s, %s) as d
"""
CHECKS: LiteralString = "select p.checks_status from docket.list_pull_requests(%s) as p"
REPOSITORY = {"full_name": "acme/shop"}


def pull_request(commit: str, updated_at: str) -> Jsonb:
    """A pull request with that head."""
    told = {
        "number": 1,
        "state": "open",
        "draft": False,
        "title": "A cart",
        "head": {"sha": commit},
    }
    return Jsonb(
        {"repository": REPOSITORY, "pull_request": told | {"updated_at": updated_at}},
    )


def check_run(commit: str) -> Jsonb:
    """A check of that commit, which has failed."""
    told = {"name": "unit", "head_sha": commit, "status": "completed", "conclusion": "failure"}
    return Jsonb({"repository": REPOSITORY, "check_run": told})


@sessions.at_every_isolation
def test_a_check_meets_the_pull_request_that_gets_its_commit_just_now(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    one.execute(
        TAKE_IN, (project, "pull_request", "first", pull_request("c1", "2026-01-01T08:00:00Z"))
    )
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    moved = pull_request("c2", "2026-01-01T09:00:00Z")
    one.execute(TAKE_IN, (project, "pull_request", "second", moved))
    checked = (project, "check_run", "third", check_run("c2"))
    running = sessions.start_blocked(observer, two, TAKE_IN, checked)
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        state = sessions.sqlstate_of(sessions.start(two, TAKE_IN, checked))
    assert state is None
    two.execute("commit")
    assert value(observer, CHECKS, project) == "failure"


@sessions.at_every_isolation
def test_a_delivery_that_comes_twice_at_once_is_taken_in_once(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, observer = open_session(), open_session(), open_session()
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    delivery = (project, "check_run", "the same", check_run("c1"))
    one.execute(TAKE_IN, delivery)
    running = sessions.start_blocked(observer, two, TAKE_IN, delivery)
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if isolation is not IsolationLevel.READ_COMMITTED:
        assert state == "40001"
        two.execute("rollback")
        running = sessions.start(two, TAKE_IN, delivery)
        state = sessions.sqlstate_of(running)
    assert (state, running.result()) == (None, [(2, 1, "processed")])
    two.execute("commit")

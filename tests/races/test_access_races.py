"""Who say at the same moment who may see what: one follows the other, and is asked again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import IsolationLevel, sql

from support import sessions
from support.databases import Database
from support.races import OpenSession, value
from support.sessions import Connection, at_every_isolation

GRANT = "select (docket.grant_access(%s, %s, organization_id => %s)).access"
REVOKE = "select (docket.revoke_access(%s, organization_id => %s)).access"


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """One for each test: they look at all that there is."""
    return own_docket


def organization_of(session: Connection, project: uuid.UUID) -> Any:
    query = "select organization_id from docket.projects where project_id = %s"
    return value(session, query, project)


def acting(session: Connection, role: str) -> Connection:
    session.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    return session


@at_every_isolation
def test_two_admins_can_not_remove_each_other(
    open_session: OpenSession,
    project: uuid.UUID,
    new_role: Callable[..., str],
    isolation: IsolationLevel,
) -> None:
    operator, observer = open_session(), open_session()
    organization = organization_of(operator, project)
    ann, bob = new_role("docket_app"), new_role("docket_app")
    for name in (ann, bob):
        value(operator, GRANT, name, "admin", organization)
    first, second = acting(open_session(), ann), acting(open_session(), bob)
    for session in (first, second):
        sessions.begin(session, isolation)
    assert value(first, REVOKE, bob, organization) == "admin"
    waiting = sessions.start_blocked(observer, second, REVOKE, (ann, organization))
    first.execute("commit")
    expected = "PD404" if isolation is IsolationLevel.READ_COMMITTED else "40001"
    assert sessions.sqlstate_of(waiting) == expected
    second.execute("rollback")
    left = operator.execute("select principal from docket.members where access = 'admin'")
    assert (ann,) in left.fetchall()


def test_two_who_give_one_principal_access_leave_one_membership(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    organization = organization_of(first, project)
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, GRANT, "carol", "reader", organization) == "reader"
    waiting = sessions.start_blocked(observer, second, GRANT, ("carol", "writer", organization))
    first.execute("commit")
    assert waiting.result() == [("writer",)]
    rows = first.execute("select access, version from docket.members where principal = 'carol'")
    assert rows.fetchall() == [("writer", 2)]


def test_a_project_that_is_made_meanwhile_is_seen_by_who_joins(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    organization = organization_of(first, project)
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    made = value(first, "select project_id from docket.create_project('meanwhile')")
    waiting = sessions.start_blocked(observer, second, GRANT, ("carol", "reader", organization))
    first.execute("commit")
    waiting.result()
    seen = "select project_id from docket_private.project_access where principal = 'carol'"
    assert {row[0] for row in first.execute(seen)} == {project, made}

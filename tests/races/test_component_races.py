"""Components that register, live and go at once."""

from __future__ import annotations

import uuid

import psycopg
from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, value

REGISTER = """
    select (docket.register_component(%s, 'api', 'service', %s, heartbeat_seconds => 30))
           .component_version
"""
HEARTBEAT = "select (docket.component_heartbeat(%s, 'api', %s, %s)).state"
RETIRE = "select (docket.retire_component(%s, 'api')).retired_at is not null"
HEALTH = "select state, reason from docket.list_components(%s)"
LATER = "2030-01-01 12:01+00"


def test_two_who_register_a_component_make_it_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, REGISTER, project, "1.0") == "1.0"
    waiting = sessions.start_blocked(observer, second, REGISTER, (project, "1.1"))
    first.execute("commit")
    assert waiting.result() == [("1.1",)]
    found = "select array_agg(component_version) from docket.components where project_id = %s"
    assert value(first, found, project) == ["1.1"]


def test_the_first_two_signs_of_life_at_once_are_one_row_and_the_later_counts(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(LATER), open_session(), open_session(LATER)
    value(first, REGISTER, project, "1.0")
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, HEARTBEAT, project, "degraded", "slow disk") == "degraded"
    # The clock of the other is a minute behind: what it says came last, and it lives since then.
    waiting = sessions.start_blocked(
        observer, second, HEARTBEAT, (project, "healthy", "well again")
    )
    first.execute("commit")
    assert waiting.result() == [("healthy",)]
    assert observer.execute(HEALTH, (project,)).fetchall() == [("healthy", "well again")]
    at = """select max(heartbeat_at) = docket.clock(), count(*)
              from docket.component_heartbeats
             where project_id = %s"""
    assert observer.execute(at, (project,)).fetchone() == (True, 1)


def test_a_sign_of_life_waits_for_nobody_who_registers_or_retires_the_component(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    person, component = open_session(), open_session()
    value(person, REGISTER, project, "1.0")
    component.execute("set lock_timeout = '5s'")
    for change, parameters in ((REGISTER, (project, "1.1")), (RETIRE, (project,))):
        sessions.begin(person, IsolationLevel.READ_COMMITTED)
        value(person, change, *parameters)
        assert value(component, HEARTBEAT, project, "healthy", None) == "healthy"
        person.execute("commit")
    # What lives on after it was retired is nobody's concern, until it registers again.
    assert component.execute(HEALTH, (project,)).fetchall() == []
    value(component, REGISTER, project, "1.2")
    assert component.execute(HEALTH, (project,)).fetchall() == [("healthy", None)]


def test_a_component_that_goes_with_its_project_is_waited_for_by_nobody(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    value(first, REGISTER, project, "1.0")
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    first.execute("delete from docket.projects where project_id = %s", (project,))
    waiting = sessions.start_blocked(observer, second, HEARTBEAT, (project, "healthy", None))
    first.execute("commit")
    assert isinstance(waiting.error(), psycopg.Error)
    left = "select count(*) from docket.component_heartbeats where project_id = %s"
    assert value(observer, left, project) == 0

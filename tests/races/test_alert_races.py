"""Alerts that are evaluated while somebody looks after them, and while their rules change."""

from __future__ import annotations

import uuid

from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, value
from support.sessions import Connection

RECORD = "select (docket.record_metric(%s, 'depth', %s)).value"
RULE = """
    select (docket.set_alert_rule(%s, 'deep', 'threshold', 3, 'depth', aggregate => 'last',
                                  time_window => '1 day')).name
"""
EVALUATE = "select outcome, transitions from docket.evaluate_alerts(%s)"
ACKNOWLEDGE = "select (docket.acknowledge_alert(%s)).state"
RESOLVE = "select (docket.resolve_alert(%s)).state"
DELETE = "select (docket.delete_alert_rule(%s, 'deep')).name"
STATES = """
    select coalesce(array_agg(a.state::text order by a.alert_id), '{}')
      from docket.alerts as a
     where a.project_id = %s
"""
OLDEST = "select alert_id from docket.alerts where project_id = %s order by alert_id limit 1"
LATER = "2030-01-01 12:01+00"


def evaluate(session: Connection, project: uuid.UUID) -> list[tuple[str, int | None]]:
    """How the evaluation of the project's rules ended, and what it told of."""
    return session.execute(EVALUATE, (project,)).fetchall()


def fired(session: Connection, project: uuid.UUID) -> uuid.UUID:
    """Makes a rule that is broken, and has it judged: the alert."""
    value(session, RULE, project)
    value(session, RECORD, project, 5)
    assert evaluate(session, project) == [("done", 1)]
    return value(session, OLDEST, project)  # type: ignore[no-any-return]


def test_of_two_who_evaluate_one_opens_it_and_the_other_leaves_it_alone(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = open_session(), open_session()
    value(first, RULE, project)
    value(first, RECORD, project, 5)
    assert evaluate(first, project) == [("done", 1)]
    # The row that both hold is there from the second evaluation on.
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert evaluate(first, project) == [("done", 0)]
    assert evaluate(second, project) == [("busy", None)]
    first.execute("commit")
    assert evaluate(second, project) == [("done", 0)]
    assert value(first, STATES, project) == ["firing"]


def test_of_two_who_evaluate_a_new_rule_one_opens_it(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    value(first, RULE, project)
    value(first, RECORD, project, 5)
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert evaluate(first, project) == [("done", 1)]
    assert evaluate(second, project) == [("busy", None)]  # after half a second
    waiting = sessions.start_blocked(observer, second, EVALUATE, (project,))
    first.execute("commit")
    assert waiting.result() == [("done", 0)]
    assert value(first, STATES, project) == ["firing"]


def test_an_evaluation_waits_for_nobody_who_looks_after_an_alert(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    person, keeper = open_session(), open_session(LATER)
    alert = fired(person, project)
    for change, state in ((ACKNOWLEDGE, "acknowledged"), (RESOLVE, "resolved")):
        value(person, RECORD, project, 5)
        sessions.begin(person, IsolationLevel.READ_COMMITTED)
        assert value(person, change, alert) == state
        assert evaluate(keeper, project) == [("done", 0)]
        person.execute("commit")
        assert value(keeper, STATES, project) == [state]
    # It was over by somebody's word, and is not.
    assert evaluate(keeper, project) == [("done", 1)]
    assert value(keeper, STATES, project) == ["resolved", "firing"]


def test_who_looks_after_an_alert_waits_for_the_evaluation_and_is_told(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    person, keeper, observer = open_session(), open_session(LATER), open_session()
    alert = fired(person, project)
    value(keeper, RECORD, project, 1)
    sessions.begin(keeper, IsolationLevel.READ_COMMITTED)
    assert evaluate(keeper, project) == [("done", 1)]
    waiting = sessions.start_blocked(observer, person, ACKNOWLEDGE, (alert,))
    keeper.execute("commit")
    assert sessions.sqlstate_of(waiting) == "PDTRN"
    assert value(person, RESOLVE, alert) == "resolved"
    query = "select resolution::text from docket.alerts where alert_id = %s"
    assert value(person, query, alert) == "cleared"


def test_a_rule_goes_after_its_evaluation_with_all_that_is_open(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    person, keeper, observer = open_session(), open_session(), open_session()
    value(person, RULE, project)
    value(person, RECORD, project, 5)
    sessions.begin(keeper, IsolationLevel.READ_COMMITTED)
    assert evaluate(keeper, project) == [("done", 1)]
    waiting = sessions.start_blocked(observer, person, DELETE, (project,))
    keeper.execute("commit")
    assert waiting.result() == [("deep",)]
    assert value(person, STATES, project) == ["resolved"]
    # And the other way round: what is about to go is not evaluated.
    value(person, RULE, project)
    sessions.begin(person, IsolationLevel.READ_COMMITTED)
    value(person, DELETE, project)
    assert evaluate(keeper, project) == [("busy", None)]
    person.execute("commit")
    assert evaluate(keeper, project) == []


def test_two_rules_of_a_project_are_made_one_after_the_other(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    value(first, RULE, project)
    # The limit is one of the project's: nobody counts what he can not see yet.
    other = "select (docket.set_alert_rule(%s, 'other', 'component')).name"
    waiting = sessions.start_blocked(observer, second, other, (project,))
    first.execute("commit")
    assert waiting.result() == [("other",)]

"""Sessions that change deployment scripts, or run them, at the same moment."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, value

PUT: LiteralString = """
    select (docket.put_deployment_script(%s, %s, %s, 'bash', depends_on => %s)).version_no
"""
START: LiteralString = """
    select (docket.start_deployment(%s, %s, 'staging')).status::text
"""
RETIRE: LiteralString = "select (docket.retire_deployment_script(%s, %s)).script_name"


def meet(
    first: tuple[LiteralString, tuple[object, ...]],
    second: tuple[LiteralString, tuple[object, ...]],
    isolation: IsolationLevel,
    open_session: OpenSession,
) -> object:
    """What the second comes to, which has to wait for the first, or to begin again after it."""
    one, two, observer = open_session(), open_session(), open_session()
    sessions.begin(one, isolation)
    sessions.begin(two, isolation)
    value(two, "select 1")
    value(one, first[0], *first[1])
    running = sessions.start_blocked(observer, two, *second)
    one.execute("commit")
    state = sessions.sqlstate_of(running)
    if state == "40001":
        two.execute("rollback")
        running = sessions.start(two, *second)
        state = sessions.sqlstate_of(running)
    two.execute("rollback" if state else "commit")
    return state or running.result()[0][0]


@sessions.at_every_isolation
@pytest.mark.parametrize("case", ["cycle", "version", "retire", "new"])
def test_two_who_change_scripts_follow_each_other(
    case: str, isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    session = open_session()
    for name in ("a", "b"):
        value(session, PUT, project, name, "echo", None)
    first, second, outcome = {
        "cycle": ((PUT, (project, "a", None, ["b"])), (PUT, (project, "b", None, ["a"])), "PDCYC"),
        "version": ((PUT, (project, "a", "1", None)), (PUT, (project, "a", "2", None)), 3),
        "retire": ((PUT, (project, "a", None, ["b"])), (RETIRE, (project, "b")), "PD409"),
        "new": ((PUT, (project, "a", None, ["b"])), (PUT, (project, "c", "1", ["a"])), 1),
    }[case]
    assert meet(first, second, isolation, open_session) == outcome


@sessions.at_every_isolation
def test_no_script_is_run_twice_at_once(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    value(open_session(), PUT, project, "a", "echo", None)
    run = (START, (project, "a"))
    assert meet(run, run, isolation, open_session) == "PD409"


@sessions.at_every_isolation
def test_two_who_put_the_same_new_script_make_one(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second = ((PUT, (project, "a", text, None)) for text in ("1", "2"))
    assert meet(first, second, isolation, open_session) == 2

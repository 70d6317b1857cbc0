"""A prompt that is given again without a look at what it was made of, and those who change that."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel

from support import sessions
from support.races import OpenSession, make_tasks, value
from support.sessions import Connection

BUILD: LiteralString = "select (docket.build_prompt_context(%s)).prompt_build_id"
READ_AT: LiteralString = (
    "select max(stamped_at) from docket_private.prompt_stamps where project_id = %s"
)
PUT: LiteralString = "select docket.put_context(%s, 'plan', %s::jsonb)"

# What may come to be in the prompt of the second of two tasks, each with what is asked of a task.
CHANGES: dict[str, LiteralString] = {
    "a context": "select docket.put_context(%(task)s, 'plan', '[1]')",
    "no context": "select docket.delete_context(%(task)s, 'plan')",
    "its text": """select docket.update_task(%(task)s, '{"details": "Beware"}')""",
    "its parent": """select docket.update_task(%(task)s, jsonb_build_object(
        'parent_task_id', docket.task_id(%(project)s, 'other')))""",
    "the text of its parent": """select docket.update_task(
        docket.task_id(%(project)s, 'other'), '{"description": "All of it"}')""",
    "what it waits for": "select docket.add_dependency(%(task)s, %(other)s)",
    "results": """select docket.complete_task((docket.start_task(%(other)s, 'ann')).attempt_id,
        '{"found": 1}')""",
    "a failure": """select docket.fail_task((docket.start_task(%(task)s, 'ann')).attempt_id,
        'It broke')""",
    "a validation": "select docket.record_validation(%(task)s, 'lint', 'failed')",
    "what is to be passed": "select docket.require_validation(%(task)s, 'unit')",
    "a rule": """select docket.update_project(%(project)s,
        '{"settings": {"prompt_rules": ["No panic"]}}')""",
    "no rule": """select docket.update_project(%(project)s, '{"settings": {}}')""",
    "a rule for all": """select docket.update_setting('prompt_rules', '["Be kind"]')""",
    "knowledge": """select docket.put_knowledge(
        %(project)s, 'tasks', 'About tasks', 'Task 1 is an old one')""",
}


def built(session: Connection, task: uuid.UUID, model: str | None = None) -> bytes:
    """What the prompt of a task says now; as made for a model that nothing was built for."""
    query = "select (docket.build_prompt_context(%s, model => %s)).content_hash"
    return bytes(value(session, query, task, model))


def test_what_changes_is_in_the_next_prompt(open_session: OpenSession, project: uuid.UUID) -> None:
    one, two = open_session(), open_session()
    one.execute("select docket.create_task(%s, 'Other', task_key => 'other')", (project,))
    other, task = make_tasks(one, project, 2)
    before = built(one, task)
    for name, change in CHANGES.items():
        read_at = value(two, READ_AT, project)
        assert built(two, task) == before, name
        assert value(two, READ_AT, project) == read_at, name
        two.execute(change, {"project": project, "task": task, "other": other})
        now = built(one, task)
        assert now != before, name
        assert now == built(one, task, f"new to {name}"), name
        before = now


@sessions.at_every_isolation
def test_what_is_committed_later_is_in_the_prompt_after_it(
    isolation: IsolationLevel, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, three = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    one.execute("begin")
    one.execute(PUT, (task, "[1]"))
    before = value(two, BUILD, task)  # does not wait, and does not see it
    assert value(two, BUILD, task) == before
    sessions.begin(three, isolation)
    assert value(three, BUILD, task) == before
    one.execute("commit")
    # Who looks at what was before builds it as it was, and nobody takes that for the newest.
    of_three = value(three, BUILD, task)
    assert (of_three == before) == (isolation is not IsolationLevel.READ_COMMITTED)
    three.execute("commit")
    after = value(two, BUILD, task)
    assert after != before
    assert built(two, task) == built(one, task, "another")
    assert value(one, BUILD, task) == after


@pytest.mark.parametrize("first", ["build", "change"])
def test_who_builds_and_changes_at_once_leaves_no_old_prompt(
    first: str, open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two, other = open_session(), open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    one.execute("begin")
    value(one, "select pg_current_xact_id()::text")
    # So that the number of the transaction is one that its own snapshot takes for finished.
    value(other, "select pg_current_xact_id()::text")
    steps: list[tuple[LiteralString, tuple[object, ...]]] = [
        (BUILD, (task,)),
        (PUT, (task, "[1]")),
    ]
    for query, given in steps if first == "build" else steps[::-1]:
        one.execute(query, given)
    assert built(one, task) == built(one, task, "its own")
    one.execute("commit")
    assert built(two, task) == built(two, task, "another")


def test_a_change_elsewhere_makes_nobody_look_again(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    one, two = open_session(), open_session()
    (task,) = make_tasks(one, project, 1)
    built(one, task)
    read_at = value(two, READ_AT, project)
    other = value(two, "select project_id from docket.create_project('elsewhere')")
    make_tasks(two, other, 3)
    built(one, task)
    assert value(two, READ_AT, project) == read_at
    make_tasks(two, project, 1)
    built(one, task)
    assert value(two, READ_AT, project) != read_at

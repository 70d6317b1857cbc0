"""What stands under a secret key is kept, and is neither in the journal nor printed."""

from __future__ import annotations

from typing import Any, LiteralString

import pytest
from click.testing import CliRunner
from psycopg.types.json import Jsonb

from pgdocket.cli import cli
from support.databases import Database
from support.races import value
from support.sessions import Connect, Connection

HIDDEN = "hunter2"
HOLDS = {"user": "ann", "Password": HIDDEN, "nested": [{"api_key": {"value": HIDDEN}}]}

JOURNAL: LiteralString = """
    select l.table_name, l.operation, count(*)
      from docket.audit_log as l
     where l.old_values::text ~ %s or l.new_values::text ~ %s
     group by 1, 2
"""


@pytest.fixture
def task(docket: Database, connect: Connect) -> tuple[Connection, Any, Any]:
    """A session, and a project and a task that hold secrets wherever they may."""
    session = connect(docket)
    project = value(
        session,
        "select (docket.create_project('safe', settings => %s)).project_id",
        Jsonb(HOLDS),
    )
    tasks = Jsonb([{"title": "Guard", "metadata": HOLDS}])
    made = value(session, "select task_id from docket.create_tasks(%s, %s)", project, tasks)
    return session, project, made


WRITES: tuple[LiteralString, ...] = (
    """select docket.update_task(
                  %(task)s, jsonb_build_object('acceptance_criteria', %(holds)s::jsonb))""",
    "select docket.update_task(%(task)s, jsonb_build_object('requirements', %(holds)s::jsonb))",
    "select docket.put_context(%(task)s, 'note', %(holds)s)",
    "select docket.record_interaction(%(task)s, 'ann', 'chat', true, %(holds)s, %(holds)s)",
    "select docket.put_knowledge(%(project)s, 'guide', 'G', 'text', metadata => %(holds)s)",
    """select docket.record_template_use(t.template_id, %(task)s, %(holds)s)
         from docket.put_template(%(project)s, 'ask', 'prompt', 'Why?', metadata => %(holds)s)
              as t""",
    "select docket.record_learning(%(project)s, 'hunch', pattern => 'P', details => %(holds)s)",
    """select docket.fail_task(
                  (docket.start_task(%(task)s, 'ann')).attempt_id, 'it broke',
                  'infrastructure', details => %(holds)s)""",
    "select docket.retry_failed(%(project)s)",
    "update docket.tasks set not_before = null where task_id = %(task)s",
    "select docket.complete_task((docket.start_task(%(task)s, 'ann')).attempt_id, %(holds)s)",
    """select docket.complete_tasks(jsonb_build_array(jsonb_build_object(
                  'attempt_id', (docket.start_task(%(other)s, 'ann')).attempt_id,
                  'results', %(holds)s::jsonb)))""",
    "select docket.purge_task(%(other)s)",
)


def test_nothing_that_happens_to_a_task_brings_a_secret_into_the_journal(
    task: tuple[Connection, Any, Any],
) -> None:
    session, project, made = task
    other = value(
        session,
        "select (docket.create_task(%s, 'Other', metadata => %s)).task_id",
        project,
        Jsonb(HOLDS),
    )
    given = {"task": made, "other": other, "project": project, "holds": Jsonb(HOLDS)}
    for write in WRITES:
        session.execute(write, given)
    assert session.execute(JOURNAL, (HIDDEN, HIDDEN)).fetchall() == []
    hidden = session.execute(JOURNAL, (r"\*{8}", r"\*{8}")).fetchall()
    assert {(table, operation) for table, operation, _ in hidden} >= {
        ("projects", "insert"),
        ("tasks", "insert"),
        ("tasks", "update"),
        ("tasks", "delete"),
        ("task_contexts", "insert"),
    }
    results = value(session, "select results from docket.tasks where task_id = %s", made)
    assert results == HOLDS, "the row itself keeps what it was given"


def test_the_command_line_prints_no_secret(
    task: tuple[Connection, Any, Any], docket: Database
) -> None:
    session, _, made = task
    key = value(session, "select task_key from docket.tasks where task_id = %s", made)
    commands = [
        ["task", "show", key], ["task", "show", key, "--json"], ["task", "list", "--json"],
        ["next", "--json"], ["project", "list", "--json"], ["graph", "--format", "json"],
        ["history", key, "--json"], ["task", "update", key, "--priority", "8", "--json"],
        ["claim", "--json"], ["context", "get", key, "note"],
        ["context", "get", key, "note", "--json"], ["context", "history", key, "note", "--json"],
        ["context", "diff", key, "note", "1"], ["context", "diff", key, "note", "1", "--patch"],
        ["context", "diff", key, "note", "1", "--json"],
        ["context", "search", f"ann or {HIDDEN}", "--json"], ["context", "search", HIDDEN],
    ]  # fmt: skip
    for data in ({"user": "ann"}, HOLDS, HOLDS | {"Password": f"{HIDDEN}!", "user": "ann b"}):
        session.execute("select docket.put_context(%s, 'note', %s)", (made, Jsonb(data)))
    for command in commands:
        shown = CliRunner().invoke(cli, [*command, "--db", docket.conninfo])
        assert shown.exit_code == 0, shown.output
        assert HIDDEN not in shown.output, command
    listed = CliRunner().invoke(cli, ["task", "list", "--json", "--db", docket.conninfo]).output
    assert "********" in listed
    assert '"user": "ann"' in listed


def test_what_is_secret_is_for_the_operator_to_say(task: tuple[Connection, Any, Any]) -> None:
    session, project, _ = task
    add = "update docket.settings set value = value || '\"pin\"' where setting_key = 'secret_keys'"
    session.execute(add)
    tasks = Jsonb([{"title": "Pin", "metadata": {"PIN": "4711", "pint": "stout"}}])
    session.execute("select docket.create_tasks(%s, %s)", (project, tasks))
    assert session.execute(JOURNAL, ("4711", "4711")).fetchall() == []
    assert session.execute(JOURNAL, ("stout", "stout")).fetchall() == [("tasks", "insert", 1)]

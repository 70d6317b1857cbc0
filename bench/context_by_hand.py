"""What Python does where no function assembles it: a query for each kind of rows, and the rest."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

import psycopg

Connection = psycopg.Connection[dict[str, object]]
Rows = list[dict[str, Any]]
PLAIN = (bool, dict, float, int, list, str)

TASK: LiteralString = "select * from docket.tasks where task_id = %s"
CONTEXTS: LiteralString = (
    "select distinct on (context_type) * from docket.task_contexts where task_id = %s"
    " order by context_type, version desc"
)
ATTEMPTS: LiteralString = (
    "select * from docket.task_attempts where task_id = %s order by attempt_no"
)
VALIDATIONS: LiteralString = (
    "select distinct on (validation_type) * from docket.validation_results where task_id = %s"
    " order by validation_type, run_no desc"
)
INTERACTIONS: LiteralString = (
    "select interaction_id, attempt_id, prompt_build_id, session_id, conversation_id, agent_name,"
    " interaction_type, request_model, response_model, finish_reasons, input_tokens, output_tokens,"
    " execution_time_ms, tool_calls, success, error_type, cost_amount, cost_currency, request_data,"
    " response_data, metadata, created_at"
    " from docket.ai_interactions where task_id = %s"
    " order by created_at desc, interaction_id desc limit 20"
)
PULL_REQUESTS: LiteralString = (
    "select r.* from docket.task_pull_requests as l join docket.pull_requests as r"
    " on r.pull_request_id = l.pull_request_id and r.project_id = l.project_id"
    " where l.task_id = %s"
)
OF_ATTEMPT: LiteralString = (
    "select * from (select distinct on (validation_type) * from docket.validation_results"
    " where attempt_id = %s order by validation_type, run_no desc) as v"
    " where validation_status in ('failed', 'error')"
)
PROJECT: LiteralString = "select * from docket.projects where project_id = %s"
REQUIRED: LiteralString = "select * from docket.required_validations where task_id = %s"
DEPENDENCIES: LiteralString = (
    "select t.* from docket.task_dependencies as d join docket.tasks as t"
    " on t.task_id = d.depends_on_id and t.project_id = d.project_id where d.task_id = %s"
)
SIBLINGS: LiteralString = (
    "select * from docket.tasks where parent_task_id = %s and status = 'in_progress' limit 20"
)
SIMILAR: LiteralString = "select * from docket.similar_tasks(%s, page_size => 5)"
KNOWLEDGE: LiteralString = "select * from docket.search_knowledge(%s, %s, page_size => 5)"
SECTION: LiteralString = "select * from docket.knowledge_base where knowledge_id = any(%s)"


def rows(connection: Connection, statement: LiteralString, *given: object) -> Rows:
    """All rows of a statement, prepared."""
    return connection.execute(statement, given, prepare=True, binary=True).fetchall()


def plain(found: Rows) -> Rows:
    """Rows as JSON can say them, which is what a model is told."""
    return [
        {
            name: value if isinstance(value, PLAIN) or value is None else str(value)
            for name, value in row.items()
        }
        for row in found
    ]


def full_context(connection: Connection, task: UUID) -> dict[str, object]:
    """All that is known about a task."""
    attempts = plain(rows(connection, ATTEMPTS, task))
    failed = [each for each in attempts if each["outcome"] in ("failed", "lease_expired")]
    failures = failed[:-4:-1]
    for failure in failures:
        failure["validations"] = plain(rows(connection, OF_ATTEMPT, failure["attempt_id"]))
    return {
        "task": plain(rows(connection, TASK, task))[0],
        "contexts": plain(rows(connection, CONTEXTS, task)),
        "attempts": attempts,
        "failures": failures,
        "pull_requests": plain(rows(connection, PULL_REQUESTS, task)),
        "validations": plain(rows(connection, VALIDATIONS, task)),
        "interactions": plain(rows(connection, INTERACTIONS, task)[::-1]),
    }


def prompt(connection: Connection, task: UUID, project: UUID) -> list[tuple[str, str]]:
    """The pieces of a prompt that have room in 8,000 tokens; what it was built of is not kept."""
    own = rows(connection, TASK, task)[0]
    words = f"{own['title']} {' '.join(own['tags'])}".split()
    knowledge = rows(connection, KNOWLEDGE, project, " or ".join(words))
    parents: Rows = []
    while (above := parents[-1] if parents else own)["parent_task_id"] is not None:
        parents += rows(connection, TASK, above["parent_task_id"])
    found = {
        "task": [own],
        "failures": [
            each
            for each in rows(connection, ATTEMPTS, task)
            if each["outcome"] in ("failed", "lease_expired")
        ][-3:],
        "validations": [
            each
            for each in rows(connection, VALIDATIONS, task)
            if each["validation_status"] in ("failed", "error")
        ],
        "required": rows(connection, REQUIRED, task),
        "rules": rows(connection, PROJECT, project),
        "contexts": rows(connection, CONTEXTS, task),
        "dependencies": rows(connection, DEPENDENCIES, task),
        "parents": parents,
        "similar": rows(connection, SIMILAR, task),
        "knowledge": rows(connection, SECTION, [each["knowledge_id"] for each in knowledge]),
        "siblings": rows(connection, SIBLINGS, own["parent_task_id"]),
    }
    room, kept = 8000, []
    for section, pieces in found.items():
        for piece in pieces:
            text = str(piece)
            if len(text) // 4 <= room:
                room -= len(text) // 4
                kept.append((section, text))
    return kept

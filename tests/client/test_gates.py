"""Gates through the client, and an agent that meets one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from pgdocket.client import AgentReport, Docket, Work
from pgdocket.errors import GateNotPassed, InvalidArgument
from support import agents
from support.agents import running
from support.clients import eventually


def has_status(client: Docket, task_id: UUID, status: str) -> Callable[[], bool]:
    return lambda: client.get_task(task_id=task_id).status == status


make_agent = partial(agents.make_agent, "threads")


def test_an_agent_whose_task_has_not_passed_is_told_and_tries_again(
    client: Docket, project_id: UUID
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    client.require_validation(task_id=task.task_id, validation_type="tests")

    with running(make_agent(client, project_id, lambda _work: None)) as reports:
        eventually(
            lambda: (
                len(client.list_attempts(task_id=task.task_id)) > 0
                and client.list_attempts(task_id=task.task_id)[0].outcome is not None
            ),
            "the attempt has ended",
        )
    assert reports == [AgentReport(failed=1)]
    (attempt,) = client.list_attempts(task_id=task.task_id)
    assert (attempt.outcome, attempt.failure_class) == ("failed", "validation_failed")
    assert str(attempt.error).endswith("can not be completed: missing tests")


def test_of_a_batch_only_what_has_not_passed_fails(client: Docket, project_id: UUID) -> None:
    tasks = client.create_tasks(
        project_id=project_id, tasks=[{"title": f"T{number}"} for number in range(4)]
    )
    gated = tasks[1].task_id
    client.require_validation(task_id=gated, validation_type="tests")
    agent = make_agent(client, project_id, lambda _work: None, batch_size=4)
    with running(agent) as reports:
        eventually(
            lambda: (
                client.list_attempts(task_id=gated) != []
                and client.list_attempts(task_id=gated)[0].outcome is not None
            ),
            "the gated task has failed",
        )
        for task in tasks:
            if task.task_id != gated:
                eventually(has_status(client, task.task_id, "completed"), "the others are done")
    assert reports == [AgentReport(completed=3, failed=1)]


def test_a_handler_that_records_its_validation_passes(client: Docket, project_id: UUID) -> None:
    task = client.create_task(project_id=project_id, title="T")
    client.require_validation(task_id=task.task_id, validation_type="tests")

    def handle(work: Work) -> None:
        client.record_validation(
            task_id=work.task.task_id,
            validation_type="tests",
            status="passed",
            attempt_id=work.attempt_id,
        )

    with running(make_agent(client, project_id, handle)) as reports:
        eventually(has_status(client, task.task_id, "completed"), "the task is completed")
    assert reports == [AgentReport(completed=1)]
    (result,) = client.list_validations(project_id=project_id)
    assert (result.agent, result.run_no, result.validation_status) == ("anna", 1, "passed")


def test_a_dependency_waits_for_a_merge(client: Docket, project_id: UUID) -> None:
    first, second = client.create_tasks(
        project_id=project_id,
        tasks=[
            {"task_key": "a", "title": "A"},
            {"title": "B", "depends_on": [{"task": "a", "satisfied_by": "merged"}]},
        ],
    )
    proposed = client.record_pull_request(project_id=project_id, repository="acme/shop", number=1)
    link = client.link_pull_request(task_id=first.task_id, pull_request_id=proposed.pull_request_id)
    assert client.list_task_pull_requests(task_id=first.task_id) == [proposed]
    client.mark_task_completed(task_id=first.task_id)
    (reason,) = client.why_blocked(task_id=second.task_id)
    assert reason.is_blocking
    assert reason.facts["pull_requests"] == [
        {"repository": "acme/shop", "number": 1, "status": "open"}
    ]
    client.record_pull_request(
        project_id=project_id, repository="acme/shop", number=1, changes={"status": "merged"}
    )
    assert client.why_blocked(task_id=second.task_id) == []
    (merged,) = client.list_pull_request_tasks(pull_request_id=proposed.pull_request_id)
    assert merged.merged_at is not None
    removed = client.unlink_pull_request(
        task_id=first.task_id, pull_request_id=proposed.pull_request_id
    )
    assert removed == link
    assert [reason.reason for reason in client.why_blocked(task_id=second.task_id)] == [
        "dependency"
    ]


def test_a_refused_completion_says_what_is_missing(client: Docket, project_id: UUID) -> None:
    task = client.create_task(project_id=project_id, title="T")
    gates = client.require_validations(task_ids=[task.task_id], validation_types=["tests", "lint"])
    assert [gate.validation_type for gate in gates] == ["lint", "tests"]
    assert gates == client.list_required_validations(task_id=task.task_id)
    results = client.record_validations(
        validations=[
            {"task_id": str(task.task_id), "validation_type": "tests", "status": "passed"},
            {"task_id": str(task.task_id), "validation_type": "lint", "status": "error"},
        ]
    )
    assert [result.validation_status for result in results] == ["passed", "error"]
    with pytest.raises(GateNotPassed, match="failed lint") as refused:
        client.mark_task_completed(task_id=task.task_id)
    assert '"failed": ["lint"]' in str(refused.value.detail)
    with pytest.raises(InvalidArgument):
        client.waive_validation(task_id=task.task_id, validation_type="lint", waive_reason="")
    waived = client.waive_validation(
        task_id=task.task_id, validation_type="lint", waive_reason="generated"
    )
    assert waived.is_met
    assert client.mark_task_completed(task_id=task.task_id).unmet_gates == 0

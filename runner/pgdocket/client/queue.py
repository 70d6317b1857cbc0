"""The work queue: claim, hold, complete, fail, release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pgdocket.client.calls import Calls, Id, as_json, texts
from pgdocket.client.rows import Json, Task, TaskAttempt


class QueueCalls(Calls):
    """The functions of the queue.

    A claimed task carries `attempt_id`, the token that every later call names; once its lease
    is lost, such a call raises LeaseLost and changes nothing. Leases are in seconds.
    """

    def claim_tasks(
        self,
        *,
        project_id: Id,
        agent: str,
        max_tasks: int = 1,
        lease_seconds: int | None = None,
        workflow_id: Id | None = None,
        parent_task_id: Id | None = None,
        tags_all: Sequence[str] | None = None,
        capabilities: Sequence[str] | None = None,
        request_id: Id | None = None,
    ) -> list[Task]:
        """Claims up to `max_tasks` ready tasks for an agent, the most urgent first.

        `capabilities` is what the agent can do: a task that needs others is left to others.
        Expired leases of the project return to the queue before. Returns none when nothing is
        ready. Raises NotFound, Forbidden, InvalidArgument.

        Alone among the writes it makes no request_id of its own, because idle agents call it
        over and over; when the connection is lost it is not sent again, and what it may have
        claimed returns to the queue with its lease.
        """
        return self._claimed(
            Task,
            "claim_tasks",
            project_id=project_id,
            agent=agent,
            max_tasks=max_tasks,
            lease_seconds=lease_seconds,
            workflow_id=workflow_id,
            parent_task_id=parent_task_id,
            tags_all=texts(tags_all),
            capabilities=texts(capabilities),
            request_id=request_id,
        )

    def claim_across_projects(
        self,
        *,
        agent: str,
        project_ids: Sequence[Id] | None = None,
        max_tasks: int = 1,
        lease_seconds: int | None = None,
        tags_all: Sequence[str] | None = None,
        capabilities: Sequence[str] | None = None,
        request_id: Id | None = None,
    ) -> list[Task]:
        """Claims from one of many projects, the one that the agent took from least recently.

        `project_ids` are the projects (default: all that the principal may change); the rest, and
        what is said of repeating, as for claim_tasks. Raises NotFound, Forbidden.
        """
        return self._claimed(
            Task,
            "claim_across_projects",
            agent=agent,
            project_ids=texts(project_ids),
            max_tasks=max_tasks,
            lease_seconds=lease_seconds,
            tags_all=texts(tags_all),
            capabilities=texts(capabilities),
            request_id=request_id,
        )

    def start_task(
        self,
        *,
        task_id: Id,
        agent: str,
        lease_seconds: int | None = None,
        request_id: Id | None = None,
    ) -> Task:
        """Claims this very task. Raises NotFound, and Conflict when it is not ready."""
        return self._written(
            Task,
            "start_task",
            task_id=task_id,
            agent=agent,
            lease_seconds=lease_seconds,
            request_id=request_id,
        )

    def heartbeat(self, *, attempt_id: Id, lease_seconds: int | None = None) -> TaskAttempt:
        """Renews the lease of an attempt from now on. Raises LeaseLost, NotFound."""
        return self._row(
            TaskAttempt, "heartbeat", attempt_id=attempt_id, lease_seconds=lease_seconds
        )

    def heartbeats(
        self, *, attempt_ids: Sequence[Id], lease_seconds: int | None = None
    ) -> list[TaskAttempt]:
        """Renews many leases; returns those still held and leaves out the lost ones."""
        return self._rows(
            TaskAttempt,
            "heartbeats",
            attempt_ids=[str(each) for each in attempt_ids],
            lease_seconds=lease_seconds,
        )

    def complete_task(
        self,
        *,
        attempt_id: Id,
        results: Json = None,
        actual_effort: float | Decimal | None = None,
        actual_complexity: int | None = None,
        request_id: Id | None = None,
    ) -> Task:
        """Completes a claimed task; `actual_effort` is in hours. Raises LeaseLost, NotFound."""
        return self._written(
            Task,
            "complete_task",
            attempt_id=attempt_id,
            results=as_json(results),
            actual_effort=actual_effort,
            actual_complexity=actual_complexity,
            request_id=request_id,
        )

    def complete_tasks(
        self, *, completions: Sequence[Mapping[str, Json]], request_id: Id | None = None
    ) -> list[Task]:
        """Completes many; each is an object with the keys of complete_task.

        Raises LeaseLost, NotFound; then none is completed.
        """
        return self._written_rows(
            Task,
            "complete_tasks",
            completions=as_json(list(completions)),
            request_id=request_id,
        )

    def complete_and_claim(
        self,
        *,
        attempt_id: Id,
        results: Json = None,
        max_tasks: int = 1,
        lease_seconds: int | None = None,
        workflow_id: Id | None = None,
        tags_all: Sequence[str] | None = None,
        capabilities: Sequence[str] | None = None,
        request_id: Id | None = None,
    ) -> list[Task]:
        """Completes a task and claims the next for the same agent, in one transaction.

        Returns those claimed, none when nothing is ready. Raises LeaseLost, NotFound; then
        nothing is claimed.
        """
        return self._written_rows(
            Task,
            "complete_and_claim",
            attempt_id=attempt_id,
            results=as_json(results),
            max_tasks=max_tasks,
            lease_seconds=lease_seconds,
            workflow_id=workflow_id,
            tags_all=texts(tags_all),
            capabilities=texts(capabilities),
            request_id=request_id,
        )

    def fail_task(
        self,
        *,
        attempt_id: Id,
        error: str,
        failure_class: str | None = None,
        details: Mapping[str, Json] | None = None,
        request_id: Id | None = None,
    ) -> Task:
        """Says that an attempt failed; what happens next is the retry policy of its class.

        `failure_class` is a row of docket.retry_policies (default bug). Raises LeaseLost.
        """
        return self._written(
            Task,
            "fail_task",
            attempt_id=attempt_id,
            error=error,
            failure_class=failure_class,
            details=as_json(details),
            request_id=request_id,
        )

    def retry_failed(
        self,
        *,
        project_id: Id,
        failure_class: str | None = None,
        workflow_id: Id | None = None,
        tags_all: Sequence[str] | None = None,
        max_tasks: int | None = None,
        request_id: Id | None = None,
    ) -> list[Task]:
        """Lets tasks that have failed for good be tried anew; what failed before counts no longer.

        Raises NotFound, Forbidden, InvalidArgument.
        """
        return self._written_rows(
            Task,
            "retry_failed",
            project_id=project_id,
            failure_class=failure_class,
            workflow_id=workflow_id,
            tags_all=texts(tags_all),
            max_tasks=max_tasks,
            request_id=request_id,
        )

    def release_task(
        self,
        *,
        attempt_id: Id,
        reason: str | None = None,
        not_before: datetime | None = None,
        request_id: Id | None = None,
    ) -> Task:
        """Gives a claimed task back to the queue, which is no failure. Raises LeaseLost."""
        return self._written(
            Task,
            "release_task",
            attempt_id=attempt_id,
            reason=reason,
            not_before=not_before,
            request_id=request_id,
        )

    def sweep_leases(self, *, project_id: Id, max_tasks: int | None = None) -> list[Task]:
        """Takes back the tasks whose lease has expired, as each claim does; returns them."""
        return self._rows(Task, "sweep_leases", project_id=project_id, max_tasks=max_tasks)

    def next_tasks(
        self,
        *,
        project_id: Id,
        workflow_id: Id | None = None,
        tags_all: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> list[Task]:
        """What a claim would give, in its order, claimed by nobody."""
        return self._rows(
            Task,
            "next_tasks",
            project_id=project_id,
            workflow_id=workflow_id,
            tags_all=texts(tags_all),
            page_size=page_size,
        )

    def list_attempts(self, *, task_id: Id) -> list[TaskAttempt]:
        """Every attempt at a task, the first one first."""
        return self._rows(TaskAttempt, "list_attempts", task_id=task_id)

    def queue_overview(self, *, project_id: Id | None = None) -> list[dict[str, Any]]:
        """Tasks counted by project and status: project_id, slug, status, tasks.

        The status ready is what may be claimed now, pending what waits.
        """
        return self._dicts("queue_overview", project_id=project_id)

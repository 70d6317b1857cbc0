"""Pull requests, and where an orchestrator stands with a workflow, a task or a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import Json, PullRequest, Task, TaskPullRequest, WorkflowState


class DeliveryCalls(Calls):
    """The functions about pull requests and workflow states."""

    def record_pull_request(
        self,
        *,
        project_id: Id,
        repository: str,
        number: int,
        changes: Mapping[str, Json] | None = None,
        request_id: Id | None = None,
    ) -> PullRequest:
        """Records what is known of a pull request; fields that are not given stay as they are.

        Raises NotFound, Forbidden, InvalidArgument, IllegalTransition (it is merged already).
        """
        return self._written(
            PullRequest,
            "record_pull_request",
            project_id=project_id,
            repository=repository,
            number=number,
            changes=as_json(changes),
            request_id=request_id,
        )

    def get_pull_request(self, *, pull_request_id: Id) -> PullRequest:
        """One pull request by its id. Raises NotFound."""
        return self._row(PullRequest, "get_pull_request", pull_request_id=pull_request_id)

    def list_pull_requests(
        self,
        *,
        project_id: Id,
        status: str | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[PullRequest]:
        """The pull requests of a project, the first recorded first, by pages of 1 to 1000."""
        return self._rows(
            PullRequest,
            "list_pull_requests",
            project_id=project_id,
            status=status,
            after=after,
            page_size=page_size,
        )

    def link_pull_request(
        self, *, task_id: Id, pull_request_id: Id, request_id: Id | None = None
    ) -> TaskPullRequest:
        """Says that a pull request brings work of a task. Raises NotFound, Forbidden."""
        return self._written(
            TaskPullRequest,
            "link_pull_request",
            task_id=task_id,
            pull_request_id=pull_request_id,
            request_id=request_id,
        )

    def unlink_pull_request(
        self, *, task_id: Id, pull_request_id: Id, request_id: Id | None = None
    ) -> TaskPullRequest:
        """Says that a pull request brings none of a task any more. Raises NotFound, Forbidden."""
        return self._written(
            TaskPullRequest,
            "unlink_pull_request",
            task_id=task_id,
            pull_request_id=pull_request_id,
            request_id=request_id,
        )

    def list_task_pull_requests(
        self, *, task_id: Id, after: Id | None = None, page_size: int | None = None
    ) -> list[PullRequest]:
        """The pull requests of a task, the first recorded first, by pages of 1 to 1000."""
        return self._rows(
            PullRequest,
            "list_task_pull_requests",
            task_id=task_id,
            after=after,
            page_size=page_size,
        )

    def list_pull_request_tasks(
        self, *, pull_request_id: Id, after: Id | None = None, page_size: int | None = None
    ) -> list[Task]:
        """The tasks whose work a pull request brings, by pages of 1 to 1000."""
        return self._rows(
            Task,
            "list_pull_request_tasks",
            pull_request_id=pull_request_id,
            after=after,
            page_size=page_size,
        )

    def enter_workflow_state(
        self,
        *,
        state: str,
        workflow_id: Id | None = None,
        task_id: Id | None = None,
        pull_request_id: Id | None = None,
        step_name: str | None = None,
        step_number: int | None = None,
        metadata: Mapping[str, Json] | None = None,
        request_id: Id | None = None,
    ) -> WorkflowState:
        """Says where a workflow, task or pull request now stands; the state before it ends.

        Raises NotFound, Forbidden, InvalidArgument.
        """
        return self._written(
            WorkflowState,
            "enter_workflow_state",
            state=state,
            workflow_id=workflow_id,
            task_id=task_id,
            pull_request_id=pull_request_id,
            step_name=step_name,
            step_number=step_number,
            metadata=as_json(metadata),
            request_id=request_id,
        )

    def retry_workflow_step(
        self,
        *,
        error: str,
        workflow_id: Id | None = None,
        task_id: Id | None = None,
        pull_request_id: Id | None = None,
        next_retry_at: datetime | None = None,
        request_id: Id | None = None,
    ) -> WorkflowState:
        """Says that the present step failed and is tried again. Raises NotFound, Forbidden."""
        return self._written(
            WorkflowState,
            "retry_workflow_step",
            error=error,
            workflow_id=workflow_id,
            task_id=task_id,
            pull_request_id=pull_request_id,
            next_retry_at=next_retry_at,
            request_id=request_id,
        )

    def list_workflow_states(
        self,
        *,
        workflow_id: Id | None = None,
        task_id: Id | None = None,
        pull_request_id: Id | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[WorkflowState]:
        """The states that a workflow, task or pull request has been in, the oldest first."""
        return self._rows(
            WorkflowState,
            "list_workflow_states",
            workflow_id=workflow_id,
            task_id=task_id,
            pull_request_id=pull_request_id,
            after=after,
            page_size=page_size,
        )

    def workflow_state_metrics(self, *, project_id: Id) -> list[dict[str, Any]]:
        """How long a project's states take, in milliseconds, by state and step."""
        return self._dicts("workflow_state_metrics", project_id=project_id)

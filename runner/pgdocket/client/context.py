"""Contexts of tasks, and where an orchestrator stands with a workflow or a task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import Json, TaskContext, WorkflowState


class ContextCalls(Calls):
    """The functions about contexts and workflow states."""

    def put_context(
        self, *, task_id: Id, context_type: str, data: Json, request_id: Id | None = None
    ) -> TaskContext:
        """Stores the next version of one type of a task's context.

        Raises NotFound, Forbidden, LimitExceeded, InvalidArgument.
        """
        return self._written(
            TaskContext,
            "put_context",
            task_id=task_id,
            context_type=context_type,
            data=Jsonb(None) if data is None else as_json(data),
            request_id=request_id,
        )

    def get_context(
        self, *, task_id: Id, context_type: str, version: int | None = None
    ) -> TaskContext | None:
        """One version of a context, the latest unless `version` is given; None if there is none."""
        found = self._rows(
            TaskContext, "get_context", task_id=task_id, context_type=context_type, version=version
        )
        return found[0] if found else None

    def latest_contexts(self, *, task_id: Id) -> list[TaskContext]:
        """The latest version of each type of a task's context."""
        return self._rows(TaskContext, "latest_contexts", task_id=task_id)

    def context_history(
        self,
        *,
        task_id: Id,
        context_type: str,
        after: int | None = None,
        page_size: int | None = None,
    ) -> list[TaskContext]:
        """The versions of one type of a task's context, the oldest first."""
        return self._rows(
            TaskContext,
            "context_history",
            task_id=task_id,
            context_type=context_type,
            after=after,
            page_size=page_size,
        )

    def enter_workflow_state(
        self,
        *,
        state: str,
        workflow_id: Id | None = None,
        task_id: Id | None = None,
        step_name: str | None = None,
        step_number: int | None = None,
        metadata: Mapping[str, Json] | None = None,
        request_id: Id | None = None,
    ) -> WorkflowState:
        """Says where a workflow or a task now stands; the state before it ends.

        Raises NotFound, Forbidden, InvalidArgument.
        """
        return self._written(
            WorkflowState,
            "enter_workflow_state",
            state=state,
            workflow_id=workflow_id,
            task_id=task_id,
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
            next_retry_at=next_retry_at,
            request_id=request_id,
        )

    def list_workflow_states(
        self,
        *,
        workflow_id: Id | None = None,
        task_id: Id | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[WorkflowState]:
        """The states that a workflow or a task has been in, the oldest first."""
        return self._rows(
            WorkflowState,
            "list_workflow_states",
            workflow_id=workflow_id,
            task_id=task_id,
            after=after,
            page_size=page_size,
        )

    def workflow_state_metrics(self, *, project_id: Id) -> list[dict[str, Any]]:
        """How long a project's states take, in milliseconds, by state and step."""
        return self._dicts("workflow_state_metrics", project_id=project_id)

"""Contexts of tasks."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import Json, TaskContext


class ContextCalls(Calls):
    """The functions about contexts."""

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

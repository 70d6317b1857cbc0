"""Tasks: made, read, changed, put away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pgdocket.client.calls import Calls, Id, as_json, texts
from pgdocket.client.rows import HistoryEntry, Json, SearchHit, Task

_PAGE = 1000


class TaskCalls(Calls):
    """The functions about tasks."""

    def create_task(
        self,
        *,
        project_id: Id,
        title: str,
        description: str | None = None,
        details: str | None = None,
        test_strategy: str | None = None,
        requirements: Mapping[str, Json] | None = None,
        acceptance_criteria: Json = None,
        affected_files: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        complexity_score: int | None = None,
        estimated_effort: float | Decimal | None = None,
        status: str | None = None,
        priority: str | int | None = None,
        assigned_to: str | None = None,
        task_key: str | None = None,
        legacy_id: int | None = None,
        workflow_id: Id | None = None,
        parent_task_id: Id | None = None,
        not_before: datetime | None = None,
        due_at: datetime | None = None,
        depends_on: Sequence[Id] | None = None,
        metadata: Mapping[str, Json] | None = None,
        needed_capabilities: Sequence[str] | None = None,
        request_id: Id | None = None,
    ) -> Task:
        """Makes a task, with its dependencies, in one transaction.

        `estimated_effort` is in hours; `priority` is 1 to 10 or low, medium, high, critical;
        `status` may be an alias such as done; `task_key` is made when none is given. Raises
        NotFound, Forbidden, Conflict (key taken), DependencyCycle, InvalidArgument.
        """
        return self._written(
            Task,
            "create_task",
            project_id=project_id,
            title=title,
            description=description,
            details=details,
            test_strategy=test_strategy,
            requirements=as_json(requirements),
            acceptance_criteria=as_json(acceptance_criteria),
            affected_files=texts(affected_files),
            tags=texts(tags),
            complexity_score=complexity_score,
            estimated_effort=estimated_effort,
            status=status,
            priority=priority,
            assigned_to=assigned_to,
            task_key=task_key,
            legacy_id=legacy_id,
            workflow_id=workflow_id,
            parent_task_id=parent_task_id,
            not_before=not_before,
            due_at=due_at,
            depends_on=texts(depends_on),
            metadata=as_json(metadata),
            needed_capabilities=texts(needed_capabilities),
            request_id=request_id,
        )

    def create_tasks(
        self,
        *,
        project_id: Id,
        tasks: Sequence[Mapping[str, Json]],
        request_id: Id | None = None,
    ) -> list[Task]:
        """Makes many tasks at once; each is an object with the keys of create_task.

        `parent` and the elements of `depends_on` may also be task keys, of this batch or of the
        project. Raises as create_task does; then none is made.
        """
        return self._written_rows(
            Task,
            "create_tasks",
            project_id=project_id,
            tasks=as_json(list(tasks)),
            request_id=request_id,
        )

    def get_task(self, *, task_id: Id) -> Task:
        """One task by its id. Raises NotFound."""
        return self._row(Task, "get_task", task_id=task_id)

    def task_id(self, *, project_id: Id, reference: str) -> UUID:
        """The id of the task that people call by its key, number or id. Raises NotFound."""
        found: UUID = self._value("task_id", project_id=project_id, reference=reference)
        return found

    def list_tasks(
        self,
        *,
        project_id: Id,
        statuses: Sequence[str] | None = None,
        min_priority: str | int | None = None,
        assigned_to: str | None = None,
        tags_all: Sequence[str] | None = None,
        tags_any: Sequence[str] | None = None,
        workflow_id: Id | None = None,
        parent_task_id: Id | None = None,
        affected_file: str | None = None,
        requirements: Mapping[str, Json] | None = None,
        metadata: Mapping[str, Json] | None = None,
        include_archived: bool = False,
        order_by: str | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[Task]:
        """Tasks of a project that match all that is given, a page of them.

        `order_by` is created_at (default, the newest first) or priority (the most urgent first),
        `after` the last id of the previous page, `page_size` 1 to 1000.
        """
        return self._rows(
            Task,
            "list_tasks",
            project_id=project_id,
            statuses=texts(statuses),
            min_priority=min_priority,
            assigned_to=assigned_to,
            tags_all=texts(tags_all),
            tags_any=texts(tags_any),
            workflow_id=workflow_id,
            parent_task_id=parent_task_id,
            affected_file=affected_file,
            requirements=as_json(requirements),
            metadata=as_json(metadata),
            include_archived=include_archived,
            order_by=order_by,
            after=after,
            page_size=page_size,
        )

    def each_task(self, **filters: Any) -> Iterator[Task]:
        """All the tasks that list_tasks finds, page after page; it takes the same filters."""
        filters["page_size"] = _PAGE
        while page := self.list_tasks(**filters):
            yield from page
            if len(page) < _PAGE:
                return
            filters["after"] = page[-1].task_id

    def search_tasks(
        self, *, project_id: Id, query: str, page_size: int | None = None
    ) -> list[SearchHit]:
        """Tasks whose text matches, the best first."""
        return self._rows(
            SearchHit, "search_tasks", project_id=project_id, query=query, page_size=page_size
        )

    def update_task(
        self,
        *,
        task_id: Id,
        changes: Mapping[str, Json],
        expected_version: int | None = None,
        request_id: Id | None = None,
    ) -> Task:
        """Changes the given fields of a task; its status has functions of its own.

        Raises NotFound, Forbidden, InvalidArgument, and StaleVersion when `expected_version` is
        no longer the task's.
        """
        return self._written(
            Task,
            "update_task",
            task_id=task_id,
            changes=as_json(changes),
            expected_version=expected_version,
            request_id=request_id,
        )

    def update_task_status(
        self,
        *,
        task_id: Id,
        status: str,
        context: Mapping[str, Json] | None = None,
        expected_version: int | None = None,
        results: Json = None,
        request_id: Id | None = None,
    ) -> Task:
        """Moves a task to another status by a person's decision, with the context of the move.

        Raises NotFound, Forbidden, IllegalTransition, StaleVersion, InvalidArgument.
        """
        return self._written(
            Task,
            "update_task_status",
            task_id=task_id,
            status=status,
            context=as_json(context),
            expected_version=expected_version,
            results=as_json(results),
            request_id=request_id,
        )

    def mark_task_completed(
        self, *, task_id: Id, results: Json = None, request_id: Id | None = None
    ) -> Task:
        """Completes a task by hand. Raises NotFound, Forbidden, IllegalTransition."""
        return self._written(
            Task,
            "mark_task_completed",
            task_id=task_id,
            results=as_json(results),
            request_id=request_id,
        )

    def delete_task(self, *, task_id: Id, request_id: Id | None = None) -> Task:
        """Puts a task away (archived_at). Raises NotFound, also the second time."""
        return self._written(Task, "delete_task", task_id=task_id, request_id=request_id)

    def purge_task(self, *, task_id: Id) -> int:
        """Removes a task with its subtasks and rows for good; the journal stays.

        Returns how many tasks that were. It is not sent again when its answer is lost. Raises
        NotFound, Forbidden.
        """
        purged: int = self._once("purge_task", task_id=task_id)
        return purged

    def get_pending_tasks(self, *, project_id: Id, page_size: int | None = None) -> list[Task]:
        """The pending tasks of a project, the most urgent first."""
        return self._rows(Task, "get_pending_tasks", project_id=project_id, page_size=page_size)

    def get_task_metrics(self, *, project_id: Id) -> dict[str, Any]:
        """Figures over a project's tasks: total_tasks, pending_tasks, avg_complexity, ..."""
        return self._dicts("get_task_metrics", project_id=project_id)[0]

    def task_history(
        self, *, task_id: Id, after: int | None = None, page_size: int | None = None
    ) -> list[HistoryEntry]:
        """What happened to a task, the oldest first, from the journal."""
        return self._rows(
            HistoryEntry, "task_history", task_id=task_id, after=after, page_size=page_size
        )

"""The dependency graph: edges, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import (
    Affected,
    BlockedReason,
    Blocker,
    ChainTask,
    CycleTask,
    FreedTask,
    GraphProblem,
    Json,
    RelatedTask,
    Task,
    TaskDependency,
    WaveTask,
)


class GraphCalls(Calls):
    """The functions about dependencies; "t depends on d" means that d blocks t."""

    def add_dependency(
        self,
        *,
        task_id: Id,
        depends_on_id: Id,
        dependency_type: str | None = None,
        strength: float | Decimal | None = None,
        satisfied_by: str | None = None,
        request_id: Id | None = None,
    ) -> TaskDependency:
        """Makes a task depend on another.

        `dependency_type` is blocks (default), suggests, related, duplicates, discovered_from or
        supersedes; `satisfied_by` what it waits for: completed (default), merged or validated.
        Raises NotFound, Conflict, DependencyCycle, InvalidArgument.
        """
        return self._written(
            TaskDependency,
            "add_dependency",
            task_id=task_id,
            depends_on_id=depends_on_id,
            dependency_type=dependency_type,
            strength=strength,
            satisfied_by=satisfied_by,
            request_id=request_id,
        )

    def add_dependencies(
        self,
        *,
        project_id: Id,
        dependencies: Sequence[Mapping[str, Json]],
        request_id: Id | None = None,
    ) -> list[TaskDependency]:
        """Adds many edges at once; each is an object with the keys of add_dependency.

        Raises as add_dependency does; then none is added.
        """
        return self._written_rows(
            TaskDependency,
            "add_dependencies",
            project_id=project_id,
            dependencies=as_json(list(dependencies)),
            request_id=request_id,
        )

    def remove_dependency(
        self,
        *,
        task_id: Id,
        depends_on_id: Id,
        dependency_type: str | None = None,
        request_id: Id | None = None,
    ) -> TaskDependency:
        """Removes an edge and returns what it was. Raises NotFound."""
        return self._written(
            TaskDependency,
            "remove_dependency",
            task_id=task_id,
            depends_on_id=depends_on_id,
            dependency_type=dependency_type,
            request_id=request_id,
        )

    def dependencies(
        self,
        *,
        task_id: Id,
        dependency_type: str | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[TaskDependency]:
        """What a task depends on, by the id of the other task; of every type or of one.

        `after` is the depends_on_id of the last row of the previous page.
        """
        return self._rows(
            TaskDependency,
            "dependencies",
            task_id=task_id,
            dependency_type=dependency_type,
            after=after,
            page_size=page_size,
        )

    def dependents(
        self,
        *,
        task_id: Id,
        dependency_type: str | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[TaskDependency]:
        """What depends on a task, by the id of the other task; of every type or of one.

        `after` is the task_id of the last row of the previous page.
        """
        return self._rows(
            TaskDependency,
            "dependents",
            task_id=task_id,
            dependency_type=dependency_type,
            after=after,
            page_size=page_size,
        )

    def get_task_dependencies(self, *, task_id: Id) -> list[UUID]:
        """The ids of the tasks that a task waits for, whether they are completed or not."""
        return self._values("get_task_dependencies", task_id=task_id)

    def blockers(
        self,
        *,
        task_id: Id,
        max_depth: int | None = None,
        max_tasks: int | None = None,
        include_completed: bool = False,
        after_depth: int | None = None,
        after: Id | None = None,
    ) -> list[Blocker]:
        """What a task waits for, directly (depth 1) and through others, the nearest first.

        `after_depth` and `after` are depth and id of the last task of the previous page.
        """
        return self._rows(
            Blocker,
            "blockers",
            task_id=task_id,
            max_depth=max_depth,
            max_tasks=max_tasks,
            include_completed=include_completed,
            after_depth=after_depth,
            after=after,
        )

    def impact(
        self,
        *,
        task_id: Id,
        max_depth: int | None = None,
        max_tasks: int | None = None,
        include_completed: bool = False,
        after_depth: int | None = None,
        after: Id | None = None,
    ) -> list[Affected]:
        """What waits for a task, directly (depth 1) and through others, the nearest first.

        `after_depth` and `after` are depth and id of the last task of the previous page.
        """
        return self._rows(
            Affected,
            "impact",
            task_id=task_id,
            max_depth=max_depth,
            max_tasks=max_tasks,
            include_completed=include_completed,
            after_depth=after_depth,
            after=after,
        )

    def get_task_dependency_graph(
        self, *, task_id: Id, max_depth: int | None = None, max_tasks: int | None = None
    ) -> list[RelatedTask]:
        """All that a task depends on (ancestor) and all that depends on it (descendant)."""
        return self._rows(
            RelatedTask,
            "get_task_dependency_graph",
            task_id=task_id,
            max_depth=max_depth,
            max_tasks=max_tasks,
        )

    def supersede(self, *, task_id: Id, superseded_by: Id, request_id: Id | None = None) -> Task:
        """Puts a task in the place of another, which is kept; returns the old one.

        Raises NotFound, Forbidden, InvalidArgument, DependencyCycle.
        """
        return self._written(
            Task, "supersede", task_id=task_id, superseded_by=superseded_by, request_id=request_id
        )

    def fork(
        self,
        *,
        task_ids: Sequence[Id],
        workflow_id: Id | None = None,
        request_id: Id | None = None,
    ) -> list[Task]:
        """Copies tasks with the dependencies among them, all of them pending.

        Raises NotFound, Forbidden, InvalidArgument, LimitExceeded.
        """
        return self._written_rows(
            Task,
            "fork",
            task_ids=[str(task_id) for task_id in task_ids],
            workflow_id=workflow_id,
            request_id=request_id,
        )

    def simulate_completion(self, *, task_ids: Sequence[Id]) -> list[FreedTask]:
        """What would become ready if these tasks were completed; nothing is changed."""
        return self._rows(
            FreedTask, "simulate_completion", task_ids=[str(task_id) for task_id in task_ids]
        )

    def explain_cycle(self, *, task_id: Id, depends_on_id: Id) -> list[CycleTask]:
        """The cycle that a dependency would close; none where it can be added. Raises NotFound."""
        return self._rows(CycleTask, "explain_cycle", task_id=task_id, depends_on_id=depends_on_id)

    def why_blocked(self, *, task_id: Id, max_tasks: int | None = None) -> list[BlockedReason]:
        """Every reason why a task can't be claimed now; none when it can. Raises NotFound."""
        return self._rows(BlockedReason, "why_blocked", task_id=task_id, max_tasks=max_tasks)

    def waves(
        self,
        *,
        project_id: Id,
        workflow_id: Id | None = None,
        include_completed: bool = False,
        max_tasks: int | None = None,
        after_wave: int | None = None,
        after: Id | None = None,
    ) -> list[WaveTask]:
        """The tasks in waves: what is in one wave can be done at the same time.

        `after_wave` and `after` are wave and id of the last task of the previous page.
        """
        return self._rows(
            WaveTask,
            "waves",
            project_id=project_id,
            workflow_id=workflow_id,
            include_completed=include_completed,
            max_tasks=max_tasks,
            after_wave=after_wave,
            after=after,
        )

    def critical_path(
        self,
        *,
        project_id: Id,
        workflow_id: Id | None = None,
        include_completed: bool = False,
        max_tasks: int | None = None,
        after_place: int | None = None,
    ) -> list[ChainTask]:
        """The longest chain of tasks, in the order in which they have to be done.

        `after_place` is the place of the last task of the previous page.
        """
        return self._rows(
            ChainTask,
            "critical_path",
            project_id=project_id,
            workflow_id=workflow_id,
            include_completed=include_completed,
            max_tasks=max_tasks,
            after_place=after_place,
        )

    def topological_order(
        self,
        *,
        project_id: Id,
        workflow_id: Id | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[Task]:
        """Tasks in an order in which each comes after all that it depends on, a page of them."""
        return self._rows(
            Task,
            "topological_order",
            project_id=project_id,
            workflow_id=workflow_id,
            after=after,
            page_size=page_size,
        )

    def graph(
        self, *, project_id: Id, workflow_id: Id | None = None, include_completed: bool = True
    ) -> dict[str, Any]:
        """The graph for drawing, as an object with nodes and edges."""
        found: dict[str, Any] = self._value(
            "graph",
            project_id=project_id,
            workflow_id=workflow_id,
            include_completed=include_completed,
        )
        return found

    def graph_health(self, *, project_id: Id | None = None) -> list[GraphProblem]:
        """One row for each place where the graph breaks an invariant; none when all is well."""
        return self._rows(GraphProblem, "graph_health", project_id=project_id)

    def repair_graph(self, *, project_id: Id | None = None) -> list[dict[str, Any]]:
        """Puts right what is derived from tasks and dependencies; says what it had to change."""
        return self._dicts("repair_graph", project_id=project_id)

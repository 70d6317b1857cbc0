"""The dependency graph: edges, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import Json, TaskDependency

Row = dict[str, Any]


class GraphCalls(Calls):
    """The functions about dependencies; "t depends on d" means that d blocks t."""

    def add_dependency(
        self,
        *,
        task_id: Id,
        depends_on_id: Id,
        dependency_type: str | None = None,
        strength: float | Decimal | None = None,
        request_id: Id | None = None,
    ) -> TaskDependency:
        """Makes a task depend on another.

        `dependency_type` is blocks (default), suggests, related, duplicates, discovered_from or
        supersedes. Raises NotFound, Conflict, DependencyCycle, InvalidArgument.
        """
        return self._written(
            TaskDependency,
            "add_dependency",
            task_id=task_id,
            depends_on_id=depends_on_id,
            dependency_type=dependency_type,
            strength=strength,
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

    def dependencies(self, *, task_id: Id) -> list[UUID]:
        """The ids of the tasks that a task depends on."""
        return self._values("dependencies", task_id=task_id)

    def dependents(self, *, task_id: Id) -> list[UUID]:
        """The ids of the tasks that depend on a task."""
        return self._values("dependents", task_id=task_id)

    def blockers(self, *, task_id: Id) -> list[Row]:
        """All that a task waits for, directly and through others, with its depth."""
        return self._dicts("blockers", task_id=task_id)

    def impact(self, *, task_id: Id) -> list[Row]:
        """All that waits for a task, directly and through others, with its depth."""
        return self._dicts("impact", task_id=task_id)

    def why_blocked(self, *, task_id: Id) -> list[Row]:
        """The reasons why a task can't be claimed now; none when it can."""
        return self._dicts("why_blocked", task_id=task_id)

    def waves(self, *, project_id: Id) -> list[Row]:
        """The plan: every task with the wave in which it may be done."""
        return self._dicts("waves", project_id=project_id)

    def critical_path(self, *, project_id: Id) -> list[Row]:
        """The longest chain of tasks, in order."""
        return self._dicts("critical_path", project_id=project_id)

    def graph(self, *, project_id: Id) -> dict[str, Any]:
        """The graph for drawing: nodes and edges."""
        found: dict[str, Any] = self._value("graph", project_id=project_id)
        return found

    def graph_health(self, *, project_id: Id | None = None) -> list[Row]:
        """One row for each invariant of the graph that is broken; none when all is well."""
        return self._dicts("graph_health", project_id=project_id)

"""What tests are about: projects, tasks, named graphs, and a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from pgdocket.client import Docket, Project, Task
from pgdocket.errors import InvalidArgument

_LAYERS = (("a1", "a2"), ("b1", "b2", "b3"), ("c1", "c2"))
# What each task waits for. They are the graphs of pgdocket's own tests.
GRAPHS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "chain": {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)},
    "diamond": {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")},
    "fan_in": {"a": (), "b": (), "c": (), "d": ("a", "b", "c")},
    "fan_out": {"a": (), "b": ("a",), "c": ("a",), "d": ("a",)},
    "layered": {
        key: (_LAYERS[place - 1] if place else ())
        for place, layer in enumerate(_LAYERS)
        for key in layer
    },
}


class Factory:
    """Makes what a test needs, under names of its own unless it names them."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._numbers = count(1)
        self._project: Project | None = None

    def project(self, **fields: Any) -> Project:
        """A project; `fields` are those of create_project()."""
        fields.setdefault("slug", f"project-{next(self._numbers)}")
        made = self._docket.create_project(**fields)
        self._project = self._project or made
        return made

    def task(self, **fields: Any) -> Task:
        """A task, in the first project of the test unless another is named."""
        fields.setdefault("title", f"Task {next(self._numbers)}")
        fields.setdefault("project_id", self._somewhere())
        return self._docket.create_task(**fields)

    def graph(
        self,
        name: str = "diamond",
        edges: Mapping[str, tuple[str, ...]] | None = None,
        *,
        project_id: UUID | None = None,
    ) -> dict[str, Task]:
        """A graph by name (chain, diamond, fan_in, fan_out, layered), or of these `edges`: what
        each task waits for. Returns the tasks by key. Raises InvalidArgument for another name.
        """
        if edges is None and name not in GRAPHS:
            raise InvalidArgument(
                f"there is no graph {name!r}", hint=f"known are {', '.join(GRAPHS)}"
            )
        wanted = GRAPHS[name] if edges is None else edges
        made = self._docket.create_tasks(
            project_id=project_id or self._somewhere(),
            tasks=[
                {"task_key": key, "title": f"Task {key}", "depends_on": list(waits_for)}
                for key, waits_for in wanted.items()
            ],
        )
        return {task.task_key: task for task in made}

    def _somewhere(self) -> UUID:
        return (self._project or self.project()).project_id


@dataclass(frozen=True, slots=True)
class BasicWorkflow:
    """What run_basic_workflow() did: the project, and its tasks in the order of completion."""

    project: Project
    completed: tuple[Task, ...]


def run_basic_workflow(
    docket: Docket, *, slug: str = "basic", agent: str = "tester"
) -> BasicWorkflow:
    """Makes a project with a diamond of tasks, and has one agent claim and complete them all."""
    factory = Factory(docket)
    project = factory.project(slug=slug)
    factory.graph("diamond")
    completed = []
    claimed = docket.claim_tasks(project_id=project.project_id, agent=agent)
    while claimed:
        (task,) = claimed
        if task.attempt_id is None:
            raise AssertionError(f"task {task.task_key} was claimed without an attempt")
        claimed = docket.complete_and_claim(attempt_id=task.attempt_id, results={"by": agent})
        completed.append(docket.get_task(task_id=task.task_id))
    return BasicWorkflow(project, tuple(completed))

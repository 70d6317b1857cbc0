"""The rows that the functions return, as dataclasses: frozen, and named as in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import psycopg

Json = Any
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Project:
    """One body of work: its tasks, their graph and everything done about them."""

    project_id: UUID
    organization_id: UUID
    slug: str
    name: str
    description: str | None
    repository_url: str | None
    settings: dict[str, Json]
    metadata: dict[str, Json]
    paused_at: datetime | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A set of tasks of a project that are pursued together."""

    workflow_id: UUID
    project_id: UUID
    name: str
    requirements: dict[str, Json]
    status: str
    metadata: dict[str, Json]
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work. `attempt_id` is the token of whoever holds it now; efforts in hours."""

    task_id: UUID
    project_id: UUID
    task_key: str
    legacy_id: int | None
    workflow_id: UUID | None
    parent_task_id: UUID | None
    title: str
    description: str | None
    details: str | None
    test_strategy: str | None
    requirements: dict[str, Json]
    acceptance_criteria: Json
    affected_files: list[str]
    tags: list[str]
    needed_capabilities: list[str]
    complexity_score: int | None
    actual_complexity: int | None
    estimated_effort: Decimal | None
    actual_effort: Decimal | None
    status: str
    priority: int
    assigned_to: str | None
    attempt_id: UUID | None
    not_before: datetime | None
    due_at: datetime | None
    results: Json
    completed_at: datetime | None
    archived_at: datetime | None
    unmet_gates: int
    merged_at: datetime | None
    metadata: dict[str, Json]
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class TaskDependency:
    """An edge of the graph: `task_id` depends on `depends_on_id`."""

    task_id: UUID
    depends_on_id: UUID
    project_id: UUID
    dependency_type: str
    satisfied_by: str
    strength: Decimal | None
    metadata: dict[str, Json]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class TaskAttempt:
    """One hold of an agent on a task. `outcome` is None while it lives."""

    attempt_id: UUID
    project_id: UUID
    task_id: UUID
    attempt_no: int
    agent: str
    lease_expires_at: datetime
    heartbeat_at: datetime
    created_at: datetime
    ended_at: datetime | None
    outcome: str | None
    failure_class: str | None
    error: str | None
    details: Json
    is_forgiven: bool


@dataclass(frozen=True, slots=True)
class TaskContext:
    """One version of what is known about a task; `byte_size` is in bytes."""

    task_id: UUID
    project_id: UUID
    context_type: str
    version: int
    data: Json
    content_hash: bytes
    byte_size: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as its host last told."""

    pull_request_id: UUID
    project_id: UUID
    repository: str
    number: int
    title: str
    description: str | None
    url: str | None
    author: str | None
    status: str
    has_conflict: bool
    head_branch: str | None
    head_commit: str | None
    base_branch: str | None
    base_commit: str | None
    merge_commit: str | None
    commits: int | None
    changed_files: int | None
    additions: int | None
    deletions: int | None
    checks_status: str | None
    review_status: str | None
    merge_status: str | None
    auto_merge_method: str | None
    auto_merge_by: str | None
    opened_at: datetime | None
    merged_at: datetime | None
    merged_by: str | None
    closed_at: datetime | None
    metadata: dict[str, Json]
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class TaskPullRequest:
    """That a pull request brings work of a task."""

    task_id: UUID
    project_id: UUID
    pull_request_id: UUID
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """Where a workflow, task or pull request stood, and for how long in milliseconds."""

    workflow_state_id: UUID
    project_id: UUID
    workflow_id: UUID | None
    task_id: UUID | None
    pull_request_id: UUID | None
    state: str
    step_name: str | None
    step_number: int | None
    entered_at: datetime
    left_at: datetime | None
    duration_ms: int | None
    attempt: int
    last_error: str | None
    next_retry_at: datetime | None
    metadata: dict[str, Json]
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A task that a search found; the higher `rank`, the better."""

    task_id: UUID
    task_key: str
    title: str
    status: str
    priority: int
    rank: float


@dataclass(frozen=True, slots=True)
class Blocker:
    """A task that another waits for, `depth` steps away."""

    depth: int
    blocker_id: UUID
    blocker_key: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Affected:
    """A task that waits for another, `depth` steps away; `is_freed`: for nothing else."""

    depth: int
    affected_id: UUID
    affected_key: str
    title: str
    status: str
    is_freed: bool


@dataclass(frozen=True, slots=True)
class FreedTask:
    """A task that would become ready."""

    task_id: UUID
    task_key: str
    title: str
    priority: int
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class CycleTask:
    """A task of a cycle; `next_by` is new, dependency, subtask or parent."""

    place: int
    cycle_task_id: UUID
    task_key: str
    title: str
    status: str
    next_by: str


@dataclass(frozen=True, slots=True)
class RelatedTask:
    """A task before or after another in the graph: `direction` is ancestor or descendant."""

    direction: str
    depth: int
    related_task_id: UUID
    related_task_key: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class BlockedReason:
    """Why a task can't be claimed: the kind of reason, a sentence, and the task it is about.

    Where `is_blocking` is false it can be claimed all the same: reason gate says that it can't be
    completed yet, parent that its parent is over or held. `facts` has the sentence for programs.
    """

    reason: str
    detail: str
    related_task_id: UUID | None
    related_task_key: str | None
    is_blocking: bool
    facts: dict[str, Json]


@dataclass(frozen=True, slots=True)
class WaveTask:
    """A task and the wave of the plan in which it can be done, from 1."""

    wave: int
    task_id: UUID
    task_key: str
    title: str
    status: str
    priority: int


@dataclass(frozen=True, slots=True)
class ChainTask:
    """A link of the longest chain, with its effort and the effort so far, in hours."""

    place: int
    task_id: UUID
    task_key: str
    title: str
    status: str
    effort: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """A place where the graph breaks an invariant."""

    invariant: str
    in_project_id: UUID
    task_id: UUID | None
    detail: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a task, from the journal; `changes` maps a column to [before, after]."""

    audit_id: int
    recorded_at: datetime
    principal: str
    operation: str
    changes: dict[str, Json]
    from_status: str | None
    to_status: str | None
    reason: str | None
    request_id: str | None


def rows_as(cls: type[T]) -> Callable[[psycopg.Cursor[Any]], Callable[[Sequence[Any]], T]]:
    """A psycopg row factory for a dataclass; columns that it doesn't know are left out.

    So a client goes on working when the schema has grown.
    """
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]

    def factory(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], T]:
        columns = [
            (position, column.name)
            for position, column in enumerate(cursor.description or ())
            if column.name in known
        ]

        def make(values: Sequence[Any]) -> T:
            return cls(**{name: values[position] for position, name in columns})

        return make

    return factory

"""The Python client: `Docket` calls the stored functions, `Agent` and `AsyncAgent` work through
the queue.
"""

from pgdocket.client.access import Member
from pgdocket.client.agent import (
    Agent,
    AgentReport,
    AsyncAgent,
    AsyncWork,
    Failed,
    Released,
    Work,
)
from pgdocket.client.budgets import Budget
from pgdocket.client.connections import ConnectionSettings
from pgdocket.client.docket import Docket, Health
from pgdocket.client.program import Program
from pgdocket.client.rows import (
    Affected,
    BlockedReason,
    Blocker,
    ChainTask,
    GraphProblem,
    HistoryEntry,
    Project,
    RelatedTask,
    SearchHit,
    Task,
    TaskAttempt,
    TaskContext,
    TaskDependency,
    TaskPullRequest,
    WaveTask,
    Workflow,
    WorkflowState,
)
from pgdocket.client.validations import RequiredValidation, ValidationResult

__all__ = [
    "Affected",
    "Agent",
    "AgentReport",
    "AsyncAgent",
    "AsyncWork",
    "BlockedReason",
    "Blocker",
    "Budget",
    "ChainTask",
    "ConnectionSettings",
    "Docket",
    "Failed",
    "GraphProblem",
    "Health",
    "HistoryEntry",
    "Member",
    "Program",
    "Project",
    "RelatedTask",
    "Released",
    "RequiredValidation",
    "SearchHit",
    "Task",
    "TaskAttempt",
    "TaskContext",
    "TaskDependency",
    "TaskPullRequest",
    "ValidationResult",
    "WaveTask",
    "Work",
    "Workflow",
    "WorkflowState",
]

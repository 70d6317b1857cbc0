"""The Python client: `Docket` calls the stored functions, `Agent` works through the queue."""

from pgdocket.client.agent import Agent, AgentReport, Failed, Released, Work
from pgdocket.client.connections import ConnectionSettings
from pgdocket.client.docket import Docket, Health
from pgdocket.client.rows import (
    HistoryEntry,
    Project,
    SearchHit,
    Task,
    TaskAttempt,
    TaskContext,
    TaskDependency,
    Workflow,
    WorkflowState,
)

__all__ = [
    "Agent",
    "AgentReport",
    "ConnectionSettings",
    "Docket",
    "Failed",
    "Health",
    "HistoryEntry",
    "Project",
    "Released",
    "SearchHit",
    "Task",
    "TaskAttempt",
    "TaskContext",
    "TaskDependency",
    "Work",
    "Workflow",
    "WorkflowState",
]

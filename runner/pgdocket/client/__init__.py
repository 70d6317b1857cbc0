"""The Python client: `Docket` calls the stored functions, `Agent` and `AsyncAgent` work through
the queue. What the functions return is in `pgdocket.client.rows`.
"""

from pgdocket.client.agent import (
    Agent,
    AgentReport,
    AsyncAgent,
    AsyncWork,
    Failed,
    Released,
    Work,
)
from pgdocket.client.connections import ConnectionSettings
from pgdocket.client.docket import Docket, Health
from pgdocket.client.program import Program
from pgdocket.client.rows import (
    Project,
    Task,
    TaskAttempt,
    TaskContext,
    TaskDependency,
    Workflow,
)

__all__ = [
    "Agent",
    "AgentReport",
    "AsyncAgent",
    "AsyncWork",
    "ConnectionSettings",
    "Docket",
    "Failed",
    "Health",
    "Program",
    "Project",
    "Released",
    "Task",
    "TaskAttempt",
    "TaskContext",
    "TaskDependency",
    "Work",
    "Workflow",
]

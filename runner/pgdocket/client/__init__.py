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
from pgdocket.client.async_docket import AsyncDocket
from pgdocket.client.docket import Docket
from pgdocket.client.program import Program
from pgdocket.client.query import Aggregate, Query, count
from pgdocket.client.rows import (
    Project,
    Task,
    TaskAttempt,
    TaskContext,
    TaskDependency,
    Workflow,
)
from pgdocket.client.statistics import Health, Stats
from pgdocket.settings import ConnectionSettings

__all__ = [
    "Agent",
    "AgentReport",
    "Aggregate",
    "AsyncAgent",
    "AsyncDocket",
    "AsyncWork",
    "ConnectionSettings",
    "Docket",
    "Failed",
    "Health",
    "Program",
    "Project",
    "Query",
    "Released",
    "Stats",
    "Task",
    "TaskAttempt",
    "TaskContext",
    "TaskDependency",
    "Work",
    "Workflow",
    "count",
]

"""The Python client: `Docket` calls the stored functions, `Agent` and `AsyncAgent` work through
the queue. What the functions return is in `pgdocket.client.rows`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgdocket.client.agent import (
        Agent,
        AgentReport,
        AsyncAgent,
        AsyncWork,
        Failed,
        Released,
        Work,
    )
    from pgdocket.client.async_context_cache import AsyncContextCache
    from pgdocket.client.async_docket import AsyncDocket
    from pgdocket.client.context_cache import ContextCache
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
    "AsyncContextCache",
    "AsyncDocket",
    "AsyncWork",
    "ConnectionSettings",
    "ContextCache",
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

# Imported when they are asked for: who only calls functions needs no agents.
_HOMES = {
    "Agent": "pgdocket.client.agent",
    "AgentReport": "pgdocket.client.agent",
    "Aggregate": "pgdocket.client.query",
    "AsyncAgent": "pgdocket.client.agent",
    "AsyncContextCache": "pgdocket.client.async_context_cache",
    "AsyncDocket": "pgdocket.client.async_docket",
    "AsyncWork": "pgdocket.client.agent",
    "ConnectionSettings": "pgdocket.settings",
    "ContextCache": "pgdocket.client.context_cache",
    "Docket": "pgdocket.client.docket",
    "Failed": "pgdocket.client.agent",
    "Health": "pgdocket.client.statistics",
    "Program": "pgdocket.client.program",
    "Project": "pgdocket.client.rows",
    "Query": "pgdocket.client.query",
    "Released": "pgdocket.client.agent",
    "Stats": "pgdocket.client.statistics",
    "Task": "pgdocket.client.rows",
    "TaskAttempt": "pgdocket.client.rows",
    "TaskContext": "pgdocket.client.rows",
    "TaskDependency": "pgdocket.client.rows",
    "Work": "pgdocket.client.agent",
    "Workflow": "pgdocket.client.rows",
    "count": "pgdocket.client.query",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found

"""Agents: the loop that works through a queue, with threads or with coroutines.

What an agent does is a set of scripts (scripts.py, reports.py) over one state (desk.py); they ask
for steps (steps.py), which threads.py and coroutines.py each take in their way.
"""

from pgdocket.client.agent.coroutines import AsyncAgent
from pgdocket.client.agent.threads import Agent
from pgdocket.client.agent.work import AgentReport, AsyncWork, Event, Failed, Released, Work

__all__ = [
    "Agent",
    "AgentReport",
    "AsyncAgent",
    "AsyncWork",
    "Event",
    "Failed",
    "Released",
    "Work",
]

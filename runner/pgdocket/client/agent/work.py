"""What a handler meets: the work it is given, what it may raise, and the report at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Literal
from uuid import UUID

from pgdocket.client.rows import Task
from pgdocket.errors import Error

Event = Literal["claimed", "completed", "failed", "released", "lost"]


class Failed(Exception):
    """Raised by a handler: the task failed, with the class that decides what happens next."""

    def __init__(
        self,
        message: str,
        *,
        failure_class: str = "bug",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.failure_class = failure_class
        self.details = details


class Released(Exception):
    """Raised by a handler: give the task back, which is no failure; not before a time if given."""

    def __init__(self, reason: str, *, not_before: datetime | None = None) -> None:
        super().__init__(reason)
        self.not_before = not_before


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent did: each task that it claimed, by how it ended.

    `lost` are those whose lease was lost, or whose ending could not be reported.
    """

    completed: int = 0
    failed: int = 0
    released: int = 0
    lost: int = 0


class Phase(Enum):
    """Where a claimed task stands in its agent. Whoever moves it to REPORTED ends it, alone."""

    WAITING = auto()
    HANDLED = auto()
    REPORTED = auto()
    ENDED = auto()


class Stop:
    """Whether an agent is to stop; plain flags, which a signal handler may set at any moment."""

    __slots__ = ("asked", "hurried")

    def __init__(self) -> None:
        self.asked = False
        self.hurried = False


class Work:
    """What a handler is given: the task, and whether it is still worth going on with it.

    `task`, `attempt_id`, `is_lost` and `should_stop` are for the handler, the rest is the agent's.
    """

    __slots__ = (
        "_lost", "_stop", "attempt_id", "claimed_at", "confirmed_at", "phase", "results", "task",
    )  # fmt: skip

    def __init__(self, task: Task, stop: Stop, claimed_at: float) -> None:
        if task.attempt_id is None:
            raise Error(f"task {task.task_key} was claimed without an attempt_id")
        self.task = task
        self.attempt_id: UUID = task.attempt_id
        self.phase = Phase.WAITING
        self.claimed_at = self.confirmed_at = claimed_at
        self.results: Any = None
        self._stop = stop
        self._lost = False

    @property
    def is_lost(self) -> bool:
        """Whether the lease is lost; whatever the handler returns is then dropped."""
        return self._lost

    @property
    def should_stop(self) -> bool:
        """Whether the agent is asked to stop; a long handler may then raise Released."""
        return self._stop.asked

    def lose(self) -> None:
        """For the agent: tells the handler that it works for nothing."""
        self._lost = True


class AsyncWork(Work):
    """What a coroutine is given as a handler: a Work whose changes can be awaited."""

    __slots__ = ("_lost_event", "_stop_event", "on_lost")

    def __init__(
        self, task: Task, stop: Stop, claimed_at: float, stop_event: asyncio.Event
    ) -> None:
        super().__init__(task, stop, claimed_at)
        self._lost_event = asyncio.Event()
        self._stop_event = stop_event
        self.on_lost: Callable[[], object] = self._lost_event.set

    async def lost(self) -> None:
        """Returns when the lease is lost, for what has to be tidied beside the handler.

        The handler itself is cancelled then.
        """
        await self._lost_event.wait()

    async def stopping(self) -> None:
        """Returns when the agent is asked to stop."""
        await self._stop_event.wait()

    def lose(self) -> None:
        """For the agent: tells the handler that it works for nothing."""
        super().lose()
        self._lost_event.set()
        self.on_lost()

"""What the agent of threads and the agent of coroutines have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Generic, TypeVar

from pgdocket.client.agent.desk import Desk
from pgdocket.client.agent.options import Options
from pgdocket.client.agent.work import AgentReport, Event, Stop
from pgdocket.client.async_docket import AsyncDocket
from pgdocket.client.docket import Docket
from pgdocket.client.functions import Id
from pgdocket.client.listener import ReadyListener
from pgdocket.client.rows import Task

D = TypeVar("D", bound=Docket | AsyncDocket)
H = TypeVar("H")


class BaseAgent(Generic[D, H]):
    """Options, and stopping. Agent says what they mean."""

    def __init__(
        self,
        docket: D,
        *,
        name: str,
        handler: H,
        project_id: Id | None = None,
        concurrency: int = 1,
        batch_size: int = 1,
        prefetch: int | None = None,
        lease_seconds: int = 60,
        workflow_id: Id | None = None,
        tags_all: Sequence[str] | None = None,
        capabilities: Sequence[str] | None = None,
        idle_seconds: tuple[float, float] = (0.05, 2.0),
        drain_seconds: float | None = None,
        until_idle: bool = False,
        listen: bool = True,
        on_event: Callable[[Event, Task], None] | None = None,
    ) -> None:
        self.name = name
        self._docket = docket
        self._handler = handler
        self._options = Options(
            project_id=project_id,
            name=name,
            concurrency=concurrency,
            batch_size=batch_size,
            prefetch=batch_size - 1 if prefetch is None else prefetch,
            lease_seconds=lease_seconds,
            workflow_id=workflow_id,
            tags_all=tags_all,
            capabilities=capabilities,
            idle_seconds=idle_seconds,
            drain_seconds=drain_seconds,
            until_idle=until_idle,
            listen=listen,
            on_event=on_event,
        )
        self._stop = Stop()
        self._stops = count(1)
        self._runs = count(1)
        self._desk: Desk | None = None
        # Has whoever supervises look at the flags; from any thread or signal handler.
        self._nudge: Callable[[], None] = lambda: None

    @property
    def report(self) -> AgentReport:
        """What has been done up to now."""
        return AgentReport() if self._desk is None else self._desk.report

    def stop(self) -> None:
        """Asks the agent to stop: nothing new is claimed, and what is held is finished.

        What was claimed ahead is given back. A second call gives back at once all that is held.
        Safe from any thread or signal handler, and before run().
        """
        if next(self._stops) > 1:
            self._stop.hurried = True
        self._stop.asked = True
        self._nudge()

    def _begin(self, desk: Desk) -> Desk:
        if next(self._runs) > 1:
            raise RuntimeError("an agent runs once: make another one")
        self._desk = desk
        return desk

    def _listener(self, on_ready: Callable[[], None]) -> ReadyListener | None:
        conninfo = self._docket.listen_conninfo()
        if not self._options.listen or conninfo is None:
            return None
        project_id = self._options.project_id
        return ReadyListener(conninfo, None if project_id is None else str(project_id), on_ready)

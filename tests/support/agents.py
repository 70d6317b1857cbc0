"""Agents under test, of both kinds, and a docket that lets a test in at each of their calls."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from pgdocket.client import (
    Agent,
    AgentReport,
    AsyncAgent,
    AsyncDocket,
    AsyncWork,
    Docket,
    Work,
)
from pgdocket.client.functions import Function
from pgdocket.client.rows import TaskAttempt
from support.sessions import Connection

AnyAgent = Agent | AsyncAgent
Handle = Callable[[Work], Any]
KINDS = ("threads", "coroutines")


class TappedDocket(Docket):
    """A docket that tells a test of each call, before it is sent and after its answer came.

    `tap` is told "before NAME" and "after NAME"; what it raises, the caller meets.
    """

    tap: Callable[[str], object] = staticmethod(lambda _moment: None)

    def _many(self, function: Function[Any], arguments: Sequence[Any]) -> list[Any]:
        self.tap(f"before {function.name}")
        rows = super()._many(function, arguments)
        self.tap(f"after {function.name}")
        return rows


class AsyncTappedDocket(AsyncDocket):
    """A TappedDocket for coroutines; it is told in a thread, where it may wait."""

    def __init__(self, beside: Docket) -> None:
        super().__init__(beside._connections.conninfo, settings=beside._connections.settings)
        self._beside = beside

    async def _many(self, function: Function[Any], arguments: Sequence[Any]) -> list[Any]:
        tap = getattr(self._beside, "tap", None)
        if tap is None:
            return await super()._many(function, arguments)
        await asyncio.to_thread(tap, f"before {function.name}")
        rows = await super()._many(function, arguments)
        await asyncio.to_thread(tap, f"after {function.name}")
        return rows


class HousedAgent(AsyncAgent):
    """An agent of coroutines with a docket of its own, beside that of the test."""

    def __init__(self, beside: Docket, **options: Any) -> None:
        super().__init__(AsyncTappedDocket(beside), **options)

    async def run(self, *, handle_signals: bool = True) -> AgentReport:
        async with self._docket:
            return await super().run(handle_signals=handle_signals)


def make_agent(
    kind: str, docket: Docket, project_id: UUID | None, handle: Handle, **options: Any
) -> Any:
    """An agent that asks often. A coroutine's handler runs in a thread, so that it may wait."""
    settings: dict[str, Any] = {"name": "anna", "idle_seconds": (0.01, 0.05), **options}
    if kind == "threads":
        return Agent(docket, project_id=project_id, handler=handle, **settings)

    async def handle_there(work: AsyncWork) -> Any:
        return await asyncio.to_thread(handle, work)

    return HousedAgent(docket, project_id=project_id, handler=handle_there, **settings)


def run(agent: AnyAgent, *, handle_signals: bool = False) -> AgentReport:
    """Runs an agent of either kind to its end."""
    if isinstance(agent, Agent):
        return agent.run(handle_signals=handle_signals)
    return asyncio.run(agent.run(handle_signals=handle_signals))


@contextmanager
def running(agent: AnyAgent) -> Iterator[list[AgentReport]]:
    """Runs an agent in a thread until the block ends; the list then has its report."""
    reports: list[AgentReport] = []
    thread = threading.Thread(target=lambda: reports.append(run(agent)))
    thread.start()
    try:
        yield reports
    finally:
        agent.stop()
        thread.join(20)
        assert not thread.is_alive()


class Diary:
    """What an agent tells of its tasks; may be heard from several threads."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def __call__(self, event: str, task: Any) -> None:
        """For on_event."""
        self.events.append((event, task.task_key))

    def count(self, event: str) -> int:
        """How often something happened."""
        return Counter(each for each, _ in self.events)[event]

    def of(self, task_key: str) -> list[str]:
        """What happened to a task."""
        return [event for event, key in self.events if key == task_key]


def attempts_of(docket: Docket, project_id: UUID) -> list[TaskAttempt]:
    """Every attempt at every task of a project."""
    tasks = docket.list_tasks(project_id=project_id, page_size=1000)
    return [each for task in tasks for each in docket.list_attempts(task_id=task.task_id)]


def check_books(docket: Docket, project_id: UUID, report: AgentReport, diary: Diary) -> None:
    """What an agent says it did is what the database knows, and each claim ended once."""
    ends = ("completed", "failed", "released", "lost")
    assert {end: diary.count(end) for end in ends} == {end: getattr(report, end) for end in ends}
    assert diary.count("claimed") == sum(getattr(report, end) for end in ends), diary.events
    known = Counter(attempt.outcome for attempt in attempts_of(docket, project_id))
    assert known[None] == 0, "an attempt is still live"
    assert {end: known[end] for end in ends[:3]} == {end: getattr(report, end) for end in ends[:3]}


def expire(session: Connection, attempt_id: UUID) -> None:
    """Lets the lease of an attempt be over, as if its agent had not been heard of for long."""
    session.execute(
        "update docket.task_attempts set lease_expires_at = docket.clock() - interval '1 s'"
        " where attempt_id = %s",
        (attempt_id,),
    )


def is_listened_to(client: Docket) -> bool:
    """Whether a session of this database waits for notifications."""
    with psycopg.connect(client.listen_conninfo() or "", autocommit=True) as connection:
        row = connection.execute(
            "select exists (select from pg_stat_activity where datname = current_database()"
            " and application_name = 'pgdocket listen' and query like 'listen %')"
        ).fetchone()
    return row == (True,)

"""What an agent costs for tasks that take no time, against the bare calls in the same process.

python -m bench.agent [TASKS]
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import UUID

from bench.harness import Row, bench, interleaved
from pgdocket.client import (
    Agent,
    AsyncAgent,
    AsyncDocket,
    AsyncWork,
    ConnectionSettings,
    Docket,
    Work,
)

Run = Callable[[Docket, UUID], None]
WORKERS = (1, 8)
BATCHES = (1, 10, 100)


def bare(workers: int, batch: int) -> Run:
    """The calls alone: in threads, each as fast as it can."""

    def one(docket: Docket, project: UUID) -> None:
        held = docket.claim_tasks(project_id=project, agent="bare")
        while held:
            held = docket.complete_and_claim(attempt_id=str(held[0].attempt_id))

    def many(docket: Docket, project: UUID) -> None:
        while held := docket.claim_tasks(project_id=project, agent="bare", max_tasks=batch):
            docket.complete_tasks(completions=[{"attempt_id": each.attempt_id} for each in held])

    def run(docket: Docket, project: UUID) -> None:
        target = one if batch == 1 else many
        threads = [threading.Thread(target=target, args=(docket, project)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def in_threads(workers: int, batch: int) -> Run:
    """Agent, with a handler that does nothing."""

    def handle(_work: Work) -> None:
        return None

    def run(docket: Docket, project: UUID) -> None:
        Agent(docket, handler=handle, **options(project, workers, batch)).run()

    return run


def in_coroutines(workers: int, batch: int) -> Run:
    """AsyncAgent, with a handler that does nothing."""

    async def handle(_work: AsyncWork) -> None:
        return None

    async def work(conninfo: str, project: UUID) -> None:
        settings = ConnectionSettings(max_size=16, slow_ms=None)
        async with AsyncDocket(conninfo, settings=settings) as docket:
            await AsyncAgent(docket, handler=handle, **options(project, workers, batch)).run()

    def run(docket: Docket, project: UUID) -> None:
        asyncio.run(work(docket.listen_conninfo() or "", project))

    return run


def options(project: UUID, workers: int, batch: int) -> dict[str, Any]:
    """How the agents are made: enough is claimed ahead for two batches."""
    return {
        "project_id": project,
        "name": "bench",
        "concurrency": workers,
        "batch_size": batch,
        "prefetch": 0 if batch == 1 else 2 * batch,
        "until_idle": True,
        "listen": False,
    }


def measure(conninfo: str, tasks: int) -> list[Row]:
    """Tasks per second of both kinds of agent and of the bare calls."""
    rows = []
    with Docket(conninfo, settings=ConnectionSettings(max_size=16, slow_ms=None)) as docket:

        def timed(run: Run) -> Callable[[], float]:
            def once() -> float:
                project = docket.create_project(slug=f"bench-{perf_counter()}").project_id
                docket.create_tasks(project_id=project, tasks=[{"title": "T"}] * tasks)
                began = perf_counter()
                run(docket, project)
                seconds = perf_counter() - began
                (done,) = {
                    each.tasks
                    for each in docket.queue_overview(project_id=project)
                    if each.status == "completed"
                }
                if done != tasks:
                    raise RuntimeError(f"{done} of {tasks} tasks were done")
                return tasks / seconds

            return once

        for workers in WORKERS:
            for batch in BATCHES:
                threads, coroutines, floor = interleaved(
                    *(timed(kind(workers, batch)) for kind in (in_threads, in_coroutines, bare))
                )
                size = f"{tasks} tasks, {workers} at once, batches of {batch}"
                for name, ours in (("Agent", threads), ("AsyncAgent", coroutines)):
                    rows.append(Row(name, size, ours, floor, "tasks/s", "the bare calls"))
    return rows


def main(tasks: int = 3_000) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return measure(machine.database(), tasks)

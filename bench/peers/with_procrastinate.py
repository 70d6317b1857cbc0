"""procrastinate: BACKLOG tasks are deferred; its worker does COUNT of them, WORKERS at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time

import procrastinate


async def main(backlog: int, count: int, workers: int) -> None:
    """Prints its version, and the seconds for COUNT tasks."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(max_size=workers + 4))
    done, enough = 0, asyncio.Event()

    @app.task
    async def nothing() -> None:
        nonlocal done
        done += 1
        if done == count:
            enough.set()

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for _ in range(0, backlog, 1000):
            await nothing.batch_defer_async(*({} for _ in range(1000)))
        begun = time.perf_counter()
        worker = asyncio.create_task(
            app.run_worker_async(concurrency=workers, install_signal_handlers=False)
        )
        await enough.wait()
        seconds = time.perf_counter() - begun
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker
    sys.stdout.write(json.dumps({"version": procrastinate.__version__, "seconds": seconds}) + "\n")


asyncio.run(main(*(int(word) for word in sys.argv[1:])))

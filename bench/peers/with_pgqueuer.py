"""pgqueuer: BACKLOG tasks are enqueued; its queue manager does COUNT of them, WORKERS at a time."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from importlib.metadata import version

import psycopg
from pgqueuer import PgQueuer, Queries
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver


async def main(backlog: int, count: int, workers: int) -> None:
    """Prints its version, and the seconds for COUNT tasks."""
    async with await psycopg.AsyncConnection.connect(autocommit=True) as connection:
        driver = PsycopgDriver(connection)
        queries = Queries(driver)
        await queries.install()
        for _ in range(0, backlog, 1000):
            await queries.enqueue(["nothing"] * 1000, [None] * 1000, [0] * 1000)
        queuer = PgQueuer(driver)
        done = 0

        @queuer.entrypoint("nothing")
        async def nothing(_job: object) -> None:
            nonlocal done
            done += 1
            if done == count:
                queuer.shutdown.set()

        begun = time.perf_counter()
        # It takes its completions together, and writes them when it stops at the latest.
        await queuer.run(batch_size=workers, max_concurrent_tasks=2 * workers)
        seconds = time.perf_counter() - begun
    sys.stdout.write(json.dumps({"version": version("pgqueuer"), "seconds": seconds}) + "\n")


asyncio.run(main(*(int(word) for word in sys.argv[1:])))

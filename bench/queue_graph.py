"""The queue over dependencies: a layered graph drained by eight workers, and a chain."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.harness import Bench, Row, interleaved
from bench.queue_load import Edges, Load, open_load

WIDTH = 100
WORKERS = 8
LOOK_SECONDS = 0.05

RAW_LEFT = "select count(*) from public.raw_tasks where status <> 'done'"
RAW_ENDED = "select extract(epoch from max(updated_at))::float8 from public.raw_tasks"
LEFT = "select count(*) from docket.tasks where project_id = %s and status <> 'completed'"
ENDED = (
    "select extract(epoch from max(completed_at))::float8 from docket.tasks where project_id = %s"
)
NOW = "select extract(epoch from clock_timestamp())::float8"


def layered(tasks: int) -> Edges:
    """Layers of a hundred tasks, of which each waits for three of the layer before."""
    return [
        (task, task - WIDTH - task % WIDTH + (task * 7 + 31 * step) % WIDTH)
        for task in range(WIDTH, tasks)
        for step in range(3)
    ]


def drain(load: Load, script: Path, left: str, ended: str, *project: str) -> float:
    """Seconds until eight workers have completed everything, by the server's clock."""
    command = load.machine.pgbench_command(
        load.agent, script, "-c", str(WORKERS), "-T", "3600", "-D", "has=0", "-D", "attempt=none"
    )
    begun = load.execute(NOW)[0][0]
    workers = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while load.execute(left, *project)[0][0]:
            time.sleep(LOOK_SECONDS)
            if workers.poll() is not None:
                raise RuntimeError(
                    f"the workers stopped: {workers.stderr and workers.stderr.read()!r}"
                )
    finally:
        workers.kill()
        workers.wait()
    return float(str(load.execute(ended, *project)[0][0])) - float(str(begun))


def dag(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """Tasks per second of the whole drain of a layered graph."""
    load = open_load(machine, folder)
    edges = layered(tasks)

    def raw() -> float:
        load.fill_raw(tasks, edges)
        return tasks / drain(load, load.script("raw drain"), RAW_LEFT, RAW_ENDED)

    def ours(name: str) -> Callable[[], float]:
        def run() -> float:
            project = load.project(tasks, edges)
            return tasks / drain(load, load.script(name, project), LEFT, ENDED, project)

        return run

    floor, single, fused = interleaved(raw, ours("drain"), ours("fused drain"))
    size, name = f"{tasks:,} tasks, {len(edges):,} edges, {WORKERS} workers", "raw with a counter"
    return [
        Row("layered graph, drained", size, single, floor, "tasks/s", name, 0.7),
        Row("layered graph, drained by complete_and_claim", size, fused, floor, "tasks/s", name),
    ]


def chain(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """Tasks per second along a chain, by one worker."""
    load = open_load(machine, folder)
    edges = [(task, task - 1) for task in range(1, tasks)]

    def raw(name: str) -> Callable[[], float]:
        def run() -> float:
            load.fill_raw(tasks, edges)
            return load.rate(load.script(name), clients=1, transactions=tasks)

        return run

    def ours(name: str) -> Callable[[], float]:
        def run() -> float:
            project = load.project(tasks, edges)
            return load.rate(load.script(name, project), clients=1, transactions=tasks)

        return run

    names = ("raw with a counter", "raw with a counter, fused")
    floor, fused_floor, single, fused = interleaved(
        raw("raw chain"), raw("raw fused"), ours("ours"), ours("fused")
    )
    size, unit = f"{tasks:,} tasks, 1 worker", "tasks/s"
    return [
        Row("chain, complete_and_claim", size, fused, floor, unit, names[0], 1.0),
        Row("chain, complete_and_claim", size, fused, fused_floor, unit, names[1]),
        Row("chain, claim_tasks + complete_task", size, single, floor, unit, names[0]),
    ]

"""What the Python client adds to a call, against the same SQL by bare psycopg; and to start.

python -m bench client [CALLS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

import pgdocket
from bench.harness import Row, bench
from pgdocket.client import ConnectionSettings, Docket

BLOCK = 10
STARTS = 15

Call = Callable[[], None]


def main(calls: int = 2000) -> list[Row]:
    """Microseconds of each call, and milliseconds of each start."""
    with bench() as harness:
        # The client's share is greatest where a commit doesn't wait for the disk.
        conninfo = make_conninfo(harness.database(), options="-c synchronous_commit=off")
        rows = per_call(conninfo, calls)
    return rows + starts()


def per_call(conninfo: str, calls: int) -> list[Row]:
    """Each pair in short blocks in turn: what slows one, slows both."""
    first, second = fill(conninfo, 2 * calls + 4 * BLOCK)
    settings = ConnectionSettings(min_size=1, max_size=1, slow_ms=None)
    with (
        Docket(conninfo, settings=settings) as docket,
        psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as bare,
    ):
        pairs = {
            "complete_and_claim": (
                completing(first, bare_claims(bare)),
                completing(second, docket_claims(docket)),
            ),
            "get_task": reading(docket, bare),
        }
        return [
            Row(
                name, f"{calls} calls", *medians(ours, floor, calls), "us", "bare psycopg",
                at_most=1.15 if name == "complete_and_claim" else None,
            )
            for name, (floor, ours) in pairs.items()
        ]  # fmt: skip


def bare_claims(bare: psycopg.Connection[dict[str, object]]) -> Callable[[UUID], UUID]:
    """complete_and_claim() as one would send it oneself."""

    def step(attempt_id: UUID) -> UUID:
        row = bare.execute(
            "select * from docket.complete_and_claim(attempt_id => %s, request_id => %s)",
            (attempt_id, uuid4()),
            binary=True,
        ).fetchall()[0]
        return UUID(str(row["attempt_id"]))

    return step


def docket_claims(docket: Docket) -> Callable[[UUID], UUID]:
    """complete_and_claim() by the client."""

    def step(attempt_id: UUID) -> UUID:
        return UUID(str(docket.complete_and_claim(attempt_id=attempt_id)[0].attempt_id))

    return step


def fill(conninfo: str, tasks: int) -> list[UUID]:
    """A queue for both, and an attempt for each to begin with."""
    with Docket(conninfo) as docket:
        project_id = docket.create_project(slug="bench").project_id
        for _ in range(-(-tasks // 1000)):
            docket.create_tasks(project_id=project_id, tasks=[{"title": "T"}] * 1000)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        agents = ("one", "other")
        held = [docket.claim_tasks(project_id=project_id, agent=each)[0] for each in agents]
        return [each.attempt_id for each in held if each.attempt_id is not None]


def completing(attempt_id: UUID, step: Callable[[UUID], UUID]) -> Call:
    """Goes through the queue as an agent of its own, a task for each call."""
    held = [attempt_id]

    def once() -> None:
        held[0] = step(held[0])

    return once


def reading(docket: Docket, bare: psycopg.Connection[dict[str, object]]) -> tuple[Call, Call]:
    """get_task() by both: the least that a call can be."""
    project_id = docket.create_project(slug=f"bench-{uuid4()}").project_id
    task_id = docket.create_task(project_id=project_id, title="T").task_id

    def plain() -> None:
        bare.execute(
            "select * from docket.get_task(task_id => %s)", (task_id,), binary=True
        ).fetchall()

    def ours() -> None:
        docket.get_task(task_id=task_id)

    return plain, ours


def medians(ours: Call, floor: Call, calls: int) -> tuple[float, float]:
    """The median block of each, in microseconds for a call."""
    taken: dict[Call, list[float]] = {ours: [], floor: []}
    for number in range(-1, calls // BLOCK):
        for call in (ours, floor) if number % 2 else (floor, ours):
            began = perf_counter()
            for _ in range(BLOCK):
                call()
            if number >= 0:
                taken[call].append((perf_counter() - began) / BLOCK * 1e6)
    return statistics.median(taken[ours]), statistics.median(taken[floor])


def starts() -> list[Row]:
    """How long it takes to import the package and the client, and to say what the command can."""
    package = imported("import pgdocket")
    client = imported("from pgdocket.client import Docket")
    driver = imported("import psycopg, psycopg_pool")
    told = least([sys.executable, "-m", "pgdocket", "--help"])
    return [
        Row("import pgdocket", "", package, 150.0, "ms", "150 ms", at_most=1.0),
        Row("import pgdocket's Docket", "", client, driver, "ms", "importing the driver"),
        Row("pgdocket --help", "", told, 250.0, "ms", "250 ms", at_most=1.0),
    ]


def imported(statement: str) -> float:
    """Milliseconds of an import in a new Python, without the start of that."""
    clock = "from time import perf_counter; began = perf_counter()"
    program = f"{clock}; {statement}; print((perf_counter() - began) * 1000)"
    return min(float(run([sys.executable, "-c", program])) for _ in range(STARTS))


def least(command: list[str]) -> float:
    """Milliseconds of a command, the least: what else there is to do can only add to it."""
    taken = []
    for _ in range(STARTS):
        began = perf_counter()
        run(command)
        taken.append((perf_counter() - began) * 1000)
    return min(taken)


def run(command: list[str]) -> str:
    """What a command prints, where this checkout's package is the one that is imported."""
    folder = Path(pgdocket.__file__).parents[1]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout

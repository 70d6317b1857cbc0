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
    programs = {
        "import pgdocket": (["-c", "import pgdocket"], 150.0),
        "import pgdocket.client": (["-c", "import pgdocket.client"], None),
        "pgdocket --help": (["-m", "pgdocket", "--help"], 250.0),
    }
    none = start(["-c", "pass"])
    return [
        Row(
            name, "after an empty Python" if limit else "as a whole", start(words) - (
                none if name.startswith("import") else 0.0
            ),
            limit or none, "ms", f"{limit:.0f} ms" if limit else "an empty Python",
            at_most=1.0 if limit else None,
        )
        for name, (words, limit) in programs.items()
    ]  # fmt: skip


def start(words: list[str]) -> float:
    """The median milliseconds of a new Python."""
    folder = Path(pgdocket.__file__).parents[1]
    taken = []
    for _ in range(STARTS):
        began = perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        taken.append((perf_counter() - began) * 1000)
    return statistics.median(taken)

"""What agents are told: one context, all of a task, a prompt, a search; and whether it stays flat.

python -m bench context [TASKS ...]        default 10000 and 100000

Each task has ten versions of three types of context, and ten interactions. Reads are timed one by
one, each task once, as a role that is a docket_agent. "Separate queries" is what Python does
without the function: the same rows by a query for each of their tables, and the assembling.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from bench import context_by_hand as by_hand
from bench.context_load import Load, fill
from bench.harness import Bench, Row, bench

SAMPLE = 300
SIMPLE = 3000
# How many times slower a function may be on ten times the data and still be called flat.
FLAT = 1.5

Connection = psycopg.Connection[dict[str, object]]
Call = Callable[[UUID], object]

ROW: LiteralString = (
    "select * from docket.task_contexts where task_id = %s and project_id = %s"
    " and context_type = 'plan' and version = 10"
)
GET: LiteralString = "select * from docket.get_context(%s, 'plan')"
FULL: LiteralString = "select docket.full_context(%s)"
BUILD: LiteralString = "select * from docket.build_prompt_context(%s)"
SEARCH: LiteralString = "select * from docket.search(%s, %s)"


def one(connection: Connection, statement: LiteralString, *given: object) -> object:
    """All rows of a statement, prepared as a client that stays prepares it."""
    return connection.execute(statement, given, prepare=True, binary=True).fetchall()


def times(calls: Sequence[Call], given: Sequence[UUID]) -> list[list[float]]:
    """Milliseconds of each call with each of what is given, in turn."""
    for call in calls:
        for each in given[:20]:
            call(each)
    taken: list[list[float]] = [[] for _ in calls]
    for number, each in enumerate(given):
        order = list(enumerate(calls))
        for place, call in order if number % 2 else reversed(order):
            began = perf_counter()
            call(each)
            taken[place].append((perf_counter() - began) * 1000)
    return taken


def at(part: float, taken: Sequence[float]) -> float:
    """The time that this part of the calls took at most."""
    return sorted(taken)[round(part * (len(taken) - 1))]


def compared(
    name: str, load: Load, ours: Sequence[float], floor: Sequence[float], named: str, most: float
) -> list[Row]:
    """The median and the ninety-fifth of a hundred of ours against a floor."""
    return [
        Row(f"{name}: {word}", load.size, at(part, ours), at(part, floor), "ms", named,
            at_most=most)
        for word, part in (("median", 0.5), ("p95", 0.95))
    ]  # fmt: skip


def reads(agent: Connection, owner: Connection, load: Load) -> tuple[list[Row], list[float]]:
    """What is read of a task."""
    chosen = random.Random(7).choices(load.sample, k=SIMPLE)  # noqa: S311
    bare, get = times(
        [
            lambda task: one(owner, ROW, task, load.project),
            lambda task: one(agent, GET, task),
        ],
        chosen,
    )
    full, separate = times(
        [
            lambda task: one(agent, FULL, task),
            lambda task: by_hand.full_context(agent, task),
        ],
        load.sample,
    )
    rows = compared("get_context", load, get, bare, "the row by its key", 1.5)
    rows += compared("full_context", load, full, separate, "separate queries", 1 / 3)
    return rows, [at(0.95, get), at(0.95, full)]


def prompts(agent: Connection, load: Load) -> tuple[list[Row], list[float]]:
    """Prompts that are built for the first time and kept, and the same again."""
    first, separate = times(
        [
            lambda task: one(agent, BUILD, task),
            lambda task: by_hand.prompt(agent, task, load.project),
        ],
        load.sample,
    )
    again, separate_again = times(
        [
            lambda task: one(agent, BUILD, task),
            lambda task: by_hand.prompt(agent, task, load.project),
        ],
        load.sample,
    )
    named = "separate queries"
    rows = compared("build_prompt_context, and keep it", load, first, separate, named, 1 / 3)
    rows += compared("build_prompt_context, again", load, again, separate_again, named, 1 / 3)
    return rows, [at(0.95, first), at(0.95, again)]


def searches(agent: Connection, load: Load) -> tuple[list[Row], list[float]]:
    """Searches for one to three words, each as frequent as words are in the texts."""
    taken = []
    for query in load.queries[:10] + load.queries:
        began = perf_counter()
        one(agent, SEARCH, load.project, query)
        taken.append((perf_counter() - began) * 1000)
    del taken[:10]
    rows = [
        Row(f"search: {word}", load.documents, at(part, taken), 50.0, "ms", "50 ms")
        for word, part in (("median", 0.5), ("p95", 0.95))
    ]
    return rows, [at(0.95, taken)]


MEASURED = (
    "get_context", "full_context", "build_prompt_context, and keep it",
    "build_prompt_context, again", "search",
)  # fmt: skip


def measure(machine: Bench, tasks: int) -> tuple[list[Row], list[float]]:
    """The figures of so many tasks, and the ninety-fifths that are to be flat."""
    conninfo = machine.database()
    with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as owner:
        load = fill(owner, tasks, SAMPLE)
        with psycopg.connect(
            machine.agent(conninfo), autocommit=True, row_factory=dict_row
        ) as agent:
            found = [reads(agent, owner, load), prompts(agent, load), searches(agent, load)]
    return [row for rows, _ in found for row in rows], [each for _, p95 in found for each in p95]


def main(*sizes: int) -> list[Row]:
    """The rows of this benchmark."""
    rows: list[Row] = []
    before: list[float] = []
    with bench() as machine:
        for tasks in sizes or (10_000, 100_000):
            found, p95 = measure(machine, tasks)
            rows += found
            rows += [
                Row(f"{name}: p95", f"{tasks:,} tasks", now, then, "ms", "the size before",
                    at_most=FLAT)
                for name, now, then in zip(MEASURED, p95, before, strict=False)
            ]  # fmt: skip
            before = p95
    return rows

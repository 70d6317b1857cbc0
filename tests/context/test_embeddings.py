"""A search by words and by meaning gives what the two lists, fused by hand, give."""

from __future__ import annotations

import math
import random
import uuid
from collections import defaultdict

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from support.databases import Database
from support.sessions import Connect, Connection

DIMENSIONS = 24
SEARCH = """
    select s.id, s.rank
      from docket.search(%s, 'colour', page_size => 40, embedding => %s, model => 'm') as s
"""


def distance(a: list[float], b: list[float]) -> float:
    """One less the cosine of the angle between two vectors."""
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return 1 - dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def fill(
    session: Connection, dice: random.Random
) -> tuple[uuid.UUID, dict[uuid.UUID, list[float]]]:
    """A project of 200 tasks with embeddings, a third of which say "colour"."""
    project = session.execute("select (docket.create_project('vectors')).project_id").fetchone()
    assert project is not None
    titles = [f"{'Colour' if n % 3 == 0 else 'Shape'} number {n}" for n in range(200)]
    rows = session.execute(
        "select t.task_id from docket.create_tasks(%s, %s) as t",
        (project[0], Jsonb([{"title": title} for title in titles])),
    )
    vectors = {row[0]: [float(dice.randint(-9, 9)) for _ in range(DIMENSIONS)] for row in rows}
    session.execute(
        "select docket.put_embeddings(%s, 'm', %s)",
        (project[0], Jsonb([
            {"kind": "task", "row_id": str(task), "embedding": vector}
            for task, vector in vectors.items()
        ])),
    )  # fmt: skip
    return project[0], vectors


def test_what_is_near_and_what_says_it_are_fused(docket: Database, connect: Connect) -> None:
    session, dice = connect(docket), random.Random(7)  # noqa: S311 - the same each time
    project, vectors = fill(session, dice)
    asked = [float(dice.randint(-9, 9)) for _ in range(DIMENSIONS)]
    with pytest.raises(errors.Error, match="can not compare embeddings") as refused:
        session.execute(SEARCH, (project, asked))
    assert refused.value.sqlstate == "PD422"
    available = session.execute(
        "select from pg_catalog.pg_available_extensions as x where x.name = 'vector'"
    ).fetchone()
    if available is None:
        return

    session.execute("create extension vector schema docket_ext")
    words = [
        row[0]
        for row in session.execute("select task_id from docket.search_tasks(%s, 'colour', 40)",
                                   (project,))
    ]  # fmt: skip
    near = sorted(vectors, key=lambda task: (distance(vectors[task], asked), task))[:40]
    ranks: defaultdict[uuid.UUID, float] = defaultdict(float)
    for places in (words, near):
        for place, task in enumerate(places, 1):
            ranks[task] += 1 / (60 + place)
    best = sorted(ranks.values(), reverse=True)[:40]
    found = session.execute(SEARCH, (project, asked)).fetchall()
    assert [float(rank) for _, rank in found] == pytest.approx(best, abs=1e-6)
    assert all(float(rank) == pytest.approx(ranks[task], abs=1e-6) for task, rank in found)
    assert any(rank > 1 / 61 for rank in best)

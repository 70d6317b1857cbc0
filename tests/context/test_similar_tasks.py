"""Of many tasks a part is compared, and the most similar are nearly always among it."""

from __future__ import annotations

import random
import uuid
from typing import LiteralString

import pytest
from psycopg.types.json import Jsonb

from support.databases import Database
from support.sessions import Connect, Connection

TASKS = 3000
ASKED = 20
FOUND: LiteralString = (
    "select s.similarity from docket.similar_tasks(%s, '{pending}', 10) as s order by 1 desc"
)
# The same formula for every task of the project.
EXACT: LiteralString = """
select round(
           (5 * docket_ext.similarity(o.title, t.title)::numeric
            + 2 * coalesce(g.part, 0) + 2 * coalesce(h.part, 0)
            + 1 - abs(o.complexity_score - t.complexity_score)::numeric / 9)
           / (6 + (g.part is not null)::integer * 2 + (h.part is not null)::integer * 2), 4)
  from docket.tasks as t
  join docket.tasks as o
    on o.project_id = t.project_id
   and o.task_id <> t.task_id
 cross join lateral (
           select count(*) filter (where w.word = any (t.tags) and w.word = any (o.tags))::numeric
                  / nullif(count(*), 0) as part
             from (select unnest(t.tags) union select unnest(o.tags)) as w (word)
       ) as g
 cross join lateral (
           select count(*) filter (where w.word = any (t.affected_files)
                                     and w.word = any (o.affected_files))::numeric
                  / nullif(count(*), 0) as part
             from (select unnest(t.affected_files) union select unnest(o.affected_files))
                  as w (word)
       ) as h
 where t.task_id = %s
 order by 1 desc
 limit 10
"""


def some(words: list[str], dice: random.Random, most: int) -> list[str]:
    """Up to so many words, the first ones far more often than the last."""
    return [words[int(len(words) * dice.random() ** 3)] for _ in range(dice.randint(0, most))]


def fill(session: Connection, dice: random.Random) -> list[uuid.UUID]:
    """Tasks about 200 subjects, with words, tags and paths of all frequencies; their ids."""
    letters = "abcdefghijklmnoprstuvw"
    words = ["".join(dice.choices(letters, k=dice.randint(3, 10))) for _ in range(600)]
    subjects = [(dice.sample(words, 3), dice.choice(words), dice.choice(words)) for _ in range(200)]
    made = []
    for _ in range(TASKS):
        title, tag, path = dice.choice(subjects)
        about = dice.sample(title, dice.randint(1, 3))
        made.append({
            "title": " ".join([*about, *some(words, dice, 3)]),
            "tags": list({tag, *some(words[:60], dice, 2)}),
            "affected_files": list({path, *some(words, dice, 1)}),
            "complexity_score": dice.randint(1, 10),
        })  # fmt: skip
    project = session.execute("select (docket.create_project('alike')).project_id").fetchone()
    assert project is not None
    rows = session.execute(
        "select t.task_id from docket.create_tasks(%s, %s) as t", (project[0], Jsonb(made))
    )
    return [row[0] for row in rows]


@pytest.mark.timeout(120)
def test_the_most_similar_are_among_those_that_are_compared(
    docket: Database, connect: Connect
) -> None:
    session, dice = connect(docket), random.Random(11)  # noqa: S311 - the same each time
    tasks = fill(session, dice)
    session.execute("analyze docket.tasks, docket_private.task_search")
    kept, reached = 0, 0.0
    for task in dice.sample(tasks, ASKED):
        found = [float(row[0]) for row in session.execute(FOUND, (task,))]
        exact = [float(row[0]) for row in session.execute(EXACT, (task,))]
        kept += sum(each >= exact[-1] for each in found)
        reached += sum(found) / sum(exact)
    assert kept >= 0.9 * 10 * ASKED
    assert reached >= 0.98 * ASKED

"""Workers that claim, complete and make tasks until their server dies, and remember each answer.

What a worker has noted was acknowledged: the server had said that it is committed.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from psycopg.types.json import Jsonb

from support.sessions import Connection

CLAIM = "select task_id, attempt_id from docket.claim_tasks(%s, %s, %s)"
FUSED = "select task_id, attempt_id from docket.complete_and_claim(%s, %s)"
CREATE = "select task_id from docket.create_tasks(%s, %s)"
# What may be told to a worker whose tasks others cancel, take back or complete.
REFUSED = {"PDLSE", "PD409", "PDTRN"}

Held = tuple[uuid.UUID, uuid.UUID]


@dataclass(slots=True)
class Acknowledged:
    """What the server has said to be done; workers write, a test reads when they have ended."""

    completed: dict[uuid.UUID, str] = field(default_factory=dict)
    created: set[uuid.UUID] = field(default_factory=set)
    twice: list[uuid.UUID] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_completion(self, task_id: uuid.UUID, results: str) -> None:
        """An answered completion; a second one of the same task is a defect."""
        with self.lock:
            if task_id in self.completed:
                self.twice.append(task_id)
            self.completed[task_id] = results

    def note_creation(self, task_ids: list[uuid.UUID]) -> None:
        """Answered tasks."""
        with self.lock:
            self.created.update(task_ids)


@dataclass(slots=True)
class Worker:
    """One worker and the project that it works in."""

    name: str
    project_id: uuid.UUID
    seen: Acknowledged
    chance: random.Random
    makes_tasks: bool = True
    held: list[Held] = field(default_factory=list)

    def work(self, open_session: Callable[[], Connection], until: Callable[[], bool]) -> None:
        """Works until it is enough, or until the server is gone."""
        self.held.clear()
        try:
            with open_session() as session:
                while not until():
                    self.step(session)
        except psycopg.OperationalError as error:
            # A dying server ends sessions in these words, or in none.
            if error.sqlstate not in {None, "57P01", "57P02", "57P03"}:
                self.seen.unexpected.append(repr(error))
        except psycopg.Error as error:
            self.seen.unexpected.append(repr(error))

    def step(self, session: Connection) -> None:
        """One call, of some kind that is drawn."""
        try:
            if self.makes_tasks and self.chance.random() < 0.1:
                self.create(session)
            elif not self.held:
                self.held += session.execute(
                    CLAIM, (self.project_id, self.name, self.chance.randint(1, 4))
                ).fetchall()
            else:
                self.finish(session)
        except psycopg.Error as error:
            if error.sqlstate not in REFUSED:
                raise

    def create(self, session: Connection) -> None:
        """Makes three tasks, the second of which waits for the first."""
        key = f"{self.name}-{self.chance.getrandbits(60):x}"
        tasks = [
            {"task_key": f"{key}a", "title": "T"},
            {"task_key": f"{key}b", "title": "T", "depends_on": [f"{key}a"]},
            {"task_key": f"{key}c", "title": "T"},
        ]
        rows = session.execute(CREATE, (self.project_id, Jsonb(tasks))).fetchall()
        self.seen.note_creation([row[0] for row in rows])

    def finish(self, session: Connection) -> None:
        """Gets rid of what it holds, in one of the ways that there are."""
        way = self.chance.randrange(10)
        if way < 3:
            batch, self.held = self.held, []
            answers = {task_id: uuid.uuid4().hex for task_id, _ in batch}
            given = [{"attempt_id": str(a), "results": answers[t]} for t, a in batch]
            session.execute("select docket.complete_tasks(%s)", (Jsonb(given),))
            for task_id, results in answers.items():
                self.seen.note_completion(task_id, results)
            return
        task_id, attempt_id = self.held.pop()
        results = uuid.uuid4().hex
        if way < 6:
            session.execute("select docket.complete_task(%s, %s)", (attempt_id, Jsonb(results)))
            self.seen.note_completion(task_id, results)
        elif way < 8:
            self.held += session.execute(FUSED, (attempt_id, Jsonb(results))).fetchall()
            self.seen.note_completion(task_id, results)
        elif way == 8:
            session.execute("select docket.release_task(%s)", (attempt_id,))
        else:
            session.execute("select docket.heartbeat(%s)", (attempt_id,))
            self.held.append((task_id, attempt_id))

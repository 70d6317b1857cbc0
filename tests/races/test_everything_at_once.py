"""Many sessions that do whatever agents, people and maintenance may do, on the same tasks."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from functools import partial

import psycopg
import pytest

from support import sessions, soak
from support.races import CLAIM, LATER, NOON, START, SWEEP, OpenSession, make_tasks, value
from support.sessions import Connection

WORKERS, STEPS, TASKS = soak.size((8, 60, 30), (32, 600, 200))
ALLOWED = {"PDLSE", "PD409", "PDTRN", "PDCYC", "PD404"}
MOVE = "select docket.update_task_status(%s, %s)"
MAINTAIN = "select step, problem from docket.maintain() where outcome = 'failed'"
STATUSES = ["pending", "completed", "cancelled", "in_progress", "review", "deferred"]
OF_ATTEMPTS = [
    "complete_task(%s)",
    "complete_and_claim(%s)",
    "fail_task(%s, 'x')",
    "release_task(%s)",
    "heartbeat(%s)",
]


@dataclass(slots=True)
class Anybody:
    """One session: an agent, a person and the sweep by turns; `held` are its attempts."""

    session: Connection
    project: uuid.UUID
    tasks: list[uuid.UUID]
    chance: random.Random
    held: list[uuid.UUID] = field(default_factory=list)

    def work(self) -> set[str]:
        """Takes its steps; the errors that it met."""
        met: set[str] = set()
        for _ in range(STEPS):
            try:
                self.step()
            except psycopg.Error as error:
                met.add(error.sqlstate or str(error))
        return met

    def step(self) -> None:
        """One thing that an agent, a person or maintenance may do."""
        if self.held and self.chance.random() < 0.5:
            attempt = self.held.pop(self.chance.randrange(len(self.held)))
            call = self.chance.choice(OF_ATTEMPTS)
            self.session.execute(f"select docket.{call}".encode(), (attempt,))
        elif self.chance.random() < 0.5:
            wanted = self.chance.choice((1, 3))
            rows = self.session.execute(CLAIM, (self.project, "agent", wanted))
            self.held += [row[1] for row in rows]
        else:
            self.decide(*self.chance.sample(self.tasks, 2))

    def decide(self, task: uuid.UUID, other: uuid.UUID) -> None:
        """What a person does to a task, or maintenance to the project."""
        way = self.chance.randrange(8)
        if way == 0:
            self.held.append(value(self.session, START, task, "agent"))
        elif way == 1:
            self.session.execute(SWEEP, (self.project,))
        elif way == 2:
            self.session.execute("select docket.add_dependency(%s, %s)", (task, other))
        elif way == 3:
            self.session.execute("select docket.remove_dependency(%s, %s)", (task, other))
        elif way == 4:
            changes = psycopg.types.json.Jsonb({"priority": self.chance.randint(1, 10)})
            self.session.execute("select docket.update_task(%s, %s)", (task, changes))
        elif way == 5:
            assert self.session.execute(MAINTAIN).fetchall() == []
        else:
            self.session.execute(MOVE, (task, self.chance.choice(STATUSES)))


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_whatever_many_sessions_do_at_once_the_invariants_hold(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    setup = open_session()
    setup.execute("update docket.retry_policies set backoff_seconds = 0")
    tasks = make_tasks(setup, project, TASKS)
    for task, depends_on in zip(tasks[10:], tasks, strict=False):
        setup.execute("select docket.add_dependency(%s, %s)", (task, depends_on))

    running = []
    for number in range(WORKERS):
        session = open_session(LATER if number % 4 == 0 else NOON)
        worker = Anybody(session, project, tasks, random.Random(number))  # noqa: S311
        running.append(sessions.start_work(session, partial(worker.work)))

    met = set().union(*(each.result(soak.PATIENCE) for each in running))
    assert met <= ALLOWED
    ends = setup.execute("select outcome, count(*) from docket.task_attempts group by outcome")
    assert len(dict(ends.fetchall())) >= 4, "the sessions got in each other's way too seldom"

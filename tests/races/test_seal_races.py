"""Sealing beside those who write: it waits for nobody, nobody waits for it, and it seals no gap."""

from __future__ import annotations

import random
import uuid
from functools import partial

import pytest

from support import sessions, soak
from support.databases import Database
from support.races import OpenSession, make_tasks, settle, value
from support.sessions import Connection, start, start_blocked

WRITERS, TRANSACTIONS = soak.size((4, 60), (16, 1000))
RENAME = "select docket.update_task(%s, jsonb_build_object('title', %s::text))"
SEAL = "select seals, row_count, head from docket.seal_audit()"
VERIFY = "select is_intact, row_count, problem from docket.verify_audit(%s)"


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """One for each test: they look at all that there is."""
    return own_docket


def sealed(session: Connection) -> tuple[int, int, str | None]:
    """What a call of seal_audit() has sealed."""
    row = session.execute(SEAL).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def assert_intact(session: Connection, rows: int, head: str | None = None) -> None:
    """The journal is what was sealed, and that many rows are."""
    assert session.execute(VERIFY, (head,)).fetchone() == (True, rows, None)


def test_a_transaction_that_runs_is_sealed_when_it_has_ended(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    slow, quick, keeper = open_session(), open_session(), open_session()
    tasks = make_tasks(slow, project, 2)
    slow.execute("begin")
    slow.execute(RENAME, (tasks[0], "slow 1"))
    quick.execute(RENAME, (tasks[1], "quick"))
    settle(keeper, slow)
    seals, before, head = sealed(keeper)  # without waiting
    assert (seals, before) == (1, value(keeper, "select count(*) from docket.audit_log") - 1)
    slow.execute(RENAME, (tasks[0], "slow 2"))
    slow.execute("commit")
    settle(keeper)
    assert_intact(keeper, before, head)
    assert sealed(keeper)[:2] == (1, 3)
    assert_intact(keeper, before + 3, head)
    assert sealed(keeper)[:2] == (0, 0)


def test_nobody_waits_for_a_seal_but_the_next(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, writer, observer = (open_session() for _ in range(4))
    (task,) = make_tasks(writer, project, 1)
    settle(observer)
    first.execute("begin")
    _, rows, head = sealed(first)
    start(writer, RENAME, (task, "new")).result()
    assert_intact(observer, 0)
    waiting = start_blocked(observer, second, SEAL)
    first.execute("commit")
    waiting.result()
    settle(observer)
    sealed(first)
    assert_intact(observer, rows + 1, head)


def write(session: Connection, tasks: list[uuid.UUID], chance: random.Random) -> None:
    """Transactions of several changes, some undone."""
    for number in range(TRANSACTIONS):
        with session.transaction(force_rollback=chance.random() < 0.2):
            for task in sorted(chance.sample(tasks, chance.randint(1, 4))):
                session.execute(RENAME, (task, str(number)))


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_whatever_is_sealed_while_many_write_stays_proven(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    keeper = open_session()
    tasks = make_tasks(keeper, project, 10)
    writing = []
    for number in range(WRITERS):
        session = open_session()
        chance = random.Random(number)  # noqa: S311
        writing.append(sessions.start_work(session, partial(write, session, tasks, chance)))
    total, heads = 0, []
    while not all(each.is_done for each in writing):
        _, rows, head = sealed(keeper)
        total += rows
        heads.append(head)
    for each in writing:
        each.result()
    settle(keeper)
    total += sealed(keeper)[1]
    assert total == value(keeper, "select count(*) from docket.audit_log")
    assert len(set(heads)) > 3, "the seals were made before or after the writing"
    assert_intact(keeper, total, random.Random(7).choice(heads))  # noqa: S311

"""The change stream beside those who write: nothing is left out, comes twice or too soon."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from functools import partial
from threading import Event

import pytest

from support import sessions, soak
from support.databases import Database
from support.races import OpenSession, make_tasks, settle, value
from support.sessions import Connect, Connection

WRITERS, TRANSACTIONS, TASKS = soak.size((6, 25, 12), (24, 1000, 40))
RENAME = "select docket.update_task(%s, jsonb_build_object('title', %s::text))"
PAGE = "select place, audit_id from docket.changes(%s, %s)"
WHOLE = """
select l.transaction_id || ':' || l.audit_id, l.audit_id
  from docket.audit_log as l
 order by l.transaction_id, l.audit_id
"""


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """One for each test: they look at all that there is."""
    return own_docket


@dataclass(slots=True)
class Reader:
    """Reads the stream to its end, page after page, as far as it is given."""

    session: Connection
    size: int
    place: str = "0:0"
    read: list[tuple[str, int]] = field(default_factory=list)
    pages: int = 0

    def page(self) -> bool:
        """Reads the next page; whether it was full."""
        end = str(value(self.session, "select docket.changes_end()"))
        rows = self.session.execute(PAGE, (self.place, self.size)).fetchall()
        self.read += rows
        self.pages += bool(rows)
        is_full = len(rows) == self.size
        if rows:
            self.place = str(rows[-1][0])
        if not is_full:
            self.place = max(self.place, end, key=key)
        return is_full

    def follow(self, done: Event) -> None:
        """Reads until everybody has ended, and then what is left."""
        while not done.is_set():
            self.page()
        settle(self.session)
        while self.page():
            pass


def key(place: str) -> tuple[int, int]:
    """The order of places."""
    transaction, number = place.split(":")
    return int(transaction), int(number)


def names(session: Connection, place: str = "0:0") -> list[str]:
    """The titles that the stream has given since a place."""
    rows = session.execute(
        "select c.changes #>> '{title,1}' from docket.changes(%s, 1000) as c"
        " where c.table_name = 'tasks' and c.operation = 'update'",
        (place,),
    )
    return [row[0] for row in rows]


def test_what_is_committed_behind_a_running_transaction_is_not_given_yet(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    slow, quick, reader = open_session(), open_session(), open_session()
    tasks = make_tasks(slow, project, 2)
    settle(reader)
    place = str(value(reader, "select docket.changes_end()"))
    slow.execute("begin")
    slow.execute(RENAME, (tasks[0], "slow 1"))
    quick.execute(RENAME, (tasks[1], "quick"))
    slow.execute(RENAME, (tasks[0], "slow 2"))
    assert names(reader, place) == []
    slow.execute("commit")
    settle(reader)
    assert names(reader, place) == ["slow 1", "slow 2", "quick"]


def test_who_only_reads_holds_nothing_up(open_session: OpenSession, project: uuid.UUID) -> None:
    idle, writer, reader = open_session(), open_session(), open_session()
    (task,) = make_tasks(writer, project, 1)
    idle.execute("begin isolation level repeatable read")
    idle.execute("select count(*) from docket.tasks")
    writer.execute(RENAME, (task, "new"))
    settle(reader)
    assert names(reader) == ["new"]
    # A snapshot sees the stream as it was, also when it is asked later.
    assert names(idle) == []
    idle.execute("commit")


def test_a_transaction_that_is_rolled_back_leaves_no_gap_and_no_row(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    writer, reader = open_session(), open_session()
    (task,) = make_tasks(writer, project, 1)
    writer.execute("begin")
    writer.execute(RENAME, (task, "kept"))
    writer.execute("savepoint s")
    writer.execute(RENAME, (task, "undone"))
    writer.execute("rollback to s")
    writer.execute("commit")
    writer.execute("begin")
    writer.execute(RENAME, (task, "undone too"))
    writer.execute("rollback")
    writer.execute(RENAME, (task, "last"))
    settle(reader)
    assert names(reader) == ["kept", "last"]


def write(session: Connection, tasks: list[uuid.UUID], chance: random.Random) -> None:
    """Transactions of all lengths, some with savepoints, some undone."""
    for number in range(TRANSACTIONS):
        with session.transaction(force_rollback=chance.random() < 0.2):
            for task in sorted(chance.choices(tasks, k=chance.choice((1, 1, 1, 2, 5)))):
                with session.transaction(force_rollback=chance.random() < 0.1):
                    session.execute(RENAME, (task, str(number)))


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_readers_beside_many_writers_get_every_change_once(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    setup, done = open_session(), Event()
    tasks = make_tasks(setup, project, TASKS)
    readers = [Reader(open_session(), size) for size in (1, 7, 1000)]
    reading = [sessions.start_work(each.session, partial(each.follow, done)) for each in readers]
    writing = []
    for number in range(WRITERS):
        chance = random.Random(number)  # noqa: S311
        session = open_session()
        writing.append(sessions.start_work(session, partial(write, session, tasks, chance)))
    for writer in writing:
        writer.result(soak.PATIENCE)
    done.set()
    for reader in reading:
        reader.result(soak.PATIENCE)

    whole = setup.execute(WHOLE).fetchall()
    assert len(whole) > WRITERS * TRANSACTIONS // 2
    for each in readers:
        assert each.read == whole
        assert each.pages > 1
    # Numbers alone would not have done: transactions overlapped.
    numbers = [number for _, number in whole]
    assert numbers != sorted(numbers)


def test_who_may_see_little_passes_by_what_is_hidden(
    docket: Database, connect: Connect, project: uuid.UUID
) -> None:
    writer = connect(docket)
    writer.execute("create role stranger_of_the_stream")
    try:
        make_tasks(writer, project, 5)
        stranger = connect(docket)
        stranger.execute("grant docket_reader to stranger_of_the_stream")
        stranger.execute("set role stranger_of_the_stream")
        reader = Reader(stranger, 100)
        assert not reader.page()
        assert reader.read == []
        assert key(reader.place) > (0, 0)
    finally:
        writer.execute("drop role stranger_of_the_stream")

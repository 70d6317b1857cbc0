"""Sessions that race each other, and what must hold after every race."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.arenas import Arena, open_arena
from support.databases import Database
from support.invariants import assert_invariants
from support.races import NOON, value
from support.servers import TestServer
from support.sessions import Connect, Connection


@pytest.fixture(scope="module")
def arena(server: TestServer, run_folder: Path) -> Iterator[Arena]:
    """A database of a module's own: each test makes its projects in it."""
    with open_arena(server, run_folder) as opened:
        yield opened


@pytest.fixture
def docket(arena: Arena) -> Database:
    """The database of the module."""
    return arena.database


@pytest.fixture
def connect(arena: Arena) -> Iterator[Connect]:
    """Opens sessions, warm ones in the database of the module."""
    with arena.lend() as connect:
        yield connect


@pytest.fixture
def open_session(docket: Database, connect: Connect) -> Iterator[Callable[..., Connection]]:
    """Opens sessions, each with its own clock; afterwards the invariants must hold."""

    def open_at(now: str = NOON) -> Connection:
        session = connect(docket)
        session.execute("select set_config('docket.fake_now', %s, false)", (now,))
        return session

    yield open_at
    observer = connect(docket)
    # Where the test has failed its transactions are still open.
    observer.execute("set lock_timeout = '20s'")
    assert_invariants(observer)
    assert observer.execute("select * from docket.graph_health()").fetchall() == []


@pytest.fixture
def project(docket: Database, connect: Connect) -> uuid.UUID:
    """A project without tasks."""
    slug = f"races-{uuid.uuid4().hex[:8]}"
    made = value(connect(docket), "select project_id from docket.create_project(%s)", slug)
    assert isinstance(made, uuid.UUID)
    return made

"""Sessions that race each other, and what must hold after every race."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from support.databases import Database
from support.invariants import assert_invariants
from support.races import NOON, value
from support.sessions import Connect, Connection


@pytest.fixture
def open_session(docket: Database, connect: Connect) -> Iterator[Callable[..., Connection]]:
    """Opens sessions, each with its own clock; afterwards the invariants must hold."""

    def open_at(now: str = NOON) -> Connection:
        session = connect(docket)
        session.execute("select set_config('docket.fake_now', %s, false)", (now,))
        return session

    yield open_at
    observer = connect(docket)
    assert_invariants(observer)
    assert observer.execute("select * from docket.graph_health()").fetchall() == []


@pytest.fixture
def project(docket: Database, connect: Connect) -> uuid.UUID:
    """A project without tasks."""
    made = value(connect(docket), "select project_id from docket.create_project('races')")
    assert isinstance(made, uuid.UUID)
    return made

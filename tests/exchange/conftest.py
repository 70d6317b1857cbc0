"""What the tests of imports share: a session that imports into a database as it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.arenas import Arena, open_arena
from support.servers import TestServer
from support.sessions import Connection


@pytest.fixture(scope="module")
def arena(server: TestServer, run_folder: Path) -> Iterator[Arena]:
    """A database of a module's own, in which nothing stays."""
    with open_arena(server, run_folder) as opened:
        yield opened


@pytest.fixture
def connection(arena: Arena) -> Iterator[Connection]:
    """A session in a transaction that is rolled back: nothing here happens at a commit."""
    with arena.lend() as connect:
        session = connect(arena.database)
        with session.transaction(force_rollback=True):
            yield session

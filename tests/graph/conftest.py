"""What the tests of the graph share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.arenas import Arena, open_arena
from support.databases import Database
from support.duels import Duel
from support.servers import TestServer
from support.sessions import Connect


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
def duel(docket: Database, connect: Connect) -> Duel:
    """Two sessions, and one that watches them."""
    return Duel(connect(docket), connect(docket), connect(docket))

"""What the tests of the graph share."""

from __future__ import annotations

import pytest

from support.databases import Database
from support.duels import Duel
from support.sessions import Connect


@pytest.fixture
def duel(docket: Database, connect: Connect) -> Duel:
    """Two sessions on a database of their own, and one that watches them."""
    return Duel(connect(docket), connect(docket), connect(docket))

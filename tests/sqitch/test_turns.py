"""Random histories: both programs take turns and never disagree about what is deployed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support import soak
from support.changes import events, registry_rows, tables
from support.databases import Database
from support.interop import masked
from support.outcomes import Outcome
from support.servers import TestServer
from support.turns import begin

NewDatabase = Callable[[TestServer], Database]
SEEDS = range(int(os.environ.get("PGDOCKET_TURNS", soak.size(3, 20))))
STEPS = 10


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
@pytest.mark.parametrize("seed", SEEDS)
def test_two_databases_stay_equal_whoever_works_on_them(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path, seed: int
) -> None:
    history = begin(tmp_path / "turns", seed)
    project = history.project
    ours, theirs = new_database(server15), new_database(server15)
    for number in range(STEPS):
        command = ("deploy",) if number == 0 else history.step()
        place = f"seed {seed}, step {number}: {' '.join(command)}"
        first = project.ours(ours, *command)
        second = project.theirs(theirs, *command)
        if "Can't call method" in second.stderr:
            return  # sqitch fell over: --modified where nothing is deployed
        agree(first, second, place)
        assert registry_rows(ours) == registry_rows(theirs), place
        assert events(ours) == events(theirs), place
        assert tables(ours) == tables(theirs), place
        ours, theirs = theirs, ours


def agree(first: Outcome, second: Outcome, place: str) -> None:
    """Equal exit codes; equal output where both were content."""
    assert first.code == second.code, (place, first, second)
    if first.code == 2:
        if "psql" not in second.stderr:
            assert first.stderr.splitlines()[0] == second.stderr.splitlines()[0], place
    else:
        assert masked(first.stdout) == masked(second.stdout), place
        assert masked(first.stderr) == masked(second.stderr), place

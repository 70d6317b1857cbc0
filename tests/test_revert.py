"""A revert undoes exactly its change: one by one, and all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgdocket import snapshot
from pgdocket.sqitch.cycle import CycleOptions, cycle_job
from pgdocket.sqitch.engine import make_job
from pgdocket.sqitch.plan import load_plan
from support import databases
from support.databases import ROOT, Database
from support.servers import binaries_of, open_private_server


@pytest.fixture
def alone(run_folder: Path) -> Iterator[Database]:
    """An empty database on a server of its own: roles belong to the server."""
    try:
        server = open_private_server(run_folder, "pg18")
    except LookupError as error:
        pytest.skip(str(error))
    yield databases.create(server)
    server.local.stop("immediate")


def schema_of(database: Database) -> str:
    return snapshot.schema_of(database.conninfo, binaries_of("pg18"))


def difference(before: str, after: str) -> str:
    return "\n".join(
        difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", n=1)
    )


@pytest.mark.timeout(600)
def test_each_revert_undoes_its_deploy() -> None:
    """As `pgdocket sqitch cycle --scratch`; no verify script passes without its change either."""
    plan = load_plan(ROOT / "sqitch.plan")
    report = cycle_job(make_job(plan, "dbname=nowhere"), CycleOptions(scratch=True))
    problems = [
        "\n".join([f"{each.change.name}: {each.says}", *each.difference])
        for each in report.changes
        if each.stage is not None
    ]
    assert not problems, "\n\n".join(problems)
    assert len(report.changes) == len(plan.changes)
    assert [each.change.name for each in report.changes if each.is_blind] == []


def test_reverting_all_leaves_nothing_and_deploying_again_gives_the_same(alone: Database) -> None:
    empty = schema_of(alone)
    databases.deploy(alone)
    deployed = schema_of(alone)
    assert deployed != empty
    databases.revert(alone)
    assert difference(empty, schema_of(alone)) == ""
    databases.deploy(alone)
    assert difference(deployed, schema_of(alone)) == ""

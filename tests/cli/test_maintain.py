"""Maintenance from the shell: once, again and again, over lost connections, until it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.clients import Run, RunJson, eventually
from support.databases import Database
from support.races import settle, value
from support.sessions import Connect, Connection

STEPS = [
    "tallies", "seal", "metrics", "samples", "drop", "partitions", "analyze", "requests",
    "sessions", "responses", "contexts", "prompts", "words", "searches", "embeddings", "deliveries",
    "alerts", "executions", "sweep",
]  # fmt: skip
EXPIRE = "update docket.task_attempts set lease_expires_at = '2000-01-01' where outcome is null"
IDLE = "select not exists (select from docket.task_attempts where outcome is null)"


def test_every_step_is_done_and_shown(
    shop: RunJson, run: Run, docket: Database, connect: Connect
) -> None:
    session = connect(docket)
    shop("claim", "--agent", "ann")
    session.execute(EXPIRE)
    settle(session)
    rows = {row["step"]: row for row in shop("maintain")}
    assert list(rows) == STEPS
    assert {row["outcome"] for row in rows.values()} == {"done"}
    assert rows["sweep"]["done"] == 1
    assert rows["seal"]["done"] > 0
    shown = run("maintain", "--once", "--step", "sweep")
    assert shown.exit_code == 0
    assert shown.output.splitlines()[1].split()[:3] == ["sweep", "done", "0"]
    assert run("maintain", "--once", "--every", "1s").exit_code == 2
    assert run("maintain", "--every", "soon").exit_code == 2
    assert run("maintain", "--step", "dance").exit_code == 3


def test_a_step_goes_on_until_nothing_is_left_and_one_that_fails_is_told(
    shop: RunJson, run: Run, docket: Database, connect: Connect
) -> None:
    session = connect(docket)
    for _ in range(2):
        shop("claim", "--agent", "ann")
    session.execute(EXPIRE)
    session.execute("update docket.maintenance_steps set at_most = 1 where step = 'sweep'")
    rows = shop("maintain", "--step", "sweep")
    assert [(row["done"], row["has_more"]) for row in rows] == [(1, True), (1, True), (0, False)]
    session.execute("update docket.settings set value = '[]' where setting_key ~ 'idempotency'")
    failed = run("maintain")
    assert failed.exit_code == 1
    assert "invalid input syntax for type integer" in failed.output
    assert len(failed.output.splitlines()) == 1 + len(STEPS)


@pytest.fixture
def keeper(docket18: Database) -> Iterator[subprocess.Popen[str]]:
    """`pgdocket maintain --every 0.1s`, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "maintain", "--every", "0.1s", "--json"],
        env=os.environ | docket18.environment | {"PGAPPNAME": "keeper"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_it_goes_on_over_lost_connections_and_ends_when_it_is_told(
    keeper: subprocess.Popen[str], docket18: Database, connect: Connect
) -> None:
    session = connect(docket18)
    project = value(session, "select project_id from docket.create_project('shop')")
    session.execute("select docket.create_task(%s, 'T')", (project,))
    for lost in (False, True):
        session.execute("select docket.claim_tasks(%s, 'ann', 1)", (project,))
        if lost:
            eventually(lambda: terminated(session), "a connection of the keeper")
        session.execute(EXPIRE)
        eventually(lambda: value(session, IDLE), "the task is taken back")
    keeper.send_signal(signal.SIGTERM)
    told, _ = keeper.communicate(timeout=20)
    assert keeper.returncode == 0
    assert told.count('"step": "sweep"') == 2


def terminated(session: Connection) -> int:
    """How many other connections to the database were just ended."""
    query = """select count(pg_terminate_backend(a.pid)) from pg_catalog.pg_stat_activity as a
                where a.datname = current_database() and a.pid <> pg_backend_pid()
                  and a.backend_type = 'client backend'"""
    return int(value(session, query))

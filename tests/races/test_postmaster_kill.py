"""kill -9 of the postmaster under load, again and again: what was acknowledged is there."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import psycopg
import pytest

from support import databases
from support.clients import eventually
from support.crowd import Acknowledged, Worker
from support.databases import Database
from support.invariants import assert_invariants
from support.servers import VERSIONS, TestServer, open_private_server
from support.sessions import Connection
from support.soak import PATIENCE, size

pytestmark = [pytest.mark.soak, pytest.mark.timeout(PATIENCE)]

ROUNDS = size(1, 20)
WORKERS = 8
COMPLETIONS = size(60, 200)
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "max_connections": "40",
}
# Far past every lease.
TOMORROW = "select set_config('docket.fake_now', (clock_timestamp() + '1 day')::text, false)"


@pytest.fixture(params=list(VERSIONS))
def mortal(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[Database]:
    """The whole schema on a server that may be killed, and that keeps its promises on disk."""
    try:
        server = open_private_server(run_folder, request.param, DURABLE)
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    databases.deploy(database)
    yield database
    server.local.stop("immediate")


def connect(database: Database) -> Connection:
    return psycopg.connect(database.conninfo, autocommit=True)


def crash(server: TestServer, seen: Acknowledged, chance: random.Random) -> None:
    """Kills the postmaster once a number of further completions have been acknowledged."""
    enough = len(seen.completed) + COMPLETIONS + chance.randrange(COMPLETIONS)
    eventually(
        lambda: len(seen.completed) >= enough or seen.unexpected, "the workers complete tasks", 120
    )
    server.local.kill9()


def sure(database: Database, seen: Acknowledged) -> None:
    """What was acknowledged is as it was said, nothing is doubled, and all that is derived fits."""
    assert seen.unexpected == []
    assert seen.twice == []
    with connect(database) as session:
        stored = dict(
            session.execute(
                "select task_id, results #>> '{}' from docket.tasks where status = 'completed'"
            ).fetchall()
        )
        lost = {task for task, results in seen.completed.items() if stored.get(task) != results}
        assert lost == set(), "an acknowledged completion was lost"
        tasks = {row[0] for row in session.execute("select task_id from docket.tasks")}
        assert seen.created <= tasks, "an acknowledged task was lost"
        ends = session.execute(
            "select task_id from docket.task_attempts where outcome = 'completed'"
            " group by task_id having count(*) > 1"
        ).fetchall()
        assert ends == [], "a task was completed twice"
        assert session.execute("select * from docket.graph_health()").fetchall() == []
        assert_invariants(session)


def give_back(database: Database, project_id: uuid.UUID) -> None:
    """Takes back what the dead workers held, as the sweep does when their leases are over."""
    with connect(database) as session:
        session.execute(TOMORROW)
        session.execute("select docket.sweep_leases(%s, 1000)", (project_id,))
        left = "select count(*) from docket.task_attempts where outcome is null"
        assert session.execute(left).fetchone() == (0,)


def test_nothing_acknowledged_is_lost_and_nothing_doubled(mortal: Database) -> None:
    chance = random.Random(7)  # noqa: S311 - the same work each time
    seen = Acknowledged()
    with connect(mortal) as session:
        session.execute("update docket.retry_policies set backoff_seconds = 0, max_attempts = 1000")
        row = session.execute("select project_id from docket.create_project('soak')").fetchone()
        assert row is not None
        project_id = row[0]
    workers = [
        Worker(f"w{number}", project_id, seen, random.Random(number))  # noqa: S311
        for number in range(WORKERS)
    ]
    with connect(mortal) as session:
        for _ in range(20):
            workers[0].create(session)

    for _ in range(ROUNDS):
        with ThreadPoolExecutor(WORKERS) as pool:
            running = [
                pool.submit(worker.work, lambda: connect(mortal), lambda: False)
                for worker in workers
            ]
            crash(mortal.server, seen, chance)
            wait(running, 60)
        mortal.server.local.start()
        sure(mortal, seen)
        give_back(mortal, project_id)

    drain(mortal, workers[0])
    sure(mortal, seen)


def drain(database: Database, worker: Worker) -> None:
    """One worker completes what is left; afterwards every task is completed, by one attempt."""
    worker.makes_tasks = False
    left = "select count(*) from docket.tasks where status <> 'completed'"
    with connect(database) as observer:

        def is_empty() -> bool:
            return observer.execute(left).fetchone() == (0,)

        worker.work(lambda: connect(database), is_empty)
        assert is_empty()

"""The client of coroutines: the same calls, transactions of one's own, and no connection left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from pgdocket.client import AsyncDocket, ConnectionSettings, Docket
from pgdocket.errors import Conflict, ConnectionFailed, NotFound
from support.bouncer import Route
from support.clients import frozen_sessions
from support.databases import Database
from support.sessions import Connect

OpenClient = Callable[..., Docket]
TASKS, THREADS, CONNECTIONS = 2000, 200, 20


@pytest.fixture
def client(docket18: Database) -> Any:
    with Docket(docket18.conninfo, settings=ConnectionSettings(min_size=1)) as opened:
        yield opened


def with_docket(
    database: Database, work: Callable[[AsyncDocket], Coroutine[Any, Any, Any]], **options: Any
) -> Any:
    """Runs a coroutine with a docket, which is closed after it."""

    async def run() -> Any:
        settings = ConnectionSettings(**{"min_size": 1, "timeout": 20.0, **options})
        async with AsyncDocket(database.conninfo, settings=settings) as docket:
            return await work(docket)

    return asyncio.run(run())


def test_calls_answer_and_fail_as_those_of_threads(docket: Database, route: Route) -> None:
    mode = "pgbouncer" if route.folder else "pool"

    async def work(docket: AsyncDocket) -> None:
        project = await docket.create_project(slug="shop")
        tasks = await docket.create_tasks(
            project_id=project.project_id, tasks=[{"title": f"T {n}"} for n in range(3)]
        )
        found = [task async for task in docket.each_task(project_id=project.project_id)]
        assert {task.task_id for task in found} == {task.task_id for task in tasks}
        assert await docket.get_task(task_id=tasks[0].task_id) == tasks[0]
        assert await docket.project_id(reference="shop") == project.project_id
        assert await docket.get_context(task_id=tasks[0].task_id, context_type="x") is None
        with pytest.raises(Conflict):
            await docket.create_project(slug="shop")
        health = await docket.health()
        assert (health.status, health.mode, health.error) == ("up", mode, None)
        assert health.schema_version
        assert docket.stats().failed == 1

    with_docket(docket, work)


def test_a_transaction_is_that_of_one_task_alone(docket18: Database, client: Docket) -> None:
    project_id = client.create_project(slug="first").project_id

    async def work(docket: AsyncDocket) -> None:
        async def elsewhere() -> None:
            assert await docket.list_workflows(project_id=project_id) == []

        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - what is raised inside undoes it
            async with docket.transaction(reason="a try"):
                await docket.create_workflow(project_id=project_id, name="undone")
                assert len(await docket.list_workflows(project_id=project_id)) == 1
                await asyncio.create_task(elsewhere())
                _ = 1 / 0
        await elsewhere()
        async with docket.transaction():
            await docket.create_project(slug="outer")
            with pytest.raises(Conflict):
                async with docket.transaction():
                    await docket.create_project(slug="outer")
            await docket.create_project(slug="too")

    with_docket(docket18, work)
    assert {project.slug for project in client.list_projects()} == {"first", "outer", "too"}


def test_no_server_is_said_at_once() -> None:
    async def work() -> None:
        async with AsyncDocket(
            "host=/nonexistent dbname=x", settings=ConnectionSettings(open_timeout=0.0)
        ):
            pass

    with pytest.raises(ConnectionFailed):
        asyncio.run(work())


def test_a_call_that_is_cancelled_anywhere_leaves_no_connection_behind(
    docket18: Database, connect: Connect
) -> None:
    observer = connect(docket18)

    async def cancelled_after(steps: int, call: Coroutine[Any, Any, Any]) -> bool:
        task = asyncio.create_task(call)
        for _ in range(steps):
            await asyncio.sleep(0)
        was_running = task.cancel()
        await asyncio.wait({task})
        return was_running and task.cancelled()

    async def in_transaction(docket: AsyncDocket, slug: str) -> None:
        async with docket.transaction(reason="to be cancelled"):
            await docket.create_project(slug=slug)

    async def work(docket: AsyncDocket) -> None:
        cancelled = 0
        for steps in range(60):
            cancelled += await cancelled_after(steps, docket.create_project(slug=f"a{steps}"))
            cancelled += await cancelled_after(steps, in_transaction(docket, f"b{steps}"))
        assert cancelled > 10
        assert len(await docket.list_projects(page_size=1000)) <= 120
        stats = docket.stats().pool
        assert stats["pool_available"] == stats["pool_size"] <= 2
        assert stats.get("requests_waiting", 0) == 0
        left = observer.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and state <> 'idle'"
        ).fetchone()
        assert left == (0,)

    with_docket(docket18, work, max_size=2)


def test_a_server_that_does_not_answer_is_down_and_its_connections_are_given_up(
    docket18: Database, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect(docket18)

    async def work(docket: AsyncDocket) -> None:
        async with asyncio.timeout(20):
            while docket.stats().pool["pool_available"] < 2:
                await asyncio.sleep(0.01)
        monkeypatch.setattr("pgdocket.client.async_docket._HEALTH_TIMEOUT", 0.5)
        monkeypatch.setattr("pgdocket.client.async_connections._CHECK_SECONDS", 0.5)
        with frozen_sessions(session):
            ill = await docket.health()
            assert (ill.status, ill.error) == ("down", "no answer in 0.5 seconds")
            assert await docket.list_projects() == []
        async with asyncio.timeout(20):
            while not (await docket.health()).is_up:
                await asyncio.sleep(0.01)
        assert docket.stats().pool["pool_size"] <= 2

    with_docket(docket18, work, min_size=2, max_size=2, check_seconds=None, trust_seconds=0.0)


def test_thousands_of_tasks_share_twenty_connections(docket18: Database, client: Docket) -> None:
    project_id = client.create_project(slug="shop").project_id

    async def work(docket: AsyncDocket) -> None:
        async def one(number: int) -> UUID:
            if number % 10:
                return await docket.project_id(reference="shop")
            return (await docket.create_task(project_id=project_id, title="T")).task_id

        made = await asyncio.gather(*(one(number) for number in range(TASKS)))
        assert len(set(made)) == TASKS // 10 + 1
        assert docket.stats().pool["pool_size"] <= CONNECTIONS

    with_docket(docket18, work, max_size=CONNECTIONS, timeout=120.0)


def test_hundreds_of_threads_share_twenty_connections(
    docket18: Database, open_clients: OpenClient
) -> None:
    client = open_clients(docket18.conninfo, max_size=CONNECTIONS, timeout=120.0)
    project_id = client.create_project(slug="shop").project_id

    def one(number: int) -> UUID:
        with client.transaction(reason=str(number)):
            task = client.create_task(project_id=project_id, title=f"T {number}")
            client.update_task(task_id=task.task_id, changes={"details": "x"})
        with pytest.raises(NotFound):
            client.get_task(task_id=project_id)
        return task.task_id

    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(one, range(THREADS)))
    assert len(set(made)) == THREADS
    stats = client.stats().pool
    assert stats["pool_available"] == stats["pool_size"] <= CONNECTIONS

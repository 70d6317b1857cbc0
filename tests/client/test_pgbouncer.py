"""Through PgBouncer in transaction mode the client does what it does without."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
import test_connections
import test_docket

from pgdocket.client import Agent, AsyncDocket, ConnectionSettings, Docket
from support.bouncer import bouncer, through
from support.databases import Database
from support.servers import TestServer

# What these modules promise of a client is promised here, but for what has no meaning here: other
# users and databases than the test's, and the lines between client and server that are cut.
for _module in (test_docket, test_connections):
    for _name, _promise in vars(_module).items():
        if _name.startswith("test_") and "open_clients" not in _promise.__code__.co_varnames:
            globals()[_name] = _promise
lossy = test_connections.lossy
del globals()["test_a_transaction_speaks_for_another_and_names_its_request"]
del globals()["test_without_a_connection_string_the_environment_names_the_database"]


@pytest.fixture(scope="session")
def server(server18: TestServer) -> TestServer:
    """The newest version alone."""
    return server18


@pytest.fixture(scope="module")
def folder(server18: TestServer) -> Iterator[str]:
    """Where the socket of PgBouncer is."""
    with bouncer(server18.conninfo()) as name:
        yield name


@pytest.fixture
def open_client(
    docket: Database, folder: str, open_clients: Callable[..., Docket]
) -> Callable[..., Docket]:
    """Opens clients that go through PgBouncer, unless they are given a way of their own."""

    def open_one(conninfo: str | None = None, **options: object) -> Docket:
        way = conninfo or through(docket.conninfo, folder)
        return open_clients(way, **{"pooled": True, **options})

    return open_one


def test_more_clients_than_connections_lose_nothing(docket: Database, folder: str) -> None:
    async def work() -> None:
        settings = ConnectionSettings(pooled=True, max_size=40, timeout=30.0)
        way = through(docket.conninfo, folder)
        async with AsyncDocket(way, settings=settings) as client:
            project_id = (await client.create_project(slug="shop")).project_id
            await asyncio.gather(
                *(client.create_task(project_id=project_id, title="T") for _ in range(200))
            )
            found = [task async for task in client.each_task(project_id=project_id)]
            assert len(found) == 200
            assert (await client.health()).mode == "pgbouncer"
            async with client.transaction(reason="one by one"):
                await client.update_task(task_id=found[0].task_id, changes={"title": "U"})
            await client.update_task(task_id=found[0].task_id, changes={"title": "V"})
            history = await client.task_history(task_id=found[0].task_id)
            assert [entry.reason for entry in history] == [None, "one by one", None]

    asyncio.run(work())


def test_an_agent_listens_past_it(docket: Database, open_client: Callable[..., Docket]) -> None:
    client = open_client(listen_dsn=docket.conninfo)
    assert client.listen_conninfo() == docket.conninfo
    assert open_client().listen_conninfo() is None
    project_id = client.create_project(slug="shop").project_id
    client.create_tasks(project_id=project_id, tasks=[{"title": "T"} for _ in range(10)])
    report = Agent(
        client, name="a", handler=lambda _work: None, project_id=project_id, until_idle=True
    ).run(handle_signals=False)
    assert report.completed == 10

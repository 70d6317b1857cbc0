"""PgBouncer in transaction mode: many clients on few connections, and the way past it.

That each other test of the client passes there, too, is seen to by conftest.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pgdocket.client import Agent, AsyncDocket, ConnectionSettings, Docket
from support.bouncer import through
from support.databases import Database


def test_more_clients_than_connections_lose_nothing(
    docket18: Database, bouncer_folder: str
) -> None:
    async def work() -> None:
        settings = ConnectionSettings(pooled=True, max_size=40, timeout=30.0)
        way = through(docket18.conninfo, bouncer_folder)
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


def test_an_agent_listens_past_it(
    docket18: Database, bouncer_folder: str, open_clients: Callable[..., Docket]
) -> None:
    there = through(docket18.conninfo, bouncer_folder)
    client = open_clients(there, pooled=True, listen_dsn=docket18.conninfo)
    assert client.listen_conninfo() == docket18.conninfo
    assert open_clients(there, pooled=True).listen_conninfo() is None
    project_id = client.create_project(slug="shop").project_id
    client.create_tasks(project_id=project_id, tasks=[{"title": "T"} for _ in range(10)])
    report = Agent(
        client, name="a", handler=lambda _work: None, project_id=project_id, until_idle=True
    ).run(handle_signals=False)
    assert report.completed == 10

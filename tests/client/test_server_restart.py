"""A server that is killed, or started late: the client goes on, what it was told is there, once."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from pgdocket.client import AsyncDocket, ConnectionSettings, Docket
from pgdocket.errors import ConnectionFailed
from support import databases
from support.clients import eventually
from support.databases import Database
from support.servers import open_private_server

DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "40",
}
THREADS, BEFORE, AFTER = 8, 40, 80


@pytest.fixture(scope="module")
def mortal(run_folder: Path) -> Iterator[Database]:
    """The whole schema on a server that may be killed, and that keeps its promises on disk."""
    try:
        server = open_private_server(run_folder, "pg18", DURABLE)
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    databases.deploy(database)
    yield database
    server.local.stop("immediate")


def test_what_was_acknowledged_is_there_and_nothing_is_doubled(mortal: Database) -> None:
    acknowledged: list[str] = []
    reported: list[str] = []
    is_over = threading.Event()
    settings = ConnectionSettings(max_size=THREADS, timeout=60.0, connect_timeout=5.0)

    with Docket(mortal.conninfo, settings=settings) as client:
        project_id = client.create_project(slug="shop").project_id

        def write(name: int) -> None:
            number = 0
            while not is_over.is_set():
                number += 1
                title = f"{name}/{number}"
                try:
                    client.create_task(project_id=project_id, title=title)
                except ConnectionFailed:
                    reported.append(title)
                else:
                    acknowledged.append(title)

        writers = [threading.Thread(target=write, args=(name,)) for name in range(THREADS)]
        for each in writers:
            each.start()
        try:
            eventually(lambda: len(acknowledged) >= BEFORE, "the writers write")
            mortal.server.local.kill9()
            mortal.server.local.start()
            seen = len(acknowledged)
            eventually(lambda: len(acknowledged) >= seen + AFTER, "the writers go on", 60)
        finally:
            is_over.set()
            for each in writers:
                each.join(60)
        found = Counter(task.title for task in client.each_task(project_id=project_id))

    assert set(found.values()) == {1}
    assert set(acknowledged) <= set(found)
    assert set(found) <= {*acknowledged, *reported}


@pytest.mark.parametrize("form", ["threads", "coroutines"])
def test_a_server_that_is_started_late_is_waited_for(
    mortal: Database, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = ConnectionSettings(min_size=1, open_timeout=60.0)

    def threads() -> bool:
        with Docket(mortal.conninfo, settings=settings) as client:
            return client.health().is_up

    async def coroutines() -> bool:
        async with AsyncDocket(mortal.conninfo, settings=settings) as client:
            return (await client.health()).is_up

    def tries() -> int:
        return caplog.text.count("there is no server yet")

    mortal.server.local.stop("immediate")
    with caplog.at_level(logging.INFO, "pgdocket.client"), ThreadPoolExecutor(1) as pool:
        opened = pool.submit(threads if form == "threads" else lambda: asyncio.run(coroutines()))
        try:
            eventually(lambda: tries() >= 3, "it has been tried three times")
        finally:
            mortal.server.local.start()
        assert opened.result(60)


def test_a_server_that_never_comes_is_one_error_in_time(mortal: Database) -> None:
    mortal.server.local.stop("immediate")
    try:
        for open_timeout in (0.0, 0.6):
            settings = ConnectionSettings(open_timeout=open_timeout)
            started = monotonic()
            with pytest.raises(ConnectionFailed) as refused:
                Docket(mortal.conninfo, settings=settings)
            assert monotonic() - started < open_timeout + 5
            assert ("given up after" in str(refused.value.detail)) is (open_timeout > 0)
            assert refused.value.hint
    finally:
        mortal.server.local.start()

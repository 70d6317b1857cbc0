"""kill -9 of the server under load: the client goes on, what it was told is there, once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgdocket.client import ConnectionSettings, Docket
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


@pytest.fixture
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

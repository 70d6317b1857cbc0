"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from pgdocket.client import ConnectionSettings, Docket
from support.databases import Database

OpenClient = Callable[..., Docket]


@pytest.fixture
def open_client(docket: Database) -> Iterator[OpenClient]:
    """Opens clients of the test's database, which are closed after it; options are settings."""
    clients: list[Docket] = []

    def open_one(conninfo: str | None = None, **options: object) -> Docket:
        settings = ConnectionSettings(**{"min_size": 1, "timeout": 10.0, **options})  # type: ignore[arg-type]
        clients.append(Docket(conninfo or docket.conninfo, settings=settings))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()


@pytest.fixture
def client(open_client: OpenClient) -> Docket:
    """A client of the test's database."""
    return open_client()


@pytest.fixture
def project_id(client: Docket) -> UUID:
    """A project in the test's database."""
    return client.create_project(slug="shop").project_id

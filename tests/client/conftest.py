"""What the tests of the client share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from pgdocket.client import ConnectionSettings, Docket
from support.databases import Database

OpenClient = Callable[..., Docket]


@pytest.fixture
def open_clients() -> Iterator[Callable[..., Docket]]:
    """Opens clients, which are closed after the test: open_clients(conninfo, ...); options are
    settings, and read_dsn.
    """
    with contextlib.ExitStack() as stack:

        def open_one(conninfo: str, *, read_dsn: str | None = None, **options: Any) -> Docket:
            settings = ConnectionSettings(**{"min_size": 1, "timeout": 10.0, **options})
            return stack.enter_context(Docket(conninfo, read_dsn=read_dsn, settings=settings))

        yield open_one


@pytest.fixture
def open_client(docket: Database, open_clients: OpenClient) -> OpenClient:
    """As `open_clients`, of the test's database unless another is named."""
    return lambda conninfo=None, **options: open_clients(conninfo or docket.conninfo, **options)


@pytest.fixture
def client(open_client: OpenClient) -> Docket:
    """A client of the test's database."""
    return open_client()


@pytest.fixture
def project_id(client: Docket) -> UUID:
    """A project in the test's database."""
    return client.create_project(slug="shop").project_id

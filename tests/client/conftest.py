"""What the tests of the client share.

Each that is given a docket has two forms: on the straight way to the server, and with every client
that it opens led through PgBouncer in transaction mode. In the suite the second form is that of
CHEAP modules, in the long run of all: `PGDOCKET_SOAK=1 ./dev test tests/client -k pgbouncer`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from psycopg.conninfo import conninfo_to_dict

from pgdocket.client import ConnectionSettings, Docket, async_docket
from pgdocket.client import docket as threaded_docket
from pgdocket.client.async_connections import AsyncConnections
from pgdocket.client.connections import Connections
from support import soak
from support.bouncer import Route, bouncer
from support.databases import Database
from support.servers import TestServer

OpenClient = Callable[..., Docket]

CHEAP = {"test_async_docket", "test_connections", "test_docket", "test_gates"}
# They have no other form; each with the reason.
STRAIGHT = {
    "test_pgbouncer": "goes there by itself",
    "test_proxy": "goes there by itself",
    "test_codegen": "opens no client",
    "test_python_page": "programs of a reader, who names the database himself",
    "test_idle_connections_that_have_died_are_found_without_a_call":
        "who idles has no connection of the server that could die",
    "test_without_a_pool_each_call_has_a_connection_of_its_own": "the pool is PgBouncer's",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives the tests that are given a docket their second form."""
    module = metafunc.module.__name__
    is_given = {"docket", "docket18", "shared_docket18"} & {*metafunc.fixturenames}
    is_wanted = soak.LONG or module in CHEAP
    if is_given and is_wanted and not STRAIGHT.keys() & {module, metafunc.function.__name__}:
        marks = () if module in CHEAP else (pytest.mark.soak,)
        forms = ["straight", pytest.param("pgbouncer", marks=marks)]
        metafunc.parametrize("route", forms, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """PgBouncer before one version of the server is enough."""

    def is_too_many(item: pytest.Item) -> bool:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        return given.get("route") == "pgbouncer" and given.get("server") == "pg15"

    left = [each for each in items if is_too_many(each)]
    config.hook.pytest_deselected(items=left)
    items[:] = [each for each in items if each not in left]


@pytest.fixture(scope="session")
def bouncer_folder(server18: TestServer) -> Iterator[str]:
    """Where the socket of a PgBouncer before the newest server is."""
    with bouncer(server18.conninfo()) as folder:
        yield folder


@pytest.fixture(autouse=True)
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Route:
    """The way that the test's clients take, without its doing."""
    if getattr(request, "param", "straight") == "straight":
        return Route()
    server: TestServer = request.getfixturevalue("server18")
    host = str(conninfo_to_dict(server.conninfo())["host"])
    route = Route(host, request.getfixturevalue("bouncer_folder"))
    for module, name, kind in (
        (threaded_docket, "Connections", Connections),
        (async_docket, "AsyncConnections", AsyncConnections),
    ):

        def lead(conninfo: str, settings: ConnectionSettings, kind: Any = kind) -> Any:
            return kind(route.to(conninfo), route.settings(conninfo, settings))

        monkeypatch.setattr(module, name, lead)
    return route


@pytest.fixture
def open_clients() -> Iterator[OpenClient]:
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

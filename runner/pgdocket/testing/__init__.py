"""A pytest plugin for those who build on pgdocket: a docket for each test, the real thing.

    def test_my_agent(docket, make_graph):
        tasks = make_graph("diamond")
        ...

Fixtures: `docket`, `async_docket` and `docket_dsn` (a deployed database of the test's own, in
which row-level security counts), `make_project`, `make_task`, `make_graph`, `freeze_time`. The
databases are on an embedded server that lives as long as the run, or on the one that
`--docket-dsn` or PGDOCKET_TEST_DSN names.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from pgdocket.client import AsyncDocket, ConnectionSettings, Docket, Project, Task
    from pgdocket.testing.databases import TestServer
    from pgdocket.testing.factories import BasicWorkflow, Factory
    from pgdocket.testing.runs import Run

__all__ = ["run_basic_workflow"]

F = TypeVar("F", bound=Callable[..., Any])

_FOLDER = "pgdocket_folder"
_RUN: pytest.StashKey[Run] = pytest.StashKey()


def _async_fixture(function: F) -> F:
    """A fixture of pytest-asyncio where it is installed; anyio's plugin takes those of pytest."""
    has_its_own = importlib.util.find_spec("pytest_asyncio") is not None
    module = importlib.import_module("pytest_asyncio" if has_its_own else "pytest")
    made: F = module.fixture(function)
    return made


def run_basic_workflow(docket: Docket, **options: Any) -> BasicWorkflow:
    """Makes a project with a diamond of tasks, and has an agent claim and complete them all.

    `slug` and `agent` may be named. Returns the project, and the tasks in the order of completion.
    """
    from pgdocket.testing import factories

    return factories.run_basic_workflow(docket, **options)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --docket-dsn."""
    parser.getgroup("pgdocket").addoption(
        "--docket-dsn",
        default=os.environ.get("PGDOCKET_TEST_DSN"),
        help="a PostgreSQL in which databases may be made, instead of the embedded one",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of xdist where the server of the run is."""
    node.workerinput[_FOLDER] = str(_folder(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the server, when there is one."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.close()


def _folder(config: pytest.Config) -> Path:
    """The folder of this run, the same for all its workers."""
    from pgdocket.testing.runs import open_run

    told = getattr(config, "workerinput", None)
    if told is not None:
        return Path(told[_FOLDER])
    if _RUN not in config.stash:
        config.stash[_RUN] = open_run()
    return config.stash[_RUN].folder


@pytest.fixture(scope="session")
def docket_server(pytestconfig: pytest.Config) -> TestServer:
    """The server of the run, with a deployed database to be cloned."""
    from pgdocket.testing import databases

    dsn: str | None = pytestconfig.getoption("--docket-dsn")
    return databases.given_server(dsn) if dsn else databases.own_server(_folder(pytestconfig))


@pytest.fixture
def docket_superuser_dsn(docket_server: TestServer) -> Iterator[str]:
    """The database of the test, as who made it."""
    with docket_server.clone() as conninfo:
        yield conninfo


@pytest.fixture
def docket_dsn(docket_superuser_dsn: str) -> str:
    """The database of the test, as an application connects to it."""
    from pgdocket.testing import databases

    return databases.as_application(docket_superuser_dsn)


def _settings() -> ConnectionSettings:
    from pgdocket.client import ConnectionSettings

    # freeze_time() ends connections: none is trusted.
    return ConnectionSettings(min_size=1, max_size=8, trust_seconds=0.0)


@pytest.fixture
def docket(docket_dsn: str) -> Iterator[Docket]:
    """A client of the test's own database."""
    from pgdocket.client import Docket

    with Docket(docket_dsn, settings=_settings()) as opened:
        yield opened


@_async_fixture
async def async_docket(docket_dsn: str) -> AsyncIterator[AsyncDocket]:
    """The same for coroutines; needs pytest-asyncio, or the plugin of anyio."""
    from pgdocket.client import AsyncDocket

    async with AsyncDocket(docket_dsn, settings=_settings()) as opened:
        yield opened


@pytest.fixture
def _factory(docket: Docket) -> Factory:
    from pgdocket.testing.factories import Factory

    return Factory(docket)


@pytest.fixture
def make_project(_factory: Factory) -> Callable[..., Project]:
    """Makes projects: make_project(slug=..., ...), the fields being those of create_project()."""
    return _factory.project


@pytest.fixture
def make_task(_factory: Factory) -> Callable[..., Task]:
    """Makes tasks: make_task(title=..., ...), in the first project unless another is named."""
    return _factory.task


@pytest.fixture
def make_graph(_factory: Factory) -> Callable[..., dict[str, Task]]:
    """Makes graphs: make_graph("diamond"), or make_graph(edges={"b": ("a",), "a": ()})."""
    return _factory.graph


@pytest.fixture
def freeze_time(docket_superuser_dsn: str) -> Callable[[datetime | str | None], None]:
    """Holds the docket's clock: freeze_time("2031-01-01T12:00Z"); None lets it go.

    Leases expire, retries come due and partitions are passed without waiting.
    """
    from pgdocket.testing import databases

    def freeze(at: datetime | str | None) -> None:
        told = at.isoformat() if isinstance(at, datetime) else at
        databases.freeze(docket_superuser_dsn, told)

    return freeze

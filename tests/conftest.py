"""The house that all tests live in: servers, databases, connections, and what a skip means.

Servers are started by whichever worker asks first, live in the run's folder and are stopped by
the process that owns the run, also when it is interrupted; a run that was killed is cleared by the
next one. With PGDOCKET_REQUIRE_ALL=1 every skip is a failure.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pgdocket.testing.runs import Run, open_run
from support import databases
from support.catalog import prepare
from support.databases import Database
from support.servers import VERSIONS, TestServer, open_server
from support.sessions import Connect, Connection

RUN_FOLDER = pytest.StashKey[Path]()
OWN_RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that was started by hand owns the run; its workers are told the folder."""
    told = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[RUN_FOLDER] = Path(told["run_folder"])
        return
    run = open_run()
    config.stash[OWN_RUN] = run
    config.stash[RUN_FOLDER] = run.folder
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, interrupt)


def interrupt(*_: object) -> None:
    """Ends the run in order when the process is asked to terminate."""
    raise KeyboardInterrupt


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of xdist the folder of the run."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what the run started."""
    run = config.stash.get(OWN_RUN, None)
    if run is not None:
        run.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails where everything is required."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A skipped module fails where everything is required."""
    report = yield
    if report.skipped:
        refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turns a skip into a failure with the same reason, under PGDOCKET_REQUIRE_ALL=1."""
    if databases.require_all():
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"PGDOCKET_REQUIRE_ALL=1 allows no skip. {reason}"


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """The folder of this run, the same for all workers."""
    return pytestconfig.stash[RUN_FOLDER]


@pytest.fixture(scope="session", params=list(VERSIONS))
def server(request: pytest.FixtureRequest, run_folder: Path) -> TestServer:
    """A running server of each version of the matrix; skips, visibly, where there is none."""
    return reach_server(run_folder, request.param)


@pytest.fixture(scope="session")
def server15(run_folder: Path) -> TestServer:
    """The server of the oldest version of the matrix, for tests that need one version only."""
    return reach_server(run_folder, "pg15")


@pytest.fixture(scope="session")
def server18(run_folder: Path) -> TestServer:
    """The server of the newest version of the matrix, for tests that need one version only."""
    return reach_server(run_folder, "pg18")


def reach_server(folder: Path, name: str) -> TestServer:
    """The server of that name, or a skip that says why there is none."""
    try:
        return open_server(folder, name)
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture
def new_database() -> Iterator[Callable[[TestServer], Database]]:
    """Makes empty databases: new_database(server). They are dropped after the test."""
    with contextlib.ExitStack() as stack:

        def create(server: TestServer) -> Database:
            database = databases.create(server)
            stack.callback(database.drop)
            return database

        yield create


@pytest.fixture
def own_docket(server: TestServer, run_folder: Path) -> Iterator[Database]:
    """A database of its own with the whole schema, pgTAP and the fixtures of pgtap/support."""
    clone = databases.create(server, databases.template(server, run_folder))
    yield clone
    clone.drop()


@pytest.fixture
def docket(own_docket: Database) -> Database:
    """The same, where a folder's conftest.py says nothing else."""
    return own_docket


@pytest.fixture
def database(docket: Database) -> Database:
    """The same as `docket`."""
    return docket


@pytest.fixture
def docket18(server18: TestServer, run_folder: Path) -> Iterator[Database]:
    """As `docket`, on the newest version alone."""
    clone = databases.create(server18, databases.template(server18, run_folder))
    yield clone
    clone.drop()


@pytest.fixture(scope="session")
def shared_docket(server: TestServer, run_folder: Path) -> Iterator[Database]:
    """As `docket`, one for the whole session: for tests that only read or that roll back."""
    clone = databases.create(server, databases.template(server, run_folder))
    yield clone
    clone.drop()


@pytest.fixture(scope="session")
def shared_docket18(server18: TestServer, run_folder: Path) -> Iterator[Database]:
    """As `shared_docket`, on the newest version alone."""
    clone = databases.create(server18, databases.template(server18, run_folder))
    yield clone
    clone.drop()


@pytest.fixture(scope="module")
def catalog(shared_docket: Database) -> Iterator[Connection]:
    """A connection with the views of support.catalog, over which the rules are written."""
    with psycopg.connect(shared_docket.conninfo, autocommit=True) as connection:
        yield prepare(connection)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections that are closed after the test: connect(database, autocommit=True, ...).

    Options are psycopg's; `role` is set first, as a client of that role would have it.
    """
    with contextlib.ExitStack() as stack:

        def open_connection(
            database: Database, *, role: str | None = None, autocommit: bool = True, **options: Any
        ) -> psycopg.Connection[Any]:
            connection = psycopg.connect(database.conninfo, autocommit=True, **options)
            stack.callback(connection.close)
            if role is not None:
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            connection.autocommit = autocommit
            return connection

        yield open_connection


@pytest.fixture
def new_role(docket: Database) -> Iterator[Callable[..., str]]:
    """Makes roles under names of their own: new_role("docket_agent") is a member of that role.

    Roles belong to the server, so the names are unique; they are dropped with the test.
    """
    with contextlib.ExitStack() as stack:

        def create(*member_of: str) -> str:
            name = f"r_{docket.name[2:]}_{len(created)}"
            role = sql.Identifier(name)
            docket.server.execute(sql.SQL("create role {} login").format(role))
            created.append(name)
            for group in member_of:
                docket.server.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), role))
            stack.callback(drop_role, docket, name)
            return name

        created: list[str] = []
        yield create


def drop_role(database: Database, name: str) -> None:
    """Drops a role with whatever it has in one database."""
    role = sql.Identifier(name)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("drop owned by {}").format(role))
        connection.execute(sql.SQL("drop role {}").format(role))

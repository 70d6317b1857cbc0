"""What every benchmark needs: a server of its own with the schema in it, and rows of results."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgdocket.files import project_files
from pgdocket.server import Binaries, LocalServer, find_binaries
from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person

REPETITIONS = 3
SOMEBODY = Person("pgdocket bench", "bench@pgdocket.invalid")
AGENT = "bench_agent"
# Transactions of each client that are not counted: a new session parses and plans in them.
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: how much `ours` does, against how much `floor` does, of the same work."""

    workload: str
    size: str
    ours: float
    floor: float
    unit: str
    floor_name: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        """Ours divided by the floor: above 1 is more of the unit than the floor."""
        return self.ours / self.floor

    @property
    def target(self) -> str:
        """What the ratio is meant to reach, and whether it does; empty where nothing is meant."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}: {met(self.ratio >= self.at_least)}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}: {met(self.ratio <= self.at_most)}"
        return ""


def met(reached: bool) -> str:
    """Whether a target is met, in a word."""
    return "met" if reached else "**missed**"


@dataclass(frozen=True, slots=True)
class Finished:
    """A transaction of pgbench: whose, when it ended and how long it took, in seconds."""

    client: int
    ended: float
    took: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A running server, with its data on disk and fsync on, and databases on it."""

    server: LocalServer
    binaries: Binaries

    def database(self, *, deployed: bool = True) -> str:
        """The connection string of a new database, with pgdocket's schema in it or empty."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        conninfo = self.server.conninfo(name)
        if deployed:
            deploy(load_plan(project_files() / "sqitch.plan"), conninfo, person=SOMEBODY)
        return conninfo

    def agent(self, conninfo: str) -> str:
        """The same database for AGENT, a role that is a docket_agent and nothing more."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            known = "select from pg_catalog.pg_roles where rolname = %s"
            if connection.execute(known, (AGENT,)).fetchone() is None:
                statement = sql.SQL("create role {} login in role docket_agent")
                connection.execute(statement.format(sql.Identifier(AGENT)))
        return make_conninfo(conninfo, user=AGENT)

    def set(self, conninfo: str, **settings: str) -> None:
        """Changes settings of the server, from now on."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for name, value in settings.items():
                statement = sql.SQL("alter system set {} = {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Literal(value)))
            connection.execute("select pg_reload_conf()")

    def pgbench_command(self, conninfo: str, script: Path, *options: str) -> list[str]:
        """The command that runs a script with prepared statements in one thread."""
        program = str(self.binaries.directory / "pgbench")
        return [program, "-n", "-M", "prepared", "-f", str(script), "-j", "1", *options, conninfo]

    def transactions(
        self, conninfo: str, script: Path, *, clients: int, transactions: int
    ) -> list[Finished]:
        """Runs a pgbench script, `transactions` times in all; each of them, as it ended."""
        with tempfile.TemporaryDirectory(prefix="pgdocket-bench-") as folder:
            options = ["-c", str(clients), "-t", str(max(transactions // clients, 1))]
            options += ["-D", "has=0", "-D", "attempt=none", "-l", "--log-prefix", f"{folder}/log"]
            command = self.pgbench_command(conninfo, script, *options)
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                raise RuntimeError(run.stderr.strip())
            return [
                finished(line)
                for log in Path(folder).iterdir()
                for line in log.read_text().splitlines()
            ]

    def pgbench(self, conninfo: str, script: Path, *, clients: int, transactions: int) -> float:
        """Transactions per second of a pgbench script, once its sessions are warm."""
        return per_second(
            self.transactions(conninfo, script, clients=clients, transactions=transactions)
        )


def finished(line: str) -> Finished:
    """A line of pgbench's log of transactions."""
    client, _, took, _, seconds, microseconds = line.split()[:6]
    return Finished(int(client), int(seconds) + int(microseconds) / 1e6, int(took) / 1e6)


def warm(transactions: Sequence[Finished]) -> tuple[float, list[Finished]]:
    """When the last session was warm, and the transactions that ended after that."""
    by_client: dict[int, list[float]] = {}
    for each in transactions:
        by_client.setdefault(each.client, []).append(each.ended)
    begun = max(
        sorted(ends)[min(WARM_UP, max(len(ends) // 4, 1)) - 1] for ends in by_client.values()
    )
    return begun, [each for each in transactions if each.ended > begun]


def per_second(transactions: Sequence[Finished]) -> float:
    """Transactions per second, once the sessions are warm."""
    begun, counted = warm(transactions)
    return len(counted) / (max(each.ended for each in counted) - begun)


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A server for one benchmark, gone afterwards."""
    binaries = find_binaries()
    with tempfile.TemporaryDirectory(prefix="pgdocket-bench-") as folder:
        Path(folder).chmod(0o755)
        server = LocalServer(Path(folder) / "server", binaries, {"shared_buffers": "512MB"})
        server.start()
        try:
            yield Bench(server, server.binaries)
        finally:
            server.stop("immediate")


def interleaved(*runs: Callable[[], float]) -> list[float]:
    """The median of each measurement, over repetitions in turn, so that a slow minute hits all."""
    results = [[run() for run in runs] for _ in range(REPETITIONS)]
    return [statistics.median(column) for column in zip(*results, strict=True)]

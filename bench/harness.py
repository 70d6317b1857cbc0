"""What every benchmark needs: a server of its own with the schema in it, and rows of results."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from pgdocket.files import project_files
from pgdocket.server import Binaries, LocalServer, find_binaries
from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person

REPETITIONS = 3
SOMEBODY = Person("pgdocket bench", "bench@pgdocket.invalid")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: how much `ours` does, against how much `floor` does, of the same work."""

    workload: str
    size: str
    ours: float
    floor: float
    unit: str
    floor_name: str

    @property
    def ratio(self) -> float:
        """Ours divided by the floor: above 1 is more of the unit than the floor."""
        return self.ours / self.floor


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

    def pgbench(self, conninfo: str, script: Path, *, clients: int, transactions: int) -> float:
        """Transactions per second of a pgbench script, prepared, `transactions` in all."""
        command = [
            str(self.binaries.directory / "pgbench"),
            *("-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-j", "1"),
            *("-D", "has=0", "-D", "attempt=none", "-t", str(transactions // clients), conninfo),
        ]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(run.stderr.strip())
        line = next(line for line in run.stdout.splitlines() if line.startswith("tps = "))
        return float(line.split()[2])


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

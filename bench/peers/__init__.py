"""Other queues beside pgdocket's and raw SQL, in the same run: no-op tasks, claimed and completed.

python -m bench peers [BACKLOG]            default 20000

The peers are no dependencies of pgdocket: they are installed into .venv-peers/ for this, and one
that can't be is left out with a line that says why. Each adapter is a program of its own: it
makes its schema and the backlog, works a part of it off with so many workers, and tells its
version and the seconds that this took. None of those that are here knows dependencies, so the
layered graph is not among the workloads.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from bench.harness import Bench, Row, bench, interleaved
from bench.queue_load import open_load

HERE = Path(__file__).parent
PLACE = HERE.parents[1] / ".venv-peers"
PYTHON = ("procrastinate", "pgqueuer[psycopg]")
NODE = ("graphile-worker", "pg-boss")
ADAPTERS = {
    "procrastinate": "with_procrastinate.py",
    "pgqueuer": "with_pgqueuer.py",
    "graphile-worker": "with_graphile_worker.cjs",
    "pg-boss": "with_pg_boss.cjs",
}


def left_out(reason: str) -> None:
    """Says why a peer is not there."""
    sys.stderr.write(f"left out: {reason}\n")


def installed(command: list[str], names: tuple[str, ...]) -> bool:
    """Runs an installation; False, with a line, when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        left_out(f"{', '.join(names)}: {' '.join(last)}")
    return done.returncode == 0


def install() -> Iterator[tuple[str, list[str]]]:
    """Installs the peers; the name and the command of each that is there."""
    python = PLACE / "bin" / "python"
    if not python.exists():
        venv.create(PLACE, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if installed([*pip, "psycopg[binary,pool]", *PYTHON], PYTHON):
        yield from ((name, [str(python)]) for name in ("procrastinate", "pgqueuer"))
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        left_out("graphile-worker, pg-boss: there is no Node.js")
    elif installed([npm, "install", "--silent", "--prefix", str(PLACE), *NODE], NODE):
        yield from ((name, [node]) for name in NODE)


def environment(conninfo: str) -> dict[str, str]:
    """The environment in which an adapter finds a database and its modules."""
    parts = conninfo_to_dict(conninfo)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    return {
        **os.environ,
        **{variable: str(parts[name]) for name, variable in names.items()},
        "NODE_PATH": str(PLACE / "node_modules"),
    }


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that is installed, and the command that runs its adapter."""

    name: str
    command: list[str]

    def run(self, machine: Bench, backlog: int, workers: int) -> tuple[float, str]:
        """Tasks per second, and its version. Raises RuntimeError when it fails."""
        count = backlog // 8
        try:
            done = subprocess.run(
                [*self.command, str(backlog), str(count), str(workers)],
                env=environment(machine.database(deployed=False)),
                cwd=PLACE,
                capture_output=True,
                text=True,
                check=True,
                timeout=600,
            )
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"{self.name}: {error.stderr.strip()[-1000:]}") from error
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"{self.name}: nothing after {error.timeout} s") from error
        told = json.loads(done.stdout.strip().splitlines()[-1])
        return count / told["seconds"], told["version"]


def try_out(machine: Bench) -> Iterator[tuple[Peer, str]]:
    """The peers that can be installed and that work here, and their versions."""
    for name, interpreter in install():
        peer = Peer(name, [*interpreter, str(HERE / ADAPTERS[name])])
        try:
            yield peer, peer.run(machine, 1000, 1)[1]
        except RuntimeError as error:
            left_out(str(error))


def measure(
    machine: Bench, folder: Path, peers: dict[str, Peer], backlog: int, workers: int
) -> list[Row]:
    """Tasks per second of ours and of each peer, in turn."""
    load = open_load(machine, folder)
    project = load.project(backlog)
    load.fill_raw(backlog)

    def rate(script: str) -> Callable[[], float]:
        path = load.script(script, project)
        return lambda: load.rate(path, clients=workers, transactions=backlog // 8)

    def other(peer: Peer) -> Callable[[], float]:
        return lambda: peer.run(machine, backlog, workers)[0]

    runs = [rate("ours"), rate("fused"), rate("raw"), *map(other, peers.values())]
    ours, fused, *others = interleaved(*runs)
    size = f"{backlog:,} tasks, {workers} worker{'s' if workers > 1 else ''}"
    return [
        row
        for name, found in zip(["raw SQL", *peers], others, strict=True)
        for row in (
            Row("claim_tasks + complete_task", size, ours, found, "tasks/s", name),
            Row("complete_and_claim", size, fused, found, "tasks/s", name),
        )
    ]


def main(backlog: int = 20_000) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine, tempfile.TemporaryDirectory() as folder:
        peers = {f"{peer.name} {version}": peer for peer, version in try_out(machine)}
        return [
            row
            for workers in (1, 8)
            for row in measure(machine, Path(folder), peers, backlog, workers)
        ]

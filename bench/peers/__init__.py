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


def peer(machine: Bench, command: list[str], name: str, backlog: int, workers: int) -> float:
    """Tasks per second of a peer; its version is printed."""
    done = subprocess.run(
        [*command, str(HERE / ADAPTERS[name]), str(backlog), str(backlog // 8), str(workers)],
        env=environment(machine.database(deployed=False)),
        cwd=PLACE,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()[-2000:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    versions[name] = told["version"]
    return float(backlog // 8 / told["seconds"])


versions: dict[str, str] = {}


def measure(
    machine: Bench, folder: Path, peers: list[tuple[str, list[str]]], backlog: int, workers: int
) -> list[Row]:
    """Tasks per second of ours and of each peer, in turn."""
    load = open_load(machine, folder)
    project = load.project(backlog)
    load.fill_raw(backlog)

    def rate(script: str) -> Callable[[], float]:
        path = load.script(script, project)
        return lambda: load.rate(path, clients=workers, transactions=backlog // 8)

    def other(name: str, command: list[str]) -> Callable[[], float]:
        return lambda: peer(machine, command, name, backlog, workers)

    runs = [rate("ours"), rate("fused"), rate("raw"), *(other(*each) for each in peers)]
    ours, fused, *others = interleaved(*runs)
    size = f"{backlog:,} tasks, {workers} worker{'s' if workers > 1 else ''}"
    names = ["raw SQL", *(f"{name} {versions[name]}" for name, _ in peers)]
    return [
        row
        for name, found in zip(names, others, strict=True)
        for row in (
            Row("claim_tasks + complete_task", size, ours, found, "tasks/s", name),
            Row("complete_and_claim", size, fused, found, "tasks/s", name),
        )
    ]


def main(backlog: int = 20_000) -> list[Row]:
    """The rows of this benchmark."""
    peers = list(install())
    with bench() as machine, tempfile.TemporaryDirectory() as folder:
        return [
            row
            for workers in (1, 8)
            for row in measure(machine, Path(folder), peers, backlog, workers)
        ]

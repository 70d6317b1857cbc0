"""Deploying with verification, against the real sqitch and against one psql session.

pgdocket's own plan, and a generated one; what `status` takes from start to end; what a plan of
2,000 changes takes to read, and of memory to deploy.

python -m bench deploy [CHANGES [MANY]]      default 150 and 2000
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from bench.generated_plan import generate
from bench.harness import Bench, Row, bench, interleaved
from pgdocket.files import project_files
from pgdocket.sqitch.plan import load_plan

OURS = (sys.executable, "-m", "pgdocket", "sqitch")
# Installers compile what they install; where this is set, each start would compile anew.
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
EMPTY_PROCESS = (sys.executable, "-c", "import click, psycopg")


def environment(conninfo: str) -> dict[str, str]:
    """The environment that names a database to programs."""
    parts = conninfo_to_dict(conninfo)
    compiled = {name: value for name, value in os.environ.items() if name != _UNCOMPILED}
    return {
        **compiled,
        "PGHOST": str(parts["host"]),
        "PGPORT": str(parts["port"]),
        "PGUSER": str(parts["user"]),
        "PGDATABASE": str(parts["dbname"]),
        "SQITCH_FULLNAME": "pgdocket bench",
        "SQITCH_EMAIL": "bench@pgdocket.invalid",
    }


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds from start to end, and MiB of memory at most."""

    seconds: float
    memory: float


def run(command: Sequence[str], folder: Path, conninfo: str, text: Path | None = None) -> Cost:
    """Runs a command in the folder of a project, on a database; `text` is its standard input."""
    with Path(text or os.devnull).open("rb") as stream:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=stream,
            env=environment(conninfo),
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(time.perf_counter() - begun, usage.ru_maxrss / 1024)


def one_script(folder: Path, target: Path) -> Path:
    """The deploy and verify scripts of the plan in one file, in its order."""
    changes = load_plan(folder / "sqitch.plan").changes
    paths = [folder / kind / f"{c.name}.sql" for c in changes for kind in ("deploy", "verify")]
    target.write_bytes(b"\n".join(path.read_bytes() for path in paths))
    return target


def deploying(machine: Bench, folder: Path, script: Path, name: str) -> list[Row]:
    """Seconds for a whole plan with its verify scripts: ours, one psql's, sqitch's."""
    size = f"{name}, {len(load_plan(folder / 'sqitch.plan').changes)} changes"
    psql = [str(machine.binaries.directory / "psql"), "-X", "-q", "-o", os.devnull, "-f", "-"]
    deploy = [*OURS, "deploy", "--verify", "db:pg:"]

    def seconds(command: Sequence[str], text: Path | None = None) -> float:
        return run(command, folder, machine.database(deployed=False), text).seconds

    runs = [lambda: seconds(deploy), lambda: seconds(psql, script)]
    if shutil.which("sqitch"):
        runs.append(lambda: seconds(["sqitch", "deploy", "--verify", "db:pg:"]))
    found = interleaved(*runs)
    rows = [Row("deploy --verify", size, found[0], found[1], "s", "one psql session")]
    if len(found) > 2:
        rows.append(Row("deploy --verify", size, found[0], found[2], "s", "sqitch"))
    return rows


def asking(machine: Bench, folder: Path) -> list[Row]:
    """Seconds for `status` of a deployed plan, the process from start to end."""
    size = f"{len(load_plan(folder / 'sqitch.plan').changes)} changes"
    conninfo = machine.database(deployed=False)
    run([*OURS, "deploy", "db:pg:"], folder, conninfo)
    runs = [
        lambda: run([*OURS, "status", "db:pg:"], folder, conninfo).seconds,
        lambda: run(EMPTY_PROCESS, folder, conninfo).seconds,
    ]
    if shutil.which("sqitch"):
        runs.append(lambda: run(["sqitch", "status", "db:pg:"], folder, conninfo).seconds)
    found = interleaved(*runs)
    peers = ("importing click and psycopg", "sqitch")
    return [
        Row("status, whole process", size, found[0], peer, "s", name)
        for name, peer in zip(peers, found[1:], strict=False)
    ]


def growing(machine: Bench, folder: Path) -> list[Row]:
    """What a long plan takes: seconds to read, against reading its bytes; memory to deploy."""
    plan = folder / "sqitch.plan"
    size = f"{len(load_plan(plan).changes)} changes"

    def parsing() -> float:
        begun = time.perf_counter()
        load_plan(plan)
        return time.perf_counter() - begun

    conninfo = machine.database(deployed=False)
    memory = run([*OURS, "deploy", "--verify", "db:pg:"], folder, conninfo).memory
    floor = run(EMPTY_PROCESS, folder, conninfo).memory
    rows = [Row("deploy --verify, memory", size, memory, floor, "MiB", EMPTY_PROCESS[-1])]
    found = interleaved(parsing, lambda: run(["cat", str(plan)], folder, conninfo).seconds)
    rows.append(Row("reading the plan", size, found[0], found[1], "s", "cat"))
    return rows


def main(count: int = 150, many: int = 2000) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine, tempfile.TemporaryDirectory(prefix="pgdocket-bench-") as name:
        folder = Path(name)
        own = project_files()
        usual = generate(folder / "usual", count)
        return [
            *deploying(machine, usual, one_script(usual, folder / "usual.sql"), "generated"),
            *deploying(machine, own, one_script(own, folder / "own.sql"), "pgdocket's own"),
            *asking(machine, usual),
            *growing(machine, generate(folder / "many", many)),
        ]

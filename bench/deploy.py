"""Deploying pgdocket's own plan, against the real sqitch and against one psql session.

python -m bench.deploy
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from bench.harness import Bench, Row, bench, interleaved
from pgdocket.files import project_files
from pgdocket.sqitch.plan import load_plan


def environment(conninfo: str) -> dict[str, str]:
    """The environment that names a database to programs."""
    parts = conninfo_to_dict(conninfo)
    return {
        **os.environ,
        "PGHOST": str(parts["host"]),
        "PGPORT": str(parts["port"]),
        "PGUSER": str(parts["user"]),
        "PGDATABASE": str(parts["dbname"]),
        "SQITCH_FULLNAME": "pgdocket bench",
        "SQITCH_EMAIL": "bench@pgdocket.invalid",
    }


def timed(machine: Bench, command: list[str], text: bytes | None = None) -> float:
    """The seconds that a command takes on a new, empty database."""
    env = environment(machine.database(deployed=False))
    begun = time.perf_counter()
    subprocess.run(
        command, input=text, env=env, cwd=project_files(), check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begun


def measure(machine: Bench) -> list[Row]:
    """Seconds for the whole plan with its verify scripts: ours, sqitch's, one psql's."""
    changes = load_plan(project_files() / "sqitch.plan").changes
    size = f"{len(changes)} changes"
    scripts = b"\n".join(
        path.read_bytes()
        for change in changes
        for path in (
            Path(project_files(), kind, f"{change.name}.sql") for kind in ("deploy", "verify")
        )
    )
    ours = [sys.executable, "-m", "pgdocket", "sqitch", "deploy", "--verify"]
    psql = [str(machine.binaries.directory / "psql"), "-X", "-q", "-o", os.devnull, "-f", "-"]
    runs = [lambda: timed(machine, ours), lambda: timed(machine, psql, scripts)]
    if shutil.which("sqitch"):
        runs.append(lambda: timed(machine, ["sqitch", "deploy", "--verify", "db:pg:"]))
    seconds = interleaved(*runs)
    rows = [Row("deploy --verify", size, seconds[0], seconds[1], "s", "one psql session")]
    if len(seconds) > 2:
        rows.append(Row("deploy --verify", size, seconds[0], seconds[2], "s", "sqitch"))
    return rows


def main() -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return measure(machine)

"""A plan of 2,000 changes needs little memory to deploy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.changes import PERSON, query
from support.databases import Database
from support.servers import TestServer

STAMP = "2024-05-06T07:08:09Z Ada Lovelace <ada@example.com>"
COUNT = 2000
END = {"deploy": "commit", "verify": "rollback"}
OURS = (sys.executable, "-m", "pgdocket", "sqitch")

# Runs a command and prints the KiB it took at most. A process begins with what the one that starts
# it has ever taken: this one is small.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def written(folder: Path) -> Path:
    lines = ["%project=long", "%uri=https://example.com/long", ""]
    for number in range(COUNT):
        requires = f" [change_{number - 1} change_{number // 2}]" if number > 2 else ""
        lines.append(f"change_{number}{requires} {STAMP} # Change number {number}.")
        if number % 50 == 49:
            lines.append(f"@v{number} {STAMP} # Version.")
    (folder / "sqitch.plan").write_text("\n".join(lines) + "\n")
    (folder / "sqitch.conf").write_text("[core]\n\tengine = pg\n")
    return folder / "sqitch.plan"


def test_a_long_plan_is_deployed_in_little_memory(
    tmp_path: Path, server15: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    database = new_database(server15)
    written(tmp_path)
    for kind in ("deploy", "verify"):
        (tmp_path / kind).mkdir()
        for number in range(COUNT):
            path = tmp_path / kind / f"change_{number}.sql"
            path.write_text(f"begin;\nselect '{kind} {number}';\n{END[kind]};\n")
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *OURS, "deploy", "--verify"],
        cwd=tmp_path,
        env=database.environment | PERSON,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(measured.stdout) < 80 * 1024
    (deployed,) = query(database, "select count(*) from sqitch.changes where project = 'long'")
    assert deployed == (COUNT,)

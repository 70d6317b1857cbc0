"""A plan of 2,000 changes is read in well under a second, and needs little memory to deploy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pgdocket.sqitch.plan import load_plan
from support.changes import PERSON, query
from support.databases import Database
from support.servers import TestServer

STAMP = "2024-05-06T07:08:09Z Ada Lovelace <ada@example.com>"
COUNT = 2000
END = {"deploy": "commit", "verify": "rollback"}


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


def test_a_long_plan_is_read_quickly(tmp_path: Path) -> None:
    path = written(tmp_path)
    begun = time.process_time()
    plan = load_plan(path)
    assert time.process_time() - begun < 1
    assert (len(plan.changes), len(plan.tags)) == (COUNT, COUNT // 50)


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
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "sqitch", "deploy", "--verify"],
        cwd=tmp_path,
        env=database.environment | PERSON,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_maxrss < 80 * 1024
    (deployed,) = query(database, "select count(*) from sqitch.changes where project = 'long'")
    assert deployed == (COUNT,)

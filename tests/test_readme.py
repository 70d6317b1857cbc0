"""What the README shows works as it stands there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from support.databases import Database

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_tour_in_sql_runs_and_refuses_the_cycle(database: Database) -> None:
    run = subprocess.run(
        [str(database.server.binaries / "psql"), "-X", "-A", "-t", "-f", "-"],
        input="\n".join(blocks("sql")),
        env=database.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'schema|completed|{"tables": 12}' in run.stdout
    errors = re.findall(r"ERROR:  (.*)", run.stderr)
    assert errors == ["dependency cycle: schema -> release -> api -> schema"]
    assert "|pending|in_progress|" in run.stdout


def test_the_agent_in_python_works_until_it_is_stopped(database: Database) -> None:
    program, _ = blocks("python")
    agent = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "DATABASE_URL": database.conninfo},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            deadline = time.monotonic() + 30
            done = 0
            while done < 2 and time.monotonic() < deadline and agent.poll() is None:
                row = connection.execute(
                    "select count(*) from docket.tasks where status = 'completed'"
                ).fetchone()
                assert row is not None
                done = row[0]
    finally:
        agent.send_signal(signal.SIGTERM)
        output, _ = agent.communicate(timeout=30)
    assert agent.returncode == 0
    assert "completed=2" in output


def test_the_agent_of_coroutines_works_until_nothing_is_ready(database: Database) -> None:
    _, program = blocks("python")
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DATABASE_URL": database.conninfo},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "completed=1" in run.stdout

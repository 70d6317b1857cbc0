"""up, down, psql and status, as a person types them in an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pgdocket.errors import NoServer
from pgdocket.server import find_binaries
from support.databases import Database
from support.servers import TestServer

Pgdocket = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty working directory that every user can enter."""
    path = Path(tempfile.mkdtemp(prefix="pgd-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def pgdocket(folder: Path) -> Iterator[Pgdocket]:
    """Runs the command in the folder; the local server, if any, is stopped at the end."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DB_", "DATABASE_"))}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pgdocket", *arguments],
            cwd=folder,
            env=clean | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    yield run
    if (folder / ".pgdocket").is_dir():
        run("down")


def test_up_status_psql_down(pgdocket: Pgdocket, folder: Path) -> None:
    try:
        version = find_binaries().version
    except NoServer as error:
        pytest.skip(error.message)
    started = pgdocket("up")
    assert started.returncode == 0, started.stderr
    assert f"PostgreSQL {version}" in started.stdout
    again = pgdocket("up", "--json")
    assert again.returncode == 0, again.stderr
    overview = json.loads(again.stdout)
    assert overview["schema"]["pending"] == []
    assert overview["schema"]["deployed"] > 0
    (folder / "deep" / "er").mkdir(parents=True)
    assert json.loads(pgdocket("status", "--json").stdout) == overview
    found = pgdocket("psql", "-Atc", "select count(*) from docket.error_codes")
    assert (found.returncode, found.stdout.strip()) == (0, "15"), found.stderr
    assert pgdocket("psql", "-c", "select nonsense").returncode == 1, "psql's own exit code"
    assert "is stopped" in pgdocket("down").stdout
    assert json.loads(pgdocket("down", "--json").stdout)["stopped"] is False
    after = pgdocket("status")
    assert after.returncode == 16
    assert "is not running" in after.stderr


def test_without_a_server_each_command_says_how_to_get_one(
    pgdocket: Pgdocket, folder: Path
) -> None:
    for command in ("status", "psql", "down"):
        done = pgdocket(command)
        assert done.returncode == 16
        assert "there is no .pgdocket/" in done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("command", ["up", "status", "psql"])
def test_a_named_server_is_never_started(command: str, pgdocket: Pgdocket, folder: Path) -> None:
    done = pgdocket(command, DATABASE_URL=f"postgresql:///docket?host={folder}")
    assert done.returncode == (2 if command == "psql" else 12), done.stderr
    assert "socket" in done.stderr
    assert not list(folder.iterdir()), "nothing was made"


def test_down_refuses_a_server_that_it_did_not_start(pgdocket: Pgdocket) -> None:
    done = pgdocket("down", "--db", "postgresql://h/d")
    assert done.returncode == 3
    assert "local server only" in done.stderr


def test_status_of_a_database_without_the_schema(pgdocket: Pgdocket, server: TestServer) -> None:
    done = pgdocket("status", "--db", server.conninfo("postgres"), "--json")
    assert done.returncode == 0, done.stderr
    overview = json.loads(done.stdout)
    assert overview["schema"]["deployed"] == 0
    assert overview["schema"]["pending"]
    assert overview["queue"] is None
    plain = pgdocket("--db", server.conninfo("postgres"), "status")
    assert "(from --db)" in plain.stdout
    assert "run: pgdocket deploy" in plain.stdout


def test_status_counts_the_queue_of_each_project(
    pgdocket: Pgdocket, server: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    database = new_database(server)
    with psycopg.connect(database.conninfo) as session:
        session.execute("create schema docket")
        session.execute(
            "create function docket.queue_overview()"
            " returns table (project_id uuid, slug text, status text, tasks bigint)"
            " begin atomic"
            " select gen_random_uuid(), v.slug, v.status, v.tasks from (values"
            "   ('shop', 'pending', 7::bigint), ('shop', 'completed', 3), ('blog', 'pending', 1)"
            " ) as v (slug, status, tasks); end"
        )
    rows = json.loads(pgdocket("status", "--db", database.conninfo, "--json").stdout)["queue"]
    assert [(row["slug"], row["status"], row["tasks"]) for row in rows] == [
        ("blog", "pending", 1), ("shop", "completed", 3), ("shop", "pending", 7),
    ]  # fmt: skip
    plain = pgdocket("status", "--db", database.conninfo).stdout
    assert [line.split() for line in plain.splitlines()[-3:]] == [
        ["project", "pending", "completed"], ["blog", "1"], ["shop", "7", "3"],
    ]  # fmt: skip


def test_a_password_stays_out_of_the_process_list(pgdocket: Pgdocket, folder: Path) -> None:
    psql = folder / "bin" / "psql"
    psql.parent.mkdir()
    psql.write_text('#!/bin/sh\necho "$@"\necho "PGPASSWORD=$PGPASSWORD"\n')
    psql.chmod(0o755)
    done = pgdocket(
        "psql", "-c", "select 1",
        DATABASE_URL="postgresql://u:hidden@h/d", PATH=f"{psql.parent}:/usr/bin:/bin",
    )  # fmt: skip
    arguments, password = done.stdout.splitlines()
    assert "hidden" not in arguments
    assert arguments.endswith("-c select 1")
    assert password == "PGPASSWORD=hidden"  # noqa: S105

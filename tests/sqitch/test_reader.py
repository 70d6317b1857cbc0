"""What only reads a database does without psycopg, and finds the same."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pgdocket.config import resolve
from pgdocket.overview import overview
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.reader import reading
from support.changes import PERSON, Project, execute
from support.databases import Database

IMPORTED = """
import sys
from pgdocket.cli import main
try:
    main()
finally:
    heavy = {"psycopg", "rich", "asyncio", "importlib.metadata"} & sys.modules.keys()
    print(*sorted(heavy), file=sys.stderr)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "p", "p").change("one").change("two").tag("v1").save()


def test_rows_are_read(database: Database) -> None:
    with reading(database.conninfo) as connection:
        rows = connection.execute(
            b"select %(a)s::text, %(b)s::int, true, null, timestamptz '2020-01-02 03:04:05.6+00',"
            b" %(a)s::text || '!' union all select '', 0, false, 'x', null, null",
            {"a": "ö'", "b": 7},
        ).fetchall()
    moment = datetime(2020, 1, 2, 3, 4, 5, 600000, UTC)
    assert rows == [("ö'", 7, True, None, moment, "ö'!"), ("", 0, False, "x", None, None)]


def test_times_are_read_whatever_the_form_of_dates(database: Database) -> None:
    name = database.name
    execute(database, f"alter database {name} set datestyle = 'SQL, DMY'")
    execute(database, f"alter database {name} set timezone = 'Asia/Kolkata'")
    with reading(database.conninfo) as connection:
        ((found,),) = connection.execute(b"select timestamptz '2020-01-02T03:04:05Z'").fetchall()
    assert found == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_errors_are_those_of_the_server(database: Database) -> None:
    with reading(database.conninfo) as connection:
        with pytest.raises(SqitchError) as caught:
            connection.execute(b"select * from nowhere.nothing")
        assert connection.execute(b"select 1").fetchall() == [(1,)]
    assert caught.value.message == 'relation "nowhere.nothing" does not exist'
    assert caught.value.sqlstate == "42P01"


def test_a_database_that_is_not_there(database: Database) -> None:
    conninfo = f"{database.conninfo} dbname=nothing"
    missing = pytest.raises(SqitchError, match=r'database "nothing" does not exist$')
    with missing as caught, reading(conninfo):
        pass
    assert caught.value.sqlstate == "PDCON"


def test_status_is_the_same_with_psycopg(project: Project, database: Database) -> None:
    project.ours(database, "deploy", "--to", "one")
    for options in ([], ["--json"], ["--show-changes", "--show-tags"]):
        ours = project.apart(database, "status", *options)
        assert ours == project.apart(database, "status", *options, PSYCOPG_IMPL="binary")
    assert json.loads(project.ours(database, "status", "--json").stdout)["deployed"]


def test_status_imports_nothing_heavy(project: Project, database: Database) -> None:
    project.ours(database, "deploy")
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, "sqitch", "status", "--show-tags"],
        cwd=project.folder,
        env=database.environment | PERSON,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("Nothing to deploy (up-to-date)\n")
    assert done.stderr == "\n"


def test_a_server_that_says_nothing_can_be_left(project: Project, tmp_path: Path) -> None:
    path = tmp_path / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "pgdocket", "sqitch", "status"],
            cwd=project.folder,
            env=os.environ | {"PGHOST": str(tmp_path), "PGPORT": "5432", "PGDATABASE": "x"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        connection, _ = server.accept()
        with connection:
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert time.monotonic() - begun < 10
    assert process.returncode != 0


def test_the_overview_is_the_same_with_psycopg(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(
        database,
        "select t.* from docket.create_project('flipr') as p"
        " cross join lateral docket.create_task(p.project_id, 'A task') as t",
    )
    config = resolve(database.conninfo)
    quick = overview(config)
    assert quick.queue
    monkeypatch.setattr("pgdocket.overview.open_reader", lambda *_: None)
    assert overview(config) == quick

"""`pgdocket deploy`, `revert`, `verify`, and the help of `pgdocket sqitch`."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pgdocket.cli import cli
from pgdocket.sqitch.plan import load_plan
from support import databases
from support.changes import PERSON, execute, query
from support.databases import ROOT, Database
from support.outcomes import Outcome
from support.servers import TestServer, open_private_server

EVERY = [change.name for change in load_plan(ROOT / "sqitch.plan").changes]


@pytest.fixture(scope="module")
def private_server(run_folder: Path) -> Iterator[TestServer]:
    """A server of their own: the plan makes roles, which servers have."""
    try:
        server = open_private_server(run_folder, "pg15")
    except LookupError as error:
        pytest.skip(str(error))
    yield server
    server.local.stop("immediate")


@pytest.fixture
def alone(private_server: TestServer) -> Iterator[Database]:
    """An empty database beside which there is none; the roles of another may be there."""
    database = databases.create(private_server)
    yield database
    database.drop()


def run(database: Database, *arguments: str, answer: str = "") -> Outcome:
    """Runs `pgdocket`."""
    return call(database, [sys.executable, "-m", "pgdocket", *arguments], answer)


def sqitch(database: Database, *arguments: str) -> Outcome:
    """Runs the real sqitch on pgdocket's own plan."""
    if shutil.which("sqitch") is None:
        pytest.skip("sqitch is not installed")
    return call(database, ["sqitch", *arguments, f"db:pg:{database.name}"], "")


def call(database: Database, line: list[str], answer: str) -> Outcome:
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=database.environment | PERSON,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.timeout(600)
def test_the_real_program_finds_nothing_to_say(alone: Database) -> None:
    deployed = run(alone, "deploy")
    assert deployed.code == 0, deployed
    assert deployed.stdout.count(" ok\n") == len(EVERY)
    status = sqitch(alone, "status")
    assert (status.code, status.stdout.splitlines()[-1]) == (0, "Nothing to deploy (up-to-date)")
    assert sqitch(alone, "check").stdout.endswith("Check successful\n")
    verified = sqitch(alone, "verify")
    assert (verified.code, verified.stderr) == (0, "")
    assert verified.stdout.endswith("Verify successful\n")

    # And the reverse.
    assert sqitch(alone, "revert", "-y").code == 0
    assert run(alone, "verify").stdout.endswith("No changes deployed\n")
    assert sqitch(alone, "deploy").code == 0
    again = run(alone, "deploy")
    assert (again.code, again.stdout, again.stderr) == (0, "Nothing to deploy (up-to-date)\n", "")
    assert run(alone, "verify").stdout.endswith("Verify successful\n")
    checked = run(alone, "sqitch", "check", f"db:pg:{alone.name}")
    assert (checked.code, checked.stdout.splitlines()[-1]) == (0, "Check successful")
    assert run(alone, "revert", "-y", "--to", EVERY[-5]).stdout.count(" ok\n") == 4
    assert run(alone, "deploy").stdout.count(" ok\n") == 4
    status = sqitch(alone, "status")
    assert (status.code, status.stdout.splitlines()[-1]) == (0, "Nothing to deploy (up-to-date)")


def test_each_change_is_one_transaction(alone: Database) -> None:
    told = json.loads(run(alone, "deploy", "--json", "--to", "access/organizations").stdout)
    assert told["changes"]
    assert all(change["atomic"] and change["ok"] for change in told["changes"])
    reverted = json.loads(run(alone, "revert", "--json", "-y", "--to", EVERY[0]).stdout)
    assert all(change["atomic"] and change["ok"] for change in reverted["changes"])


def test_the_schema_can_be_reviewed_before_it_is_deployed(alone: Database, tmp_path: Path) -> None:
    told = json.loads(run(alone, "deploy", "--dry-run", "--json").stdout)
    assert told["dry_run"]
    assert [each["change"] for each in told["changes"]] == EVERY
    script = tmp_path / "deploy.sql"
    assert run(alone, "deploy", "--sql", str(script)).code == 0
    assert query(alone, "select to_regnamespace('sqitch') is null") == [(True,)]
    line = [str(alone.server.binaries / "psql"), "--no-psqlrc", "--file", str(script)]
    assert call(alone, line, "").stderr == ""
    assert sqitch(alone, "status").stdout.endswith("Nothing to deploy (up-to-date)\n")
    assert run(alone, "verify").stdout.endswith("Verify successful\n")
    assert run(alone, "revert", "--dry-run").stdout.count("  - ") == len(EVERY)
    assert query(alone, "select count(*) from sqitch.changes") == [(len(EVERY),)]


def test_reverting_all_is_asked_first(alone: Database) -> None:
    assert run(alone, "deploy", "--to", EVERY[1]).code == 0
    silent = run(alone, "revert")
    assert silent.code == 3
    assert "nobody is there to answer" in silent.stderr
    refused = run(alone, "revert", answer="n\n")
    assert refused.code != 0
    assert "Nothing reverted" in refused.stderr
    assert query(alone, "select count(*) from sqitch.changes") == [(2,)]
    assert run(alone, "revert", answer="y\n").code == 0
    assert query(alone, "select count(*) from sqitch.changes") == [(0,)]


def test_errors_have_pgdockets_exit_codes(alone: Database) -> None:
    assert run(alone, "deploy", "--to", EVERY[2]).code == 0
    execute(alone, "update sqitch.changes set change_id = repeat('0', 40) where change = "
                   f"'{EVERY[2]}'")  # fmt: skip
    outcome = run(alone, "deploy")
    assert outcome.code == 17
    assert outcome.stderr.startswith("pgdocket: Cannot find change 000000")
    assert outcome.stderr.count("\n") == 2  # the line and its hint
    unreachable = run(alone, "deploy", "--db", "host=/nowhere dbname=x")
    assert unreachable.code == 12
    assert unreachable.stderr.startswith("pgdocket: connection to server")


def test_a_terminal_gets_a_display_with_times(alone: Database) -> None:
    shown = on_terminal(alone, "deploy", "--to", EVERY[2])
    for name in EVERY[:3]:
        assert name in shown
    assert " ms" in shown
    assert "3/3" in shown


def on_terminal(database: Database, *arguments: str) -> str:
    """What `pgdocket` shows on a terminal."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket", *arguments],
        env=database.environment | PERSON | {"TERM": "xterm", "COLUMNS": "100"},
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
    )
    os.close(secondary)
    shown = b""
    try:
        while chunk := os.read(primary, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(primary)
    assert process.wait(timeout=60) == 0
    return shown.decode()


COMMANDS = ["deploy", "revert", "verify", *(
    f"sqitch {name}" for name in ("plan", "deploy", "revert", "verify", "status", "log")
), "sqitch"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_parses(command: str) -> None:
    shown = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert "Example:" in shown.output
    example = next(
        line.split() for line in shown.output.splitlines() if line.startswith("    pgdocket ")
    )
    assert example[1 : 1 + len(command.split())] == command.split()
    found: click.Command | None = cli
    arguments = example[1:]
    while isinstance(found, click.Group):
        name, *arguments = arguments
        found = found.get_command(click.Context(found), name)
    assert found is not None
    found.make_context(found.name, list(arguments), resilient_parsing=False)

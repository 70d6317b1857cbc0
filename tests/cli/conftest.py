"""What the tests of the commands share."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pgdocket.cli import cli
from support.clients import Run, RunJson
from support.databases import Database

NAMING = ("PG", "DB_", "DATABASE_")


@pytest.fixture
def run(docket: Database) -> Run:
    """Runs a command on the test's database: run("task", "list"). `input` goes to its stdin."""
    inherited = {name: None for name in os.environ if name.startswith(NAMING)}
    named = {key: value for key, value in docket.environment.items() if key.startswith(NAMING)}

    def call(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - as Click's
        return CliRunner().invoke(cli, arguments, env=inherited | named, input=input)

    return call


@pytest.fixture
def run_json(run: Run) -> RunJson:
    """Runs a command with --json, which must go well, and reads what it printed."""

    def call(*arguments: str) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return call


@pytest.fixture
def shop(run_json: RunJson) -> RunJson:
    """A project with three tasks: shop-2 waits for shop-1, shop-3 for nothing."""
    run_json("project", "add", "shop")
    run_json("task", "add", "Lay the table", "--priority", "high", "--tag", "web")
    run_json("task", "add", "Serve", "--depends-on", "shop-1", "--priority", "critical")
    run_json("task", "add", "Wash up", "--priority", "low", "--file", "sink.py")
    return run_json

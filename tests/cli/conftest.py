"""What the tests of the commands share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.clients import Run, RunJson, run_at
from support.databases import Database


@pytest.fixture
def run(docket: Database) -> Run:
    """Runs a command on the test's database: run("task", "list"). `input` goes to its stdin."""
    return run_at(docket)


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

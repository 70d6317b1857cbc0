"""The pytest plugin: what it gives to those who test against a docket.

tests/test_packaging.py has it used from the built wheel.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from support.second_project import run_project
from support.servers import TestServer

# Where an older pgdocket is installed beside this checkout, pytest doesn't know it by itself.
PLUGIN = () if "pgdocket" in entry_points(group="pytest11").names else ("-p", "pgdocket.testing")


def test_two_workers_share_an_embedded_server(tmp_path: Path) -> None:
    assert "5 passed" in run_project(tmp_path, *PLUGIN, "-n", "2")


def test_a_server_that_is_named_keeps_the_template(server15: TestServer, tmp_path: Path) -> None:
    named = (*PLUGIN, "--docket-dsn", server15.conninfo())
    assert "5 passed" in run_project(tmp_path, *named)
    assert "1 passed" in run_project(tmp_path, *named, "-k", "scenario")

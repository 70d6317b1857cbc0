"""What people see: Sqitch's lines in a pipe, a live display on a terminal, times on request."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.changes import PERSON, Project
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three changes, the second tagged and talkative."""
    project = Project(tmp_path / "shop", "shop")
    project.change("one").change("two", "one").tag("v1").change("three")
    notice = "do $$ begin raise notice '[red]:smile:'; end $$;"
    project.write("two", "deploy", f"begin; {notice} create table public.two (id int); commit;")
    return project.save()


@pytest.fixture
def database(server15: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server15)


def on_terminal(project: Project, database: Database, *arguments: str) -> tuple[int, str]:
    """Exit code, and what a terminal shows, without the sequences that move and colour it."""
    primary, secondary = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "sqitch", *arguments],
        cwd=project.folder,
        env=database.environment | PERSON | {"TERM": "xterm", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=secondary,
        stderr=secondary,
    ) as process:
        os.close(secondary)
        shown = b""
        try:
            while chunk := os.read(primary, 65536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        os.close(primary)
        code = process.wait(timeout=60)
    text = shown.decode().replace("\r", "").replace("\x1b[2K", "\n")  # a line that is wiped out
    return code, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_terminal_sees_times_and_progress(database: Database, project: Project) -> None:
    code, shown = on_terminal(project, database, "deploy", "--verify")
    assert code == 0
    assert re.search(r"^  \+ two @v1 +\d+\.\d ms$", shown, re.MULTILINE), shown
    assert "NOTICE:  [red]:smile:\n" in shown
    assert "3/3" in shown
    assert re.search(r"^3 changes in \d+\.\d{3} s$", shown, re.MULTILINE)
    code, shown = on_terminal(project, database, "verify")
    assert re.search(r"^  \* three +\d+\.\d ms$", shown, re.MULTILINE), shown
    code, shown = on_terminal(project, database, "revert", "-y", "--to", "@v1")
    assert re.search(r"^  - three +\d+\.\d ms$", shown, re.MULTILINE), shown


def test_a_failed_run_shows_what_is_taken_back(database: Database, project: Project) -> None:
    project.write("three", "deploy", "begin; select nonsense; commit;")
    code, shown = on_terminal(project, database, "deploy")
    assert code == 2
    assert "LINE 1: select nonsense;\n               ^\n" in shown
    assert re.search(r"^  ✗ three +\d", shown, re.MULTILINE), shown
    assert re.search(r"^  - one +\d", shown, re.MULTILINE), shown
    assert shown.endswith("Deploy failed\n")


@pytest.mark.parametrize("switch", ["--plain", "--quiet"])
def test_a_terminal_can_have_sqitchs_lines(
    database: Database, project: Project, switch: str
) -> None:
    code, shown = on_terminal(project, database, "deploy", switch)
    assert code == 0
    assert " ms" not in shown
    assert ("  + three .... ok\n" in shown) == (switch == "--plain")


def test_times_are_told_on_request(database: Database, project: Project) -> None:
    shown = project.ours(database, "deploy", "-v", "--to", "one").stdout
    assert re.search(r"\n  \+ one \.\. ok \(\d+\.\d ms\)\n1 change in \d\.\d{3} s\n$", shown), shown
    told = json.loads(project.ours(database, "deploy", "--json").stdout)
    assert all(each["seconds"] > 0 for each in told["changes"])
    total = sum(each["seconds"] for each in told["changes"])
    assert told["seconds"] == pytest.approx(total, abs=1e-5)

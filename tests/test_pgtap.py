"""Every file under pgtap/ is a test: it runs through psql in a connection of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from support import pgtap, soak
from support.databases import ROOT, Database, why_no_pgtap
from support.servers import TestServer
from support.sessions import Connect

FILES = sorted(
    path for path in (ROOT / "pgtap").rglob("*.sql") if path.parent != ROOT / "pgtap" / "support"
)
NAMES = [path.relative_to(ROOT / "pgtap").with_suffix("").as_posix() for path in FILES]


@pytest.fixture
def tap_database(shared_docket: Database, run_folder: Path) -> Database:
    reason = why_no_pgtap(shared_docket.server, run_folder)
    if reason is not None:
        pytest.skip(reason)
    return shared_docket


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_pgtap(path: Path, tap_database: Database) -> None:
    outcome = pgtap.run_file(path, tap_database.environment, tap_database.server.binaries / "psql")
    if outcome.skipped is not None:
        pytest.skip(outcome.skipped)
    assert not outcome.problems, "\n".join([*outcome.problems, "", "full output:", outcome.output])


@pytest.mark.soak
def test_the_files_pass_under_pg_prove(tap_database: Database) -> None:
    """The short run has a tenth of them: each has passed, run by psql as pg_prove runs it."""
    pg_prove = which("pg_prove")
    if pg_prove is None:
        pytest.skip("pg_prove is not installed (Debian: libtap-parser-sourcehandler-pgtap-perl)")
    environment = tap_database.environment | {"PGOPTIONS": f"-c search_path={pgtap.SCHEMA}"}
    process = subprocess.run(
        [pg_prove, "--jobs", str(os.cpu_count() or 1), *map(str, FILES[:: soak.size(10, 1)])],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1..2\nok 1 - a\n", "planned 2 results but gave 1"),
        ("1..1\nok 1\nok 2\n", "planned 1 results but gave 2"),
        ("ok 1 - a\n", "no plan"),
        ("", "no plan"),
        ("1..1\nnot ok 1 - a\n# Failed\n# have: 1\n", "not ok 1 - a\n# Failed\n# have: 1"),
        ("1..1\nBail out!  no\nok 1\n", "Bail out!  no"),
    ],
)  # fmt: skip
def test_tap_that_promises_more_than_it_gives_fails(text: str, problem: str) -> None:
    outcome = pgtap.read_tap(text)
    assert any(found.startswith(problem) for found in outcome.problems)


def test_tap_that_holds_has_no_problems() -> None:
    outcome = pgtap.read_tap("\n1..3\nok 1 - a\nnot ok 2 - b # TODO later\n# x\nok 3 # SKIP c\n")
    assert outcome.problems == ()
    assert outcome.skipped is None


def test_a_whole_file_may_skip_with_its_reason() -> None:
    assert pgtap.read_tap("1..0 # SKIP needs vector\n").skipped == "needs vector"


def test_an_error_of_psql_fails_the_file(tap_database: Database, tmp_path: Path) -> None:
    path = tmp_path / "broken.sql"
    path.write_text("begin;\nselect plan(1);\nselect pass('fine');\nselect 1 / 0;\nrollback;\n")
    outcome = pgtap.run_file(path, tap_database.environment, tap_database.server.binaries / "psql")
    assert "division by zero" in outcome.problems[0]


def test_pgtap_comes_from_the_package_registry_where_debian_has_none(
    server: TestServer,
    new_database: Callable[[TestServer], Database],
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pgtap, "DEBIAN_FILES", "nowhere/*.sql")
    try:
        script = pgtap.plain_script()
    except LookupError as error:
        pytest.skip(str(error))
    database = new_database(server)
    pgtap.load_script(connect(database), script)
    path = tmp_path / "small.sql"
    path.write_text("begin;\nselect plan(1);\nselect is(1, 1, 'one');\nrollback;\n")
    outcome = pgtap.run_file(path, database.environment, server.binaries / "psql")
    assert outcome.problems == ()

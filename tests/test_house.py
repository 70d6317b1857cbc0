"""What conftest.py promises: nothing is left running, and no skip passes where all is required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgdocket.server import processes
from pgdocket.testing import runs
from support.databases import ROOT

TELL = """
from pathlib import Path
def tell(server):
    Path(__file__).with_name("told").open("a").write(f"{server.home}\\n")
"""


def run_tests(folder: Path, code: str, *options: str, **environment: str) -> tuple[int, str]:
    """Runs tests in a pytest of their own under this house: exit code and output."""
    (folder / "test_inner.py").write_text(TELL + code)
    (folder / "pytest.ini").write_text("[pytest]\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    inherited.pop("PGDOCKET_REQUIRE_ALL", None)
    paths = os.pathsep.join(
        [str(ROOT / "tests"), str(ROOT / "runner"), *filter(None, [inherited.get("PYTHONPATH")])]
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-q", "-rs", *options, str(folder)],
        env=inherited | {"PYTHONPATH": paths} | environment,
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def told(folder: Path) -> list[Path]:
    """The homes of the servers that the inner tests met."""
    return [Path(line) for line in (folder / "told").read_text().splitlines()]


SKIPS = """
import pytest
def test_skips():
    pytest.skip("no such program")
@pytest.mark.skipif(True, reason="not here")
def test_marked():
    pass
@pytest.mark.xfail(reason="known")
def test_expected():
    assert False
"""


def test_a_skip_is_visible_and_passes(tmp_path: Path) -> None:
    code, output = run_tests(tmp_path, SKIPS)
    assert code == 0, output
    assert "2 skipped, 1 xfailed" in output
    assert "no such program" in output


def test_a_skip_fails_where_everything_is_required(tmp_path: Path) -> None:
    code, output = run_tests(tmp_path, SKIPS, PGDOCKET_REQUIRE_ALL="1")
    assert code == 1, output
    assert "1 failed, 1 xfailed, 1 error" in output
    assert "no such program" in output


def test_a_skipped_module_fails_where_everything_is_required(tmp_path: Path) -> None:
    module = "import pytest\npytest.skip('no such module', allow_module_level=True)\n"
    assert run_tests(tmp_path, module)[0] == 5
    code, output = run_tests(tmp_path, module, PGDOCKET_REQUIRE_ALL="1")
    assert code not in {0, 5}, output
    assert "no such module" in output


def test_workers_share_one_server_which_ends_with_the_run(tmp_path: Path) -> None:
    tests = "".join(f"def test_{n}(server18):\n    tell(server18)\n" for n in range(4))
    code, output = run_tests(tmp_path, tests, "-n2", "--dist=each")
    assert code == 0, output
    homes = told(tmp_path)
    assert len(homes) == 8
    assert len(set(homes)) == 1
    assert not homes[0].exists()
    assert processes.working_in(homes[0] / "data") == []


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_stops_its_servers(signal_name: str, tmp_path: Path) -> None:
    tests = f"""
import os, signal
def test_interrupted(server18):
    tell(server18)
    os.kill(os.getpid(), signal.{signal_name})
    signal.pause()
"""
    code, output = run_tests(tmp_path, tests)
    assert code == 2, output
    [home] = told(tmp_path)
    assert not home.exists()
    assert processes.working_in(home / "data") == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    tests = """
import os, signal
def test_killed(server18):
    tell(server18)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_tests(tmp_path, tests)[0] == -9
    [home] = told(tmp_path)
    assert processes.working_in(home / "data") != []
    assert home.parent in list(runs.leftovers(runs.base_folder()))
    assert run_tests(tmp_path, "def test_next(): pass")[0] == 0
    assert not home.exists()
    assert processes.working_in(home / "data") == []


def test_the_run_of_this_test_is_no_leftover(run_folder: Path) -> None:
    assert run_folder not in list(runs.leftovers(run_folder.parent))

"""Validations from the shell: real SARIF of three tools and real JUnit of pytest are taken in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgdocket import junit
from pgdocket.errors import InvalidArgument
from support.clients import Run, RunJson

PROGRAM = """import pickle
import subprocess


def order(text, line):
    subprocess.call("sort " + text, shell=True)
    return pickle.loads(line)
"""
TESTS = """import pytest


def test_good():
    pass


def test_bad():
    assert 1 == 2, "one is not two"


@pytest.mark.skip(reason="not now")
def test_left_out():
    pass


@pytest.fixture
def broken():
    raise OSError("no <table> & no chair")


def test_broken(broken):
    pass
"""
WORKFLOW = """on: pull_request_target
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""


def write(folder: Path) -> None:
    """A small project with something to find for each tool."""
    (folder / "src").mkdir()
    (folder / "src" / "order.py").write_text(PROGRAM)
    (folder / "test_order.py").write_text(TESTS)
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "build.yml").write_text(WORKFLOW)


def tool(folder: Path, name: str, *arguments: str) -> str:
    """What a tool of the environment that the tests run in prints."""
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [str(program), *arguments], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # a third of the time
    )  # fmt: skip
    return done.stdout


def test_what_three_tools_find_is_followed_over_runs(
    shop: RunJson, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    commands = {
        "ruff": [
            "check",
            "--isolated",
            "--no-cache",
            "--select",
            "S,F",
            "--output-format",
            "sarif",
        ],
        "bandit": ["-q", "-r", "src", "-f", "sarif"],
        "zizmor": ["--offline", "--format", "sarif", "."],
    }
    for name, arguments in commands.items():
        (tmp_path / f"{name}.sarif").write_text(tool(tmp_path, name, *arguments))
        (result,) = shop("validation", "ingest", f"{name}.sarif", "--task", "shop-1")
        assert result["validation_type"] == name
        assert result["issues_new"] > 0
        assert result["validation_status"] in ("failed", "warning")
    found = shop("validation", "findings", "shop-1")
    places = {(each["tool"].lower(), each["path"]) for each in found}
    assert places == {
        ("ruff", "src/order.py"),
        ("ruff", "test_order.py"),
        ("bandit", "src/order.py"),
        ("zizmor", ".github/workflows/build.yml"),
    }
    shell = {each["rule_id"]: each for each in found if each["start_line"] == 6}
    assert shell["B602"]["severity"] == "critical"
    assert "S602" in shell

    # The same code two lines further down, and one thing repaired.
    (tmp_path / "src" / "order.py").write_text("\n\n" + PROGRAM.replace(", shell=True", ""))
    again = tool(tmp_path, "bandit", *commands["bandit"])
    told = run("validation", "ingest", "-", "--task", "shop-1", input=again)
    assert told.exit_code == 0, told.output
    (trend,) = shop("validation", "trend", "shop-1", "--type", "bandit")[1:]
    before = [each for each in found if each["tool"] == "Bandit"]
    fixed = shop("validation", "findings", "shop-1", "--type", "bandit", "--state", "fixed")
    assert "B602" in {each["rule_id"] for each in fixed}
    assert trend["issues_fixed"] == len(fixed)
    kept = shop("validation", "findings", "shop-1", "--type", "bandit", "--state", "unchanged")
    assert {each["finding_id"] for each in kept + fixed} == {each["finding_id"] for each in before}
    lines = {each["finding_id"]: each["start_line"] for each in before}
    assert all(each["start_line"] == lines[each["finding_id"]] + 2 for each in kept)


def test_what_pytest_says_is_a_result_with_the_tests_that_failed(
    shop: RunJson, run: Run, tmp_path: Path
) -> None:
    write(tmp_path)
    report = tmp_path / "junit.xml"
    options = ["-q", "-p", "no:cacheprovider", "--junit-xml", str(report)]
    tool(tmp_path, "pytest", *options, "test_order.py")
    (result,) = shop("validation", "ingest", str(report), "--task", "shop-1")
    assert (result["validation_type"], result["validation_status"]) == ("tests", "failed")
    assert (result["score"], result["max_score"]) == (1, 3)
    assert {name: result["details"][name] for name in ("failures", "errors", "skipped")} == {
        "failures": 1, "errors": 1, "skipped": 1,
    }  # fmt: skip
    bad, broken = shop("validation", "findings", "shop-1")
    assert (bad["rule_id"], bad["severity"]) == ("test_order.test_bad", "major")
    assert "one is not two" in bad["message"]
    assert "no <table> & no chair" in broken["details"]["output"]

    tool(tmp_path, "pytest", *options, "test_order.py", "-k", "good")
    told = run("validation", "ingest", str(report), "--task", "shop-1", "--partial")
    assert "tests passed (run 2), 0 issues" in told.stdout
    assert len(shop("validation", "findings", "shop-1")) == 2
    assert "2 fixed" in run("validation", "ingest", str(report), "--task", "shop-1").stdout
    listed = shop("validation", "list", "shop-1", "--status", "passed")
    assert [(each["task_key"], each["run_no"]) for each in listed] == [("shop-1", 2), ("shop-1", 3)]
    assert shop("validation", "score", "shop-1")["score"] == 100
    assert "shop-1: 100" in run("validation", "score", "shop-1").stdout


def test_what_can_not_be_read_is_refused(shop: RunJson, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content in ("<html/>", "{", "<testsuite>", '{"version": "2.1.0"}'):
        file.write_text(content)
        refused = run("validation", "ingest", str(file), "--task", "shop-1")
        assert refused.exit_code == 3, refused.output
    assert run("validation", "ingest", str(tmp_path), "--task", "shop-1").exit_code == 3
    assert json.loads(run("validation", "list", "--json").stdout) == []
    assert shop("validation", "findings") == []


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE bomb [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
<testsuite name="&b;"><testcase name="&x;"/></testsuite>"""


def test_no_xml_can_blow_up_or_reach_a_file() -> None:
    with pytest.raises(InvalidArgument, match="no document type"):
        junit.read(BOMB)
    with pytest.raises(InvalidArgument, match="nested"):
        junit.read(b"<testsuite>" * 200 + b"</testsuite>" * 200)


def test_suites_are_read_within_suites_and_numbers_as_they_are_written() -> None:
    report = junit.read(
        b'<testsuites><testsuite name="a"><testsuite name="b">'
        b'<testcase name="t" classname="c" time="1,234.5" line="7"><failure message="m">'
        b"x<![CDATA[<y>]]></failure><system-out>noise</system-out></testcase>"
        b'<testcase name="u" time="nan"><skipped/></testcase></testsuite></testsuite></testsuites>'
    )
    case = {"name": "t", "classname": "c", "line": 7, "time": 1234.5}
    case["failure"] = {"message": "m", "text": "x<y>"}
    skipped = {"name": "u", "skipped": {"text": ""}}
    inner = {"name": "b", "suites": [], "cases": [case, skipped]}
    assert report == {"suites": [{"name": "a", "suites": [inner], "cases": []}]}

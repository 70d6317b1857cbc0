"""`pgdocket sqitch plan` prints what `sqitch plan` prints, byte by byte."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pgdocket.cli import cli
from support.real_sqitch import run_sqitch

WHO = "Ada Lövelace <ada@example.com>"
PLAN = f"""\
%syntax-version=1.0.0
%project=flipr
%uri=https://github.com/sqitchers/sqitch-intro/

appschema 2013-12-30T23:19:30Z {WHO} # Add schema for all flipr objects.
users [appschema] 2013-12-30T23:49:00Z Bob <bob@example.com> # Creates table.
-flips [users appschema !dr_evil !other:evil] 2013-06-30T00:12:12Z {WHO} # 1\\n\\n3 \\\\ # ü.
@v1.0.0-dev1 2013-12-31T00:13:00Z {WHO} # Tag v1.0.0-dev1.
@v1 2013-12-31T00:13:00Z {WHO}

users [users@v1 !x] 2014-01-30T23:49:00Z Bob <bob@example.com>
last 2014-01-30T23:49:00Z Bob <bob@example.com> # one\\ntwo
"""
FORMATS = ("raw", "full", "long", "medium", "short", "oneline")
CODES = (
    "%e|%L|%l|%{event}_|%{committed}_|%H|%h|%{5}h|%n|%o|%p|%%",
    "%{name}p|%{e}p|%{date}p|%{d:rfc}p|%{date:raw}p|%{date:full}p|%{date:cldr:E d MMM 'of' yy}p",
    "%{date:strftime:%Y-%j}p|[%t][%T][%{|}t][%{|}T]|[%s][%b][%{> }B][%{> }b]",
    "[%r][%R][%x][%X][%{;}r][%{;}R]|%{event}a%{tags}a%{requires}a%{note}a%{planned_at}a",
    "%{red}C%{:event}C%e%{reset}C|[%10e][%-10e][%.3e][%10.3e]|% x|%v",
)
CALLS: list[list[str]] = [
    *[["--format", name] for name in FORMATS],
    *[["--format", name, "--color", "always"] for name in ("full", "oneline")],
    *[["--format", f"format:{codes}", "--no-headers"] for codes in CODES],
    ["--format", f"format:{CODES[-1]}", "--color", "always"],
    *[["--date", name] for name in ("rfc", "raw", "full", "long", "medium", "short")],
    ["--oneline", "--reverse", "-n", "2", "--skip", "1"],
    ["--oneline", "--event", "revert"],
    ["--oneline", "--change", "^u"],
    ["--oneline", "--planner", "Bob"],
    ["--oneline", "--change", "no such change"],
    ["--oneline", "-n", "0"],
    ["--abbrev", "7"],
    ["users@v1"],
    ["db:pg:a", "db:pg:b", "--oneline"],
]
WRONG_CALLS: list[list[str]] = [
    ["nothing"],
    ["--target", "nope"],
    ["--event", "bogus"],
    ["--format", "bogus"],
    ["--format", "format:%z"],
    ["--format", "format:%{bogus}C"],
    ["--format", "format:%{bogus}a"],
    ["--format", "format:%{bogus}_"],
    ["--format", "format:%_"],
    ["--date", "bogus"],
    ["--format", "format:%{date:bogus}p"],
]

needs_sqitch = pytest.mark.skipif(
    shutil.which("sqitch") is None, reason="the program sqitch is not installed"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project in the working directory, in a time zone that is not UTC."""
    (tmp_path / "sqitch.conf").write_text("[core]\n\tengine = pg\n")
    (tmp_path / "sqitch.plan").write_text(PLAN)
    for name in [name for name in os.environ if name.startswith(("SQITCH_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.chdir(tmp_path)
    time.tzset()
    yield tmp_path
    monkeypatch.undo()
    time.tzset()


@dataclass(frozen=True, slots=True)
class Run:
    """What a program left behind."""

    stdout: bytes
    stderr: bytes
    returncode: int


def ours(*arguments: str) -> Run:
    done = CliRunner().invoke(cli, ["sqitch", "plan", *arguments])
    return Run(done.stdout_bytes, done.stderr_bytes, done.exit_code)


def theirs(*arguments: str) -> Run:
    done = run_sqitch(Path.cwd(), ("plan", *arguments), os.environ)
    return Run(done.stdout.encode(), done.stderr.encode(), done.code)


@needs_sqitch
@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_output_is_the_same(call: list[str]) -> None:
    assert ours(*call) == theirs(*call)


@needs_sqitch
@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("call", WRONG_CALLS, ids=" ".join)
def test_errors_are_the_same(call: list[str]) -> None:
    mine, real = ours(*call), theirs(*call)
    # Where Perl adds a stack trace, what it says stands before that.
    said = real.stderr.split(b"\nTrace begun")[0].rstrip()
    assert mine.stderr.rstrip() == said
    assert mine.returncode == real.returncode
    assert mine.returncode != 0


@needs_sqitch
def test_an_empty_plan_is_a_soft_failure(project: Path) -> None:
    (project / "sqitch.plan").write_text("%project=flipr\n\n")
    mine, real = ours(), theirs()
    assert (mine.stdout, mine.returncode) == (real.stdout, real.returncode)
    assert mine.returncode == 1


@needs_sqitch
@pytest.mark.parametrize("missing", ["sqitch.plan", "sqitch.conf"])
def test_a_missing_file_is_the_same_error(project: Path, missing: str) -> None:
    (project / missing).unlink()
    mine, real = ours(), theirs()
    assert (mine.stderr, mine.returncode) == (real.stderr, real.returncode)
    assert mine.returncode == 2


@needs_sqitch
@pytest.mark.parametrize("seed", range(6))
def test_random_plans_have_the_same_ids(project: Path, seed: int) -> None:
    (project / "sqitch.plan").write_text(random_plan(random.Random(seed)))  # noqa: S311
    mine, real = ours("--format", "raw"), theirs("--format", "raw")
    assert real.returncode == 0, real.stderr
    assert mine.stdout == real.stdout


def random_plan(choose: random.Random) -> str:
    """A valid plan with tags, reworks, dependencies of all kinds, and odd notes and spacing."""
    lines = ["%syntax-version=1.0.0", "%project=pr", ""]
    if choose.random() < 0.5:
        lines.insert(2, f"%uri={choose.choice(['http://X.com', 'u', 'foo:Bar', 'https://x/%7e'])}")
    section: list[str] = []
    earlier: list[str] = []
    tags: list[str] = []
    for _ in range(40):
        stamp = f"20{choose.randint(10, 29)}-0{choose.randint(1, 9)}-02T03:04:05Z"
        note = choose.choice(["", " # n", "# ü \\n\\\\x \\q ", "  #  a # b", " # 0", "#"])
        if section and choose.random() < 0.3:
            tags.append(f"t{len(tags)}")
            lines.append(f"@{tags[-1]} {stamp} {WHO}{note}")
            earlier += section
            section = []
            continue
        name = choose.choice([name for name in "abcdefgé" * 2 + "x" if name not in section] or "z")
        name = name if name != "x" else f"x/n{len(lines)}"
        if name in section:
            continue
        known = [each for each in dict.fromkeys(earlier + section) if each != name]
        candidates = known + [f"@{tag}" for tag in tags] + ["!q", "!pr:a", "o:x", "!o:y@t", "o:@t"]
        picked = choose.sample(candidates, k=choose.randint(0, min(3, len(candidates))))
        brackets = f" [{' '.join(picked)}]" if picked else ""
        sign = choose.choice(["", "", "", "+", " - "])
        lines.append(f"{sign}{name}{brackets}{choose.choice([' ', '  '])}{stamp} {WHO}{note}")
        section.append(name)
    return "\n".join(lines) + "\n"


def test_several_filters_narrow_each_other_down(project: Path) -> None:
    # Sqitch shows what matches any of them.
    (project / "sqitch.plan").write_text(PLAN)
    done = ours(
        "--oneline", "--no-headers", "--event", "deploy", "--planner", "Bob", "--change", "u"
    )
    assert [line.split()[2] for line in done.stdout.decode().splitlines()] == ["users", "users"]


@pytest.mark.usefixtures("project")
def test_another_plan_can_be_named() -> None:
    Path("other.plan").write_text("%project=other\n\na 2020-01-02T03:04:05Z Ada <a@x>\n")
    done = ours("--plan-file", "other.plan", "--oneline")
    assert done.stdout.startswith(b"# Project: other\n# File:    other.plan\n\n")


@pytest.mark.usefixtures("project")
def test_json_holds_the_whole_plan() -> None:
    found = json.loads(ours("--json").stdout)
    assert (found["project"], found["file"]) == ("flipr", "sqitch.plan")
    flips = found["changes"][2]
    assert flips["change"] == "flips"
    assert flips["event"] == "revert"
    assert flips["requires"] == ["users", "appschema"]
    assert flips["conflicts"] == ["dr_evil", "other:evil"]
    assert [tag["tag"] for tag in flips["tags"]] == ["@v1.0.0-dev1", "@v1"]
    assert flips["parent_id"] == found["changes"][1]["change_id"]
    assert flips["planned_at"] == "2013-06-30T00:12:12+00:00"

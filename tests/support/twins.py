"""Two equal folders, one for each program: whatever both do there must come out the same."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pgdocket.cli import cli
from support.outcomes import Outcome
from support.real_sqitch import run_sqitch

PLANNED = "2013-12-30T23:19:30Z Ada Lövelace <ada@example.com>"
_NOW = re.compile(r"\b20(?!13)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TRACE = re.compile(r"\s*^Trace begun at .*", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Twins:
    """The folders `ours` and `theirs`, and a home that both programs share."""

    base: Path

    @property
    def mine(self) -> Path:
        """The folder in which pgdocket works."""
        return self.base / "ours"

    def write(self, files: Mapping[str, str]) -> Twins:
        """Writes files, by their paths, in both folders."""
        for folder in ("ours", "theirs"):
            for name, text in files.items():
                path = self.base / folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return self

    def plan(self, *lines: str, conf: str = "") -> Twins:
        """Writes a plan of project `flipr` whose lines are names, and a configuration."""
        body = "".join(f"{line} {PLANNED}\n" if line else "\n" for line in lines)
        head = "%syntax-version=1.0.0\n%project=flipr\n%uri=https://example.com/flipr/\n\n"
        files = {"sqitch.plan": head + body, "sqitch.conf": f"[core]\n\tengine = pg\n{conf}"}
        return self.write(files)

    def ours(self, *arguments: str, **environment: str) -> Outcome:
        """Runs `pgdocket sqitch` in its folder."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.mine)
            for name in [each for each in os.environ if each.startswith(("SQITCH_", "PG"))]:
                patch.delenv(name)
            for name, value in self.environment(**environment).items():
                patch.setenv(name, value)
            done = CliRunner().invoke(cli, ["sqitch", *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout_bytes.decode(), done.stderr_bytes.decode())

    def theirs(self, *arguments: str, **environment: str) -> Outcome:
        """Runs the real sqitch in its folder; the test is skipped where there is none."""
        return run_sqitch(self.base / "theirs", arguments, self.environment(**environment))

    def agree(self, *arguments: str, code: int = 0, **environment: str) -> Outcome:
        """Runs both: output, exit code and all files must be the same afterwards.

        `code` is the exit code that both must end with. What Perl adds to a message, a trace of
        its stack, is not compared.
        """
        real = self.theirs(*arguments, **environment)
        mine = self.ours(*arguments, **environment)
        assert (mine.code, masked(mine.stdout)) == (real.code, masked(real.stdout)), mine
        assert masked(mine.stderr).rstrip() == _TRACE.sub("", masked(real.stderr)).rstrip()
        assert mine.code == code
        assert self.files("ours") == self.files("theirs")
        return mine

    def agree_all(self, calls: Sequence[Sequence[str]], code: int = 0) -> None:
        """Runs both, call after call."""
        for call in calls:
            self.agree(*call, code=code)

    def files(self, folder: str = "ours") -> dict[str, str | None]:
        """The text of every file by its path, None for a folder; times of today masked."""
        top = self.base / folder
        return {
            str(path.relative_to(top)): masked(path.read_bytes().decode())
            if path.is_file()
            else None
            for path in sorted(top.rglob("*"))
        }

    def text(self, name: str) -> str:
        """The text of one of our files, times of today masked."""
        return masked((self.mine / name).read_text())

    def environment(self, **more: str) -> dict[str, str]:
        """The variables that a program sees."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.base / "home"),
            "LANG": "C.UTF-8",
            "SQITCH_SYSTEM_CONFIG": str(self.base / "no.conf"),
            "SQITCH_FULLNAME": "Grace Hopper",
            "SQITCH_EMAIL": "grace@example.com",
            "SQITCH_EDITOR": "false",
            **more,
        }


def masked(text: str) -> str:
    """The text with the times of today replaced."""
    return _NOW.sub("NOW", text)


def twins_in(folder: Path) -> Twins:
    """Two empty folders."""
    for name in ("ours", "theirs", "home"):
        (folder / name).mkdir()
    return Twins(folder)

"""Two folders that start the same, one for each program, to compare what they do to files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pgdocket.cli import cli
from support.changes import PERSON
from support.outcomes import Outcome
from support.real_sqitch import run_sqitch


@dataclass(frozen=True, slots=True)
class Twins:
    """The folders `ours` and `theirs`, which every command works in alike."""

    folder: Path

    @classmethod
    def born(cls, folder: Path, files: Mapping[str, str] | None = None) -> Twins:
        """Both folders, with these files in them."""
        twins = cls(folder)
        for side in ("ours", "theirs"):
            (folder / side).mkdir()
            for name, text in (files or {}).items():
                path = folder / side / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
        return twins

    def ours(self, *arguments: str, **environment: str) -> Outcome:
        """Runs `pgdocket sqitch` in our folder, in this process unless it opens an editor."""
        if {"-e", "--edit"} & {*arguments}:
            return self._apart(arguments, environment)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder / "ours")
            for name in list(os.environ):
                patch.delenv(name)
            for name, value in self._environment("ours", environment).items():
                patch.setenv(name, value)
            done = CliRunner().invoke(cli, ["sqitch", *arguments], prog_name="pgdocket")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout, done.stderr)

    def theirs(self, *arguments: str, **environment: str) -> Outcome:
        """Runs the real sqitch in its folder; the test is skipped where there is none."""
        seen = self._environment("theirs", environment)
        return run_sqitch(self.folder / "theirs", arguments, seen)

    def same(self, *arguments: str, **environment: str) -> Outcome:
        """Runs both, and holds them to the same exit code, output, errors and files."""
        ours, theirs = self.ours(*arguments, **environment), self.theirs(*arguments, **environment)
        assert (ours.code, ours.stdout) == (theirs.code, theirs.stdout), (ours, theirs)
        assert errors(ours) == errors(theirs), (ours, theirs)
        assert self.files("ours") == self.files("theirs")
        return ours

    def files(self, side: str) -> dict[str, bytes | None]:
        """Every file by its name, with its bytes, and every folder."""
        root = self.folder / side
        return {
            str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
            for path in sorted(root.rglob("*"))
        }

    def text(self, name: str) -> str:
        """The text of one of our files."""
        return (self.folder / "ours" / name).read_bytes().decode()

    def _apart(self, arguments: Sequence[str], more: Mapping[str, str]) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "pgdocket", "sqitch", *arguments],
            cwd=self.folder / "ours",
            env=self._environment("ours", more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def _environment(self, side: str, more: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder / side / "home"),
            "SQITCH_SYSTEM_CONFIG": "system.conf",
            **PERSON,
            **more,
        }


def errors(outcome: Outcome) -> str:
    """The message of an error, without usage, stack trace, hint and empty lines."""
    text = re.split(r"\n\nTrace begun", outcome.stderr)[0]
    if "Usage:" in text:
        found = re.search(r"Error: (.*)", text) or re.match(r"((?!Usage).*)", text)
        return found[1] if found else ""
    return re.sub(r"\n +hint: .*", "", text).strip()

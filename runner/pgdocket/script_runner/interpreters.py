"""What runs a script, by its language."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pgdocket.errors import NotFound

TARGET_VARIABLE = "DEPLOY_DATABASE_URL"
_NAMES = {"bash": ("bash",), "python": ("python3", "python"), "node": ("node", "nodejs")}
_SUFFIXES = {"bash": ".sh", "python": ".py", "node": ".js", "sql": ".sql"}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A program with the arguments that come before a script's file, and those after it."""

    language: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """What the name of a file ends with."""
        return _SUFFIXES[self.language]

    def command(self, file: Path) -> list[str]:
        """What to run for a file."""
        return [*self.before, str(file), *self.after]


def interpreter_of(language: str, *, target_variable: str = TARGET_VARIABLE) -> Interpreter:
    """What runs scripts of a language here; `target_variable` names the database for SQL.

    Raises NotFound where it is not installed.
    """
    if language == "sql":
        module = "pgdocket.script_runner.sql"
        return Interpreter(language, (sys.executable, "-m", module), (target_variable,))
    names = _NAMES[language]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None and language == "python":
        found = sys.executable
    if found is None:
        raise NotFound(
            f"there is no {names[0]} here to run scripts written in {language}",
            hint=f"install it, or put it on the PATH: {' or '.join(names)}",
        )
    return Interpreter(language, (found,))

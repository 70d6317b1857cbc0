"""Rules and what they find."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path


class Level(enum.Enum):
    """How bad a finding is: an error stops a deployment or loses work, a warning may."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is called, how bad a breach is, and why it is one."""

    id: str
    level: Level
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of a rule at a place.

    `line` to `last_line` is the statement or comment it is about; `is_about_file` says that it is
    about the whole script. `change` names the change, where it belongs to one.
    """

    rule: Rule
    path: Path
    line: int
    message: str
    hint: str | None = None
    last_line: int = 0
    is_about_file: bool = False
    change: str | None = None

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "rule": self.rule.id,
            "level": self.rule.level.value,
            "path": str(self.path),
            "line": self.line,
            "change": self.change,
            "message": self.message,
            "hint": self.hint,
        }

"""The lines of a plan file, each able to write itself back as Sqitch would."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgdocket.sqitch.model import Dependency
from pgdocket.sqitch.names import SPACE

_ESCAPED = re.compile(r"\\([nr\\])")
_UNESCAPE = {"n": "\n", "r": "\r", "\\": "\\"}
_SPECIAL = re.compile(r"[\\\n\r]")
_ESCAPE = {"\n": "\\n", "\r": "\\r", "\\": "\\\\"}


def unescape_note(text: str) -> str:
    """The note that a line's comment stands for."""
    return _ESCAPED.sub(lambda match: _UNESCAPE[match[1]], text.strip(SPACE))


def escape_note(note: str) -> str:
    """The note as one line."""
    return _SPECIAL.sub(lambda match: _ESCAPE[match[0]], note)


def _comment(note: str) -> str:
    return f"# {escape_note(note)}" if note else ""


@dataclass(frozen=True, slots=True)
class BlankLine:
    """A line without content, or with a comment alone."""

    left: str = ""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.left}{_comment(self.note)}"


@dataclass(frozen=True, slots=True)
class PragmaLine:
    """`%name=value`; `operator` is the `=` with the blanks around it, empty without a value."""

    left: str
    gap: str
    name: str
    operator: str = ""
    value: str = ""
    right: str = ""
    note: str = ""

    def __str__(self) -> str:
        operator, value = self.operator, self.value
        if self.name == "syntax-version":
            operator, value = operator or "=", "1.0.0"
        pieces = (self.left, "%", self.gap, self.name, operator, value, self.right)
        return "".join(pieces) + _comment(self.note)


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by whom a line was planned; `date` is `YYYY-MM-DDTHH:MM:SSZ`."""

    date: str
    planner_name: str
    planner_email: str

    @property
    def planner(self) -> str:
        """`Name <email>`."""
        return f"{self.planner_name} <{self.planner_email}>"

    def __str__(self) -> str:
        return f"{self.date} {self.planner}"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change; `operator` holds the blanks around its sign."""

    name: str
    stamp: Stamp
    requires: tuple[Dependency, ...] = ()
    conflicts: tuple[Dependency, ...] = ()
    note: str = ""
    left: str = ""
    operator: str = ""
    gap: str = " "
    right: str = ""

    @property
    def dependencies(self) -> str:
        """`[a b !c]`, or nothing."""
        listed = [each.as_plan_string for each in (*self.requires, *self.conflicts)]
        return f"[{' '.join(listed)}]" if listed else ""

    def __str__(self) -> str:
        dependencies = self.dependencies
        head = f"{self.left}{self.operator}{self.name}{self.gap or ' '}{dependencies}"
        space = " " if dependencies else ""
        return f"{head}{space}{self.stamp}{self.right}{_comment(self.note)}"


@dataclass(frozen=True, slots=True)
class TagLine:
    """A tag; `name` is without its `@`."""

    name: str
    stamp: Stamp
    note: str = ""
    left: str = ""
    right: str = ""

    def __str__(self) -> str:
        return f"{self.left}@{self.name} {self.stamp}{self.right}{_comment(self.note)}"


Line = BlankLine | PragmaLine | ChangeLine | TagLine

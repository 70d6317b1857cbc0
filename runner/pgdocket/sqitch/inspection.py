"""Judges a script before it runs.

Can it run natively, and is it one transaction that can be joined with the registry's rows?
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path

from pgdocket.sqitch.script import (
    Execute,
    NeedsPsql,
    Send,
    Statement,
    Variables,
    Walk,
    walk,
)


class Shape(enum.Enum):
    """How a script handles its transaction."""

    BLOCK = "one begin ... commit or rollback around everything"
    BARE = "no transaction control"
    OTHER = "anything else"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a script needs. `obstacle` is what only psql can do, None when there is none.

    `statements` are those of a script that depends on nothing but its text: it need not be read
    again. None for others.
    """

    shape: Shape
    obstacle: NeedsPsql | None = None
    ends_with_commit: bool = False
    statements: tuple[Statement, ...] | None = None

    @property
    def body(self) -> tuple[Statement, ...] | None:
        """Those statements without the `begin` and `commit` of a block."""
        if self.statements is None or self.shape is not Shape.BLOCK:
            return self.statements
        return self.statements[1:-1]


_WORD = re.compile(r"(?:\s|--[^\n]*|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_PLAIN = re.compile(
    r"(begin|commit|end|rollback|abort|start)(\s+(work|transaction))?(\s+and\s+no\s+chain)?\s*;?\s*",
    re.IGNORECASE,
)
_CONTROL = frozenset({"begin", "start", "commit", "end", "rollback", "abort", "prepare"})


def transaction_word(text: str) -> str | None:
    """`begin`, `commit`, `rollback`, `other` for transaction control; None for the rest.

    `other` is control with options (`begin isolation level ...`, `commit and chain`).
    """
    first = _WORD.match(text)
    if first is None or first.group(1).lower() not in _CONTROL:
        return None
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text[first.start(1) :], flags=re.DOTALL)
    if re.match(r"rollback\s+((work|transaction)\s+)?to\b", bare, re.IGNORECASE):
        return None
    if re.match(r"prepare\s+(?!transaction\b)", bare, re.IGNORECASE):
        return None
    if _PLAIN.fullmatch(bare) is None:
        return "other"
    word = first.group(1).lower()
    return {"start": "begin", "end": "commit", "abort": "rollback"}.get(word, word)


def inspect(path: Path, variables: Variables) -> Inspection:
    """Reads the script, all branches and includes, without running it.

    Raises ScriptSyntaxError, and OSError when the file itself can't be read.
    """
    state = Walk(variables.copy(), is_reading=True)
    try:
        steps = [step for step in walk(path, state) if isinstance(step, Execute)]
    except NeedsPsql as obstacle:
        return Inspection(Shape.OTHER, obstacle)
    words = [_role(step) for step in steps]
    control = [word for word in words if word is not None]
    is_block = len(control) == 2 and control[0] == words[0] == "begin"
    shape = Shape.OTHER if control else Shape.BARE
    if is_block and words[-1] in ("commit", "rollback"):
        shape = Shape.BLOCK
    return Inspection(
        shape,
        ends_with_commit=shape is Shape.BLOCK and words[-1] == "commit",
        statements=tuple(step.statement for step in steps) if state.is_fixed else None,
    )


def _role(step: Execute) -> str | None:
    if step.statement.is_compound:
        return "other"
    word = transaction_word(step.statement.text)
    if word is not None and (step.depth or step.send is not Send.PRINT):
        return "other"
    return word

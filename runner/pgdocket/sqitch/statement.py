"""What a script consists of: statements, and what can be wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_QUOTED = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*\"""", re.DOTALL)
_PARENTHESES = re.compile(r"\([^()]*\)")


class ScriptSyntaxError(Exception):
    """A script that can't be read; `path` and `line` say where."""

    def __init__(self, message: str, path: Path, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line


@dataclass(frozen=True, slots=True)
class Statement:
    """One message to the server.

    `line` is where its first character stands, `last_line` where its end was read: the line that
    psql names in messages. `is_compound` says that `\\;` joined several statements in it,
    `is_doubtful` that the server may see several where psql sees one.
    """

    text: str
    path: Path
    line: int
    last_line: int
    origins: tuple[tuple[int, int, bool], ...]
    source: str
    is_compound: bool = False
    is_doubtful: bool = False

    @property
    def encoded(self) -> bytes:
        """The text as it is sent."""
        return self.text.encode("utf-8", "surrogateescape")

    def locate(self, index: int) -> tuple[int, int]:
        """Line and column (from 1) in the file of the character at that index of `text`."""
        offset = 0
        for start, origin, is_fixed in self.origins:
            if start > index:
                break
            offset = origin if is_fixed else origin + index - start
        offset = min(offset, len(self.source))
        line_start = self.source.rfind("\n", 0, offset) + 1
        return self.source.count("\n", 0, offset) + 1, offset - line_start + 1


def is_copy_from_stdin(text: str) -> bool:
    """Whether a statement will ask for data, as far as its text tells."""
    start = _FIRST_WORD.match(text)
    if start is None or start[1].lower() != "copy":
        return False
    bare = _QUOTED.sub(" ", text)
    while (shorter := _PARENTHESES.sub(" ", bare)) != bare:
        bare = shorter
    return re.search(r"\bfrom\s+stdin\b", bare, re.IGNORECASE) is not None

"""The arguments of psql's backslash commands."""

from __future__ import annotations

import re
from collections.abc import Callable

from pgdocket.sqitch.variables import Variables

_SPACE = " \t\n\r\f\v"
_NAME = r"(?:[A-Za-z0-9_]|[^\x00-\x7f])+"
_REFERENCE = re.compile(rf""":(?:{_NAME}|'{_NAME}'|"{_NAME}"|\{{\?{_NAME}\}})""")
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f"}


class ArgumentError(Exception):
    """An argument that can't be read, or that only psql itself can evaluate."""

    def __init__(self, message: str, *, needs_psql: bool = False) -> None:
        super().__init__(message)
        self.needs_psql = needs_psql


def _unescape(match: re.Match[str]) -> str:
    octal, hexadecimal, letter = match.groups()
    if octal:
        return chr(int(octal, 8) & 0xFF)
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    return _LETTERS.get(letter, letter)


class Arguments:
    """Reads the rest of a line, argument by argument, as the command asks for them."""

    def __init__(
        self, line: str, position: int, variables: Variables, is_active: Callable[[], bool]
    ) -> None:
        self._line = line
        self._position = position
        self._variables = variables
        self._is_active = is_active

    def next(self) -> tuple[str, bool] | None:
        """The next argument and whether it was quoted; None at the end of the command."""
        self._skip_space()
        line = self._line
        if self._position >= len(line) or line[self._position] == "\\":
            return None
        parts: list[str] = []
        quoted = False
        while self._position < len(line) and line[self._position] not in _SPACE + "\\":
            quoted = quoted or line[self._position] == "'"
            parts.append(self._part())
        return "".join(parts), quoted

    def all(self) -> list[str]:
        """Every argument that is left."""
        found = []
        while (argument := self.next()) is not None:
            found.append(argument[0])
        return found

    def finish(self) -> int:
        r"""Skips what is left of the command, and `\\` after it; the position behind it."""
        while self.next() is not None:
            pass
        if self._line.startswith("\\\\", self._position):
            self._position += 2
        return self._position

    def _skip_space(self) -> None:
        while self._position < len(self._line) and self._line[self._position] in _SPACE:
            self._position += 1

    def _part(self) -> str:
        character = self._line[self._position]
        if character == "'":
            return self._quoted()
        if character == "`" and self._is_active():
            raise ArgumentError("a command in backticks", needs_psql=True)
        if character in '"`':
            return self._until(character)
        reference = _REFERENCE.match(self._line, self._position)
        if reference is None or not self._is_active():
            self._position += 1
            return character
        self._position = reference.end()
        value = self._variables.expand(reference.group())
        return reference.group() if value is None else value

    def _quoted(self) -> str:
        start = self._position + 1
        position = start
        while position < len(self._line):
            if self._line[position] == "\\" or self._line.startswith("''", position):
                position += 2
            elif self._line[position] == "'":
                self._position = position + 1
                body = self._line[start:position]
                return re.sub(r"''|\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", _replace, body)
            else:
                position += 1
        raise ArgumentError("unterminated quoted string")

    def _until(self, mark: str) -> str:
        end = self._line.find(mark, self._position + 1)
        if end < 0:
            raise ArgumentError("unterminated quoted string")
        text = self._line[self._position : end + 1]
        self._position = end + 1
        return text


def _replace(match: re.Match[str]) -> str:
    if match.group() == "''":
        return "'"
    escape = _ESCAPE.match(match.group())
    return _unescape(escape) if escape else match.group()

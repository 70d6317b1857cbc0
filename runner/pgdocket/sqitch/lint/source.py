"""A script as the rules read it: its statements and commands, without a server."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pgdocket.sqitch.arguments import ArgumentError
from pgdocket.sqitch.inspection import inspect, transaction_word
from pgdocket.sqitch.lexer import (
    Meta,
    ScriptReader,
    ScriptSyntaxError,
    Statement,
    is_copy_from_stdin,
)
from pgdocket.sqitch.lint.tokens import Cursor, Token, comments_of, is_open_ended, tokens_of
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.variables import Variables

_IGNORE = re.compile(r"--\s*lint:\s*ignore\b\s*(\S*)\s*(.*)")
_MAX_DEPTH = 16


@dataclass(frozen=True)
class Part:
    """A statement of a script."""

    statement: Statement

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Its tokens, comments left out."""
        return tokens_of(self.statement.text)

    @cached_property
    def control(self) -> str | None:
        """`begin`, `commit`, `rollback`, `other` for transaction control, None for the rest."""
        return transaction_word(self.statement.text)

    @property
    def cursor(self) -> Cursor:
        """A cursor at its first token."""
        return Cursor(self.tokens)

    def line_of(self, token: Token) -> int:
        """The line of the file that the token stands in."""
        return self.statement.locate(token.index)[0]


@dataclass(frozen=True, slots=True)
class Exemption:
    """A comment `-- lint: ignore RULE reason`, and the lines of the statement it belongs to."""

    rules: tuple[str, ...]
    reason: str
    path: Path
    line: int
    last_line: int


@dataclass
class Script:
    """One script of a change. `obstacle` and `problem` are a place and what is wrong there."""

    kind: str
    path: Path
    change: Change
    parts: list[Part] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    exemptions: list[Exemption] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)
    obstacle: tuple[Path, int, str] | None = None
    problem: tuple[Path, int, str] | None = None
    head: list[str] = field(default_factory=list)

    @property
    def is_conditional(self) -> bool:
        """Whether what runs depends on psql's `\\if`."""
        return "if" in self.commands

    @property
    def work(self) -> list[Part]:
        """The statements that do something: all but transaction control."""
        return [part for part in self.parts if part.control is None]


def read_script(kind: str, path: Path, change: Change, variables: Mapping[str, str]) -> Script:
    """The script in that file; what can't be read is told in the result."""
    script = Script(kind, path, change)
    try:
        _read_file(script, path, 0)
        # What only psql can do is a backslash command, or one in a variable.
        is_plain = not script.commands and not variables
        obstacle = None if is_plain else inspect(path, Variables(dict(variables))).obstacle
    except ScriptSyntaxError as error:
        script.problem = error.path, error.line, error.message
    except OSError as error:
        script.problem = path, 1, f"it can't be read: {error.strerror}"
    else:
        if obstacle is not None:
            script.obstacle = obstacle.path, obstacle.line, obstacle.command
        for part in script.parts[-1:]:
            if is_open_ended(part.statement.text):
                message = "a quote or a comment has no end"
                script.problem = part.statement.path, part.statement.line, message
    return script


def _read_file(script: Script, path: Path, depth: int) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    script.files.add(path.resolve())
    if not depth:
        script.head = _head(text)
    statements: list[Statement] = []
    for item in _items(script, path, text, depth):
        statements.append(item)
        script.parts.append(Part(item))
    script.exemptions += _exemptions(path, text.removeprefix("\ufeff"), statements)


def _items(script: Script, path: Path, text: str, depth: int) -> Iterator[Statement]:
    """The statements of a file; all branches of `\\if`, and files that it includes."""
    reader = ScriptReader(text, path, Variables())
    for item in reader.items():
        if isinstance(item, Statement):
            yield item
            if is_copy_from_stdin(item.text):
                collections.deque(reader.copy_data(), maxlen=0)
            continue
        script.commands.append(item.name)
        if item.name in ("g", "gset", "gexec", "gx", "gdesc", "crosstabview"):
            statement = reader.take()
            if statement.text:
                yield statement
        elif item.name in ("i", "include", "ir", "include_relative"):
            _include(script, path, item, depth)


def _include(script: Script, path: Path, meta: Meta, depth: int) -> None:
    """Reads an included file, where it can be found; the engine's own reading judges the rest."""
    try:
        argument = meta.arguments.next()
    except ArgumentError:
        return
    if argument is None or depth >= _MAX_DEPTH:
        return
    name = Path(argument[0].strip('"'))
    target = path.parent / name if meta.name in ("ir", "include_relative") else name
    if target.is_file():
        _read_file(script, target, depth + 1)


def _head(text: str) -> list[str]:
    """The comment lines that a script begins with."""
    lines = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.strip() and not line.startswith("--"):
            break
        lines.append(line)
    return lines


def _exemptions(path: Path, source: str, statements: list[Statement]) -> Iterator[Exemption]:
    """The exemptions of a file: inside a statement, before it, or behind it on its last line."""
    spans = [(_start(each), each.line, each.last_line) for each in statements]
    for offset, comment in _comments(source, statements):
        match = _IGNORE.match(comment)
        if match is None:
            continue
        line = source.count("\n", 0, offset) + 1
        first, last = _belongs(line, spans)
        rules = tuple(rule for rule in match[1].split(",") if rule)
        yield Exemption(rules, match[2].strip(), path, first, max(last, line))


def _belongs(line: int, spans: list[tuple[int, int, int]]) -> tuple[int, int]:
    for _, first, last in spans:
        if first <= line <= last:
            return first, last
    following = [(first, last) for _, first, last in spans if first > line]
    return (line, following[0][1]) if following else (line, line)


def _start(statement: Statement) -> int:
    return statement.origins[0][1] if statement.origins else 0


def _comments(source: str, statements: list[Statement]) -> Iterator[tuple[int, str]]:
    """The comments of a file with their places: those inside statements, and those between."""
    position = 0
    for statement in statements:
        start = _start(statement)
        yield from _between(source, position, start)
        for index, comment in comments_of(statement.text):
            yield start + index, comment
        position = max(position, start + len(statement.text))
    yield from _between(source, position, len(source))


def _between(source: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"--[^\n]*", source[start:end]):
        yield start + match.start(), match[0]

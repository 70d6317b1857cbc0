"""Walks a script as psql would: statements, variables, conditions and includes.

`walk` yields what has to happen, one step at a time, so that what a step does to the variables
(`\\gset`) shapes what is read next.
"""

from __future__ import annotations

import collections
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pgdocket.sqitch.arguments import ArgumentError, Arguments
from pgdocket.sqitch.lexer import (
    Meta,
    ScriptReader,
    ScriptSyntaxError,
    Statement,
    is_copy_from_stdin,
)
from pgdocket.sqitch.variables import Variables, is_variable_name

__all__ = [
    "Execute",
    "NeedsPsql",
    "Output",
    "ScriptSyntaxError",
    "Send",
    "Statement",
    "Step",
    "Variables",
    "Walk",
    "split",
    "walk",
]

# Variables that change how psql itself behaves: only psql knows how.
_BEHAVIOUR = frozenset(
    (
        "AUTOCOMMIT",
        "ECHO",
        "ECHO_HIDDEN",
        "FETCH_COUNT",
        "ON_ERROR_ROLLBACK",
        "ON_ERROR_STOP",
        "SHOW_ALL_RESULTS",
        "SHOW_CONTEXT",
        "SINGLELINE",
        "SINGLESTEP",
        "VERBOSITY",
    )
)
_MAX_INCLUDE_DEPTH = 64


class NeedsPsql(Exception):
    """The script uses something that only psql can do."""

    def __init__(self, command: str, path: Path, line: int) -> None:
        super().__init__(f"{path}:{line}: {command}")
        self.command = command
        self.path = path
        self.line = line


class Send(enum.Enum):
    """What is to be done with a statement's result."""

    PRINT = "print"
    SET = "gset"
    EXECUTE = "gexec"


@dataclass(frozen=True, slots=True)
class Execute:
    """Send a statement. `reader` has the data where it turns out to be COPY FROM STDIN."""

    statement: Statement
    reader: ScriptReader | None
    send: Send = Send.PRINT
    prefix: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """Text that the script wants printed."""

    text: str
    is_error: bool = False


Step = Execute | Output


@dataclass(slots=True)
class _Branch:
    is_active: bool
    is_done: bool
    has_else: bool = False
    discard_from: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Walk:
    """What the files of one script run share.

    `is_reading` walks without a server: all branches of `\\if`, and over the data of COPY.
    `is_fixed` holds as long as the statements depend on nothing but the files.
    """

    variables: Variables
    is_reading: bool = False
    standard_strings: Callable[[], bool] = field(default=lambda: True)
    conditions: int = 0
    is_fixed: bool = True


def split(text: str, path: Path = Path("script.sql")) -> list[str]:
    """The statements that psql would send for a script without variables."""
    steps = _walk_text(text, path, Walk(Variables(), is_reading=True), 0)
    return [step.statement.text for step in steps if isinstance(step, Execute)]


def walk(path: Path, state: Walk) -> Iterator[Step]:
    """The steps of the script in that file.

    Raises ScriptSyntaxError where psql would stop, NeedsPsql where psql alone would go on,
    OSError when the file can't be read.
    """
    yield from _walk_file(path, state, 0)


def _walk_file(path: Path, state: Walk, depth: int) -> Iterator[Step]:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    yield from _walk_text(text, path, state, depth)


def _walk_text(text: str, path: Path, state: Walk, depth: int) -> Iterator[Step]:
    branches: list[_Branch] = []
    reader = ScriptReader(
        text,
        path,
        state.variables,
        is_active=lambda: all(branch.is_active for branch in branches),
        standard_strings=state.standard_strings,
    )
    file = _File(path, reader, branches, state, depth)
    for item in reader.items():
        if isinstance(item, Statement):
            yield Execute(item, reader, depth=state.conditions)
            if state.is_reading and is_copy_from_stdin(item.text):
                state.is_fixed = False
                collections.deque(reader.copy_data(), maxlen=0)
        else:
            state.is_fixed = False
            yield from file.command(item)
    if reader.has_references or "standard_conforming_strings" in text:
        state.is_fixed = False
    if branches:
        raise ScriptSyntaxError("reached EOF without finding closing \\endif(s)", path, reader.line)


class _File:
    """The backslash commands of one file."""

    def __init__(
        self, path: Path, reader: ScriptReader, branches: list[_Branch], state: Walk, depth: int
    ) -> None:
        self._path = path
        self._reader = reader
        self._branches = branches
        self._state = state
        self._depth = depth

    def command(self, meta: Meta) -> Iterator[Step]:
        """Does what the command says; yields the steps it leads to."""
        try:
            if meta.name in ("if", "elif", "else", "endif"):
                getattr(self, f"_{meta.name}")(meta)
            elif all(branch.is_active for branch in self._branches):
                yield from self._run(meta)
        except ArgumentError as error:
            if error.needs_psql:
                raise NeedsPsql(f"\\{meta.name} with {error}", self._path, meta.line) from None
            raise self._error(meta, str(error)) from None

    def _run(self, meta: Meta) -> Iterator[Step]:
        arguments = meta.arguments
        if meta.name == "set":
            self._set(meta)
        elif meta.name == "unset":
            self._unset(meta)
        elif meta.name in ("echo", "qecho", "warn"):
            yield _echo(arguments, is_error=meta.name == "warn")
        elif meta.name in ("i", "include", "ir", "include_relative"):
            yield from self._include(meta)
        elif meta.name in ("g", "gset", "gexec"):
            yield from self._send(meta)
        else:
            raise NeedsPsql(f"\\{meta.name}", self._path, meta.line)

    def _set(self, meta: Meta) -> None:
        first = meta.arguments.next()
        if first is None:
            raise NeedsPsql("\\set without a name", self._path, meta.line)
        name, value = first[0], "".join(meta.arguments.all())
        if not is_variable_name(name):
            raise self._error(meta, f'invalid variable name: "{name}"')
        if name in _BEHAVIOUR:
            if name == "ON_ERROR_STOP" and _boolean(value or "on"):
                return
            raise NeedsPsql(f"\\set {name}", self._path, meta.line)
        self._state.variables.set(name, value)

    def _unset(self, meta: Meta) -> None:
        name = meta.arguments.next()
        if name is None:
            raise self._error(meta, "missing required argument")
        if name[0] in _BEHAVIOUR:
            raise NeedsPsql(f"\\unset {name[0]}", self._path, meta.line)
        self._state.variables.unset(name[0])

    def _include(self, meta: Meta) -> Iterator[Step]:
        argument = meta.arguments.next()
        if argument is None:
            raise self._error(meta, "missing required argument")
        name = argument[0].strip('"')
        if name.startswith(("|", "~", "-")):
            raise NeedsPsql(f"\\{meta.name} {name}", self._path, meta.line)
        path = Path(name)
        if meta.name in ("ir", "include_relative"):
            path = self._path.parent / path
        if self._depth >= _MAX_INCLUDE_DEPTH:
            raise self._error(meta, f"{path} is included too deeply")
        meta.arguments.finish()
        try:
            yield from _walk_file(path, self._state, self._depth + 1)
        except OSError as error:
            message = f"{path}: {error.strerror}"
            raise ScriptSyntaxError(message, self._path, meta.line) from error

    def _send(self, meta: Meta) -> Iterator[Step]:
        argument = meta.arguments.next()
        if meta.name == "g" and argument is not None:
            raise NeedsPsql(f"\\g {argument[0]}", self._path, meta.line)
        statement = self._reader.take()
        if not statement.text:
            return
        prefix = argument[0] if argument is not None else ""
        send = {"g": Send.PRINT, "gset": Send.SET, "gexec": Send.EXECUTE}[meta.name]
        yield Execute(statement, self._reader, send, prefix, self._state.conditions)

    def _if(self, meta: Meta) -> None:
        is_live = all(branch.is_active for branch in self._branches)
        mark = self._reader.mark()
        holds = is_live and self._judge(meta)
        self._branches.append(_Branch(holds, holds or not is_live, discard_from=mark))
        self._state.conditions += 1

    def _elif(self, meta: Meta) -> None:
        branch = self._turn(meta)
        if self._state.is_reading:
            return
        is_next = not branch.is_done
        branch.is_active = is_next and all(outer.is_active for outer in self._branches[:-1])
        branch.is_active = branch.is_active and self._judge(meta)
        branch.is_done = branch.is_done or branch.is_active

    def _else(self, meta: Meta) -> None:
        branch = self._turn(meta)
        branch.has_else = True
        if not self._state.is_reading:
            branch.is_active, branch.is_done = not branch.is_done, True

    def _endif(self, meta: Meta) -> None:
        if not self._branches:
            raise self._error(meta, "no matching \\if")
        branch = self._branches.pop()
        if not branch.is_active:
            self._reader.rewind(branch.discard_from)
        self._state.conditions -= 1

    def _turn(self, meta: Meta) -> _Branch:
        """Leaves the present branch of the innermost `\\if`."""
        if not self._branches:
            raise self._error(meta, "no matching \\if")
        branch = self._branches[-1]
        if branch.has_else:
            raise self._error(meta, "cannot occur after \\else")
        if branch.is_active:
            branch.discard_from = self._reader.mark()
        else:
            self._reader.rewind(branch.discard_from)
        return branch

    def _judge(self, meta: Meta) -> bool:
        expression = " ".join(meta.arguments.all())
        if self._state.is_reading:
            return True
        return _boolean(expression) or False

    def _error(self, meta: Meta, message: str) -> ScriptSyntaxError:
        return ScriptSyntaxError(f"\\{meta.name}: {message}", self._path, meta.line)


def _echo(arguments: Arguments, *, is_error: bool) -> Output:
    words: list[str] = []
    newline = "\n"
    while (argument := arguments.next()) is not None:
        text, quoted = argument
        if not words and newline and text == "-n" and not quoted:
            newline = ""
        else:
            words.append(text)
    return Output(" ".join(words) + newline, is_error)


def _boolean(text: str) -> bool | None:
    """psql's reading of a boolean: words may be shortened; None when it is none."""
    value = text.lower()
    if not value:
        return None
    for word, meaning in (("true", True), ("false", False), ("yes", True), ("no", False)):
        if word.startswith(value):
            return meaning
    if len(value) >= 2 and "off".startswith(value):
        return False
    return {"on": True, "1": True, "0": False}.get(value)

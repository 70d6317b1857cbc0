"""What a concurrent operation leaves behind when it fails: nothing rolls it back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.queries import named_queries

if TYPE_CHECKING:
    from pgdocket.sqitch.registry import AnyConnection
    from pgdocket.sqitch.reporter import Reporter

_CONCURRENTLY = re.compile(rb"\bconcurrently\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something half done: what it is, its name, and the statement that clears it away."""

    kind: str
    name: str
    statement: str
    plain_name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}; clear it away with: {self.statement}"


def find_leftovers(connection: AnyConnection) -> set[Leftover]:
    """Invalid indexes, and partitions whose detachment is pending."""
    query = named_queries("leftovers.sql", "")["leftovers"]
    return {Leftover(*row) for row in connection.execute(query)}


@contextmanager
def leftovers_told(connection: AnyConnection, path: Path, reporter: Reporter) -> Iterator[None]:
    """Tells what a script has left behind half done: with its error, or as a warning.

    A script that succeeds may still have passed over an invalid index of its own name
    (`if not exists`), which nobody would notice.
    """
    text = path.read_bytes() if path.is_file() else b""
    if _CONCURRENTLY.search(text) is None:
        yield
        return
    before = find_leftovers(connection)
    try:
        yield
    except BaseException as problem:
        story = _story(connection, before, text)
        if story and isinstance(problem, ScriptError):
            problem.add(hint=story)
        elif story:
            reporter.warn(story)
        raise
    if story := _story(connection, before, text):
        reporter.warn(f"{path}: {story}")


def _story(connection: AnyConnection, before: set[Leftover], text: bytes) -> str:
    """What is left of this script: what is new, and what it names."""
    if connection.closed:
        return ""
    try:
        found = find_leftovers(connection)
    except psycopg.Error:  # the failure that led here is the one to tell
        return ""
    mine = [each for each in found if each not in before or _names(text, each.plain_name)]
    return "; ".join(sorted(map(str, mine)))


def _names(text: bytes, name: str) -> bool:
    """Whether the script speaks of that name."""
    pattern = rb"(?<![\w$])" + re.escape(name.lower().encode()) + rb"(?![\w$])"
    return re.search(pattern, text.lower()) is not None

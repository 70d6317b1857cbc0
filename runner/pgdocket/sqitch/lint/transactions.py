"""Rules about transactions: left open, missing, or in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.model import Finding, Rule
from pgdocket.sqitch.lint.source import Part, Script
from pgdocket.sqitch.lint.tokens import Cursor

# Statements that set the stage, and change nothing that stays.
_STAGE = frozenset(
    ("set", "reset", "show", "discard", "listen", "unlisten", "select", "savepoint", "release")
)
_OUTSIDE: tuple[tuple[str, ...], ...] = (
    ("vacuum",),
    ("alter", "system"),
    ("create", "database"),
    ("drop", "database"),
    ("create", "tablespace"),
    ("drop", "tablespace"),
    ("create", "subscription"),
)
_INDEXES: tuple[tuple[str, ...], ...] = (
    ("create", "index"),
    ("create", "unique", "index"),
    ("drop", "index"),
)


def transaction_findings(script: Script) -> Iterator[Finding]:
    """What is wrong with the transactions of a script; nothing where `\\if` decides."""
    if script.is_conditional or script.obstacle is not None:
        return
    yield from _blocks(script)
    if script.kind != "verify":
        yield from _unprotected(script)


@dataclass(slots=True)
class _Block:
    opened: Part | None = None


def _blocks(script: Script) -> Iterator[Finding]:
    block = _Block()
    for part in script.parts:
        word = _control(part)
        if word == "begin":
            if block.opened is not None:
                yield _at(part, rules.STRAY_CONTROL, "begin inside a transaction", "remove it")
            block.opened = block.opened or part
        elif word in ("commit", "rollback"):
            if block.opened is None:
                message = f"{word} without a transaction"
                yield _at(part, rules.STRAY_CONTROL, message, "remove it, or begin one before")
            block.opened = None
        elif word == "prepared":
            block.opened = None
        elif block.opened is not None and (command := refused_inside(part.cursor)):
            message = f"{command} can't run inside the transaction that begins at line"
            message = f"{message} {block.opened.statement.line}"
            hint = "give it a change of its own, whose script has no begin and no commit"
            yield _at(part, rules.NOT_IN_TRANSACTION, message, hint)
    if block.opened is not None:
        message = "the transaction is still open at the end of the script"
        yield _at(block.opened, rules.OPEN_TRANSACTION, message, _way_to_end(script))


def _way_to_end(script: Script) -> str:
    """What to do about an open transaction: its end may have become a part of what is before."""
    last = script.parts[-1]
    words = [token for token in last.tokens if token.kind == "word"]
    if last.control is None and words and words[-1].value in ("commit", "rollback", "end"):
        line = last.line_of(words[-1])
        return f'a semicolon is missing before the "{words[-1].value}" of line {line}'
    ending = "rollback" if script.kind == "verify" else "commit"
    return f'end the script with "{ending};"'


def _control(part: Part) -> str | None:
    """As `control`, with the forms that take options told apart."""
    if part.control != "other":
        return part.control
    cursor = part.cursor
    first = cursor.word
    if first in ("begin", "start"):
        return "begin"
    if first == "prepare" or cursor.has("prepared"):
        return "prepared"
    if cursor.has("and", "chain") and not cursor.has("and", "no", "chain"):
        return None
    return "rollback" if first in ("rollback", "abort") else "commit"


def refused_inside(cursor: Cursor) -> str:
    """The command, where it is one that the server refuses inside a transaction block."""
    for command in _OUTSIDE:
        if cursor.accept(*command):
            return " ".join(command)
    for command in _INDEXES:
        if cursor.accept(*command):
            return " ".join((*command, "concurrently")) if cursor.word == "concurrently" else ""
    if cursor.accept("reindex"):
        return "reindex concurrently" if cursor.has("concurrently") else ""
    if cursor.accept("alter", "table") and cursor.has("detach", "partition"):
        return "detach partition concurrently" if cursor.has("concurrently") else ""
    return ""


def _unprotected(script: Script) -> Iterator[Finding]:
    """Several statements that change something, each a transaction of its own."""
    if any(part.control is not None for part in script.parts):
        return
    changing = [part for part in script.work if part.cursor.word not in _STAGE]
    if len(changing) < 2 or any(refused_inside(part.cursor) for part in changing):
        return
    message = f"{len(changing)} statements, and no transaction around them"
    yield _at(changing[0], rules.NO_TRANSACTION, message, 'begin with "begin;", end with "commit;"')


def _at(part: Part, rule: Rule, message: str, hint: str) -> Finding:
    statement = part.statement
    return Finding(rule, statement.path, statement.line, message, hint, statement.last_line)

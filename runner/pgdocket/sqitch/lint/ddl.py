"""Rules about DDL that holds up others, or loses data, on what was there before the change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.alter_table import table_actions
from pgdocket.sqitch.lint.model import Finding, Rule
from pgdocket.sqitch.lint.source import Part, Script
from pgdocket.sqitch.lint.tokens import Cursor

Name = tuple[str, ...]
Problem = tuple[Rule, str, str]


@dataclass(slots=True)
class Created:
    """What a script has created so far: nobody else can be held up by it."""

    relations: set[Name] = field(default_factory=set)
    schemas: set[str] = field(default_factory=set)
    validated: set[Name] = field(default_factory=set)

    def has(self, name: Name) -> bool:
        """Whether the script has made it; a name without schema may be any of that name."""
        if len(name) > 1 and name[-2] in self.schemas:
            return True
        return any(_may_be_same(name, each) for each in self.relations)

    def is_validated(self, name: Name) -> bool:
        """Whether the script has validated a constraint of the table."""
        return any(_may_be_same(name, each) for each in self.validated)


def _may_be_same(one: Name, other: Name) -> bool:
    width = min(len(one), len(other))
    return one[-width:] == other[-width:]


def ddl_findings(script: Script) -> Iterator[Finding]:
    """What a deploy script does to objects that it has not made itself."""
    created = Created()
    for part in script.work:
        for rule, message, hint in _problems(part, created):
            statement = part.statement
            line = statement.line
            yield Finding(rule, statement.path, line, message, hint, statement.last_line)
        _note(part, created)


def _problems(part: Part, created: Created) -> Iterator[Problem]:
    cursor = part.cursor
    command = cursor.accept_any(*_COMMANDS)
    if command:
        yield from _COMMANDS[command](cursor, created)


def _note(part: Part, created: Created) -> None:
    """Remembers what the statement creates."""
    cursor = part.cursor
    if cursor.accept("select") or cursor.accept("with"):
        at = _find(cursor, "into")
        if at is not None:
            cursor.at = at + 1
            while cursor.accept_any("temporary", "temp", "unlogged", "table"):
                pass
            created.relations.add(cursor.name())
        return
    if not cursor.accept("create"):
        return
    cursor.accept("or", "replace")
    if cursor.accept("schema"):
        cursor.accept("if", "not", "exists")
        created.schemas.update(cursor.name()[:1])
        return
    while cursor.accept_any(
        "global", "local", "temporary", "temp", "unlogged", "materialized", "foreign", "recursive"
    ):
        pass
    if cursor.accept("unique", "index") or cursor.accept("index"):
        cursor.accept("concurrently")
    elif not cursor.accept_any("table", "view", "sequence", "type"):
        return
    cursor.accept("if", "not", "exists")
    if name := cursor.name():
        created.relations.add(name)


def _find(cursor: Cursor, word: str) -> int | None:
    return next(
        (
            at
            for at, token in enumerate(cursor.tokens)
            if token.kind == "word" and token.value == word and not token.depth
        ),
        None,
    )


def _create(cursor: Cursor, created: Created) -> Iterator[Problem]:
    cursor.accept("unique")
    if not cursor.accept("index") or cursor.word == "concurrently":
        return
    at = _find(cursor, "on")
    if at is None:
        return
    cursor.at = at + 1
    cursor.accept("only")
    table = cursor.name()
    if table and not created.has(table):
        yield (
            rules.INDEX_LOCKS,
            f"the index on {shown(table)} is built while nobody can write to it",
            "create index concurrently, in a change of its own without a transaction",
        )


def _drop(cursor: Cursor, created: Created) -> Iterator[Problem]:
    kind = cursor.accept_any("table", "index", "schema", "materialized", "foreign") or cursor.word
    if kind in ("materialized", "foreign"):
        kind = f"{kind} {cursor.accept_any('view', 'table')}".strip()
    is_concurrent = cursor.accept("concurrently")
    cursor.accept("if", "exists")
    names = [name for each in cursor.actions() if (name := each.name())]
    old = [name for name in names if not created.has(name) and name[-1] not in created.schemas]
    if cursor.has("cascade") and (old or not names):
        yield (
            rules.DROP_CASCADE,
            f"drop {kind} ... cascade drops also what others have made",
            "name what is to be dropped, one by one",
        )
    listed = ", ".join(map(shown, old))
    if old and kind in ("table", "schema"):
        hint = "drop it in a later release, when nothing uses it any more"
        yield rules.DROP_TABLE, f"{kind} {listed} is dropped with its data", hint
    elif old and kind == "index" and not is_concurrent:
        hint = "drop index concurrently, in a change of its own without a transaction"
        yield rules.INDEX_LOCKS, f"dropping {listed} waits for, and holds up, its table", hint


def _truncate(cursor: Cursor, created: Created) -> Iterator[Problem]:
    yield from _tables(cursor, created, rules.TRUNCATE, "is emptied", "delete its rows in batches")


def _lock(cursor: Cursor, created: Created) -> Iterator[Problem]:
    hint = "let each statement take the lock that it needs, and set lock_timeout"
    yield from _tables(cursor, created, rules.LOCK_TABLE, "is locked", hint)


def _tables(
    cursor: Cursor, created: Created, rule: Rule, what: str, hint: str
) -> Iterator[Problem]:
    cursor.accept("table")
    for each in cursor.actions():
        each.accept("only")
        name = each.name()
        if name and not created.has(name):
            yield rule, f"{shown(name)} {what}", hint


def _rewrite(cursor: Cursor, _: Created) -> Iterator[Problem]:
    """`vacuum full`, `cluster`."""
    is_full = cursor.tokens[0].value == "cluster" or cursor.has("full")
    if is_full:
        words = " ".join(token.value for token in cursor.tokens[:2] if token.kind == "word")
        hint = "run it by hand, in a quiet hour"
        yield rules.TABLE_REWRITE, f"{words} rewrites tables while nobody can read them", hint


def _reindex(cursor: Cursor, _: Created) -> Iterator[Problem]:
    if not cursor.has("concurrently"):
        hint = "reindex concurrently, in a change of its own without a transaction"
        yield rules.INDEX_LOCKS, "reindex holds up everybody who writes to the table", hint


def _alter(cursor: Cursor, created: Created) -> Iterator[Problem]:
    kind = cursor.accept_any("table", "view", "type", "schema", "sequence", "materialized")
    if kind == "materialized":
        cursor.accept("view")
    cursor.accept("if", "exists")
    cursor.accept("only")
    name = cursor.name()
    if not kind or not name:
        return
    cursor.sign("*")
    actions = cursor.actions()
    if kind == "table" and any(each.has("validate", "constraint") for each in actions):
        created.validated.add(name)
    if created.has(name) or (kind == "schema" and name[-1] in created.schemas):
        return
    if kind == "table":
        yield from table_actions(name, actions, is_validated=created.is_validated(name))
    elif actions and actions[0].word == "rename" and not actions[0].has("constraint"):
        hint = "keep the old name as long as programs use it"
        yield rules.RENAME, f"{kind} {shown(name)}, or a part of it, gets another name", hint


def shown(name: Name) -> str:
    """A name as people write it."""
    return ".".join(name)


_COMMANDS: dict[str, Callable[[Cursor, Created], Iterator[Problem]]] = {
    "create": _create,
    "drop": _drop,
    "truncate": _truncate,
    "lock": _lock,
    "vacuum": _rewrite,
    "cluster": _rewrite,
    "reindex": _reindex,
    "alter": _alter,
}

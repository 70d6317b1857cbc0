"""Rules about ALTER TABLE, action by action."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.model import Rule
from pgdocket.sqitch.lint.tokens import Cursor, words

Problem = tuple[Rule, str, str]

_VOLATILE = words(
    "random gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc",
    "uuid_generate_v4 clock_timestamp timeofday nextval gen_random_bytes random_normal",
)
_SERIAL = words("serial bigserial smallserial serial2 serial4 serial8")
_CONSTRAINTS = ("constraint", "check", "foreign", "unique", "primary", "exclude", "not")
_REWRITES = words("logged unlogged tablespace")


def table_actions(
    name: tuple[str, ...], actions: Sequence[Cursor], *, is_validated: bool
) -> Iterator[Problem]:
    """What the actions of an ALTER TABLE on a table that was there before do to its users.

    `is_validated` says that the script has validated a constraint of the table: a SET NOT NULL
    then need not look at the rows.
    """
    table = ".".join(name)
    for action in actions:
        if action.accept("add"):
            if action.word in _CONSTRAINTS:
                yield from _constraint(table, action)
            else:
                yield from _column(table, action)
        elif action.accept("alter"):
            yield from _alter_column(table, action, is_validated=is_validated)
        elif action.accept("drop"):
            yield from _drop(table, action)
        elif action.accept("rename"):
            yield from _rename(table, action)
        elif action.accept("set"):
            yield from _set(table, action)


def _constraint(table: str, action: Cursor) -> Iterator[Problem]:
    if action.accept("constraint"):
        action.name()
    kind = action.word
    if kind in ("check", "foreign") and not action.has("not", "valid"):
        what = "the check" if kind == "check" else "the foreign key"
        yield (
            rules.CONSTRAINT_VALIDATED,
            f"{what} on {table} is tried on all its rows while nobody can write to it",
            'add it "not valid", and in a later change "validate constraint"',
        )
    elif kind == "not" and not action.has("not", "valid"):
        hint = 'add it "not valid", and in a later change "validate constraint"'
        yield rules.SET_NOT_NULL, f"all rows of {table} are looked at for a missing value", hint
    elif kind in ("unique", "primary", "exclude") and not action.has("using", "index"):
        hint = "create unique index concurrently in a change before, then add ... using index"
        if kind == "exclude":
            hint = "do it in a quiet hour, with a lock_timeout"
        yield rules.CONSTRAINT_INDEX, f"the constraint builds its index on {table}", hint


def _column(table: str, action: Cursor) -> Iterator[Problem]:
    action.accept("column")
    action.accept("if", "not", "exists")
    column = ".".join(action.name())
    told = [token.value for token in action.tokens[action.at :] if token.kind == "word"]
    calls = {
        token.value
        for token, following in zip(action.tokens, action.tokens[1:], strict=False)
        if token.kind == "word" and following.value == "("
    }
    is_serial = action.word in _SERIAL
    is_filled = "default" in told or "generated" in told or is_serial
    is_stored = "generated" in told and ("stored" in told or "identity" in told)
    if ("default" in told and calls & _VOLATILE) or is_stored or is_serial:
        yield (
            rules.VOLATILE_DEFAULT,
            f"column {column} needs another value in each row: {table} is rewritten",
            "add the column without the default, fill it in batches, then set the default",
        )
    if action.has("not", "null") and not is_filled:
        yield (
            rules.NOT_NULL_COLUMN,
            f"column {column} is not null and has no default: it fails where {table} has a row",
            "give it a default, or fill it before it becomes not null",
        )
    if action.has("primary", "key") or "unique" in told:
        hint = "create unique index concurrently in a change before, then add ... using index"
        yield rules.CONSTRAINT_INDEX, f"column {column} builds an index on {table}", hint


def _alter_column(table: str, action: Cursor, *, is_validated: bool) -> Iterator[Problem]:
    if action.accept_any("constraint"):
        return
    action.accept("column")
    column = ".".join(action.name())
    if action.accept("type") or action.accept("set", "data", "type"):
        yield (
            rules.ALTER_COLUMN_TYPE,
            f"the type of {table}.{column} changes: the table may be rewritten",
            "add a column of the new type, fill it in batches, and change over",
        )
    elif action.accept("set", "not", "null") and not is_validated:
        yield (
            rules.SET_NOT_NULL,
            f"all rows of {table} are looked at for a missing {column}",
            "add a check (... is not null) not valid, validate it, then set not null",
        )


def _drop(table: str, action: Cursor) -> Iterator[Problem]:
    if action.word == "constraint":
        if action.has("cascade"):
            hint = "name what is to be dropped, one by one"
            yield rules.DROP_CASCADE, f"drop constraint ... cascade on {table}", hint
        return
    action.accept("column")
    action.accept("if", "exists")
    column = ".".join(action.name())
    hint = "drop it in a later release, when nothing uses it any more"
    yield rules.DROP_COLUMN, f"column {table}.{column} is dropped with its data", hint
    if action.has("cascade"):
        yield (
            rules.DROP_CASCADE,
            f"dropping {table}.{column} cascade drops also what others have made",
            "name what is to be dropped, one by one",
        )


def _rename(table: str, action: Cursor) -> Iterator[Problem]:
    if action.accept("constraint"):
        return
    hint = "keep the old name as long as programs use it: a view, or a generated column"
    if action.accept("to"):
        yield rules.RENAME, f"{table} gets another name", hint
    else:
        action.accept("column")
        yield rules.RENAME, f"{table}.{'.'.join(action.name())} gets another name", hint


def _set(table: str, action: Cursor) -> Iterator[Problem]:
    if action.word == "schema":
        hint = "keep the old name as long as programs use it: a view"
        yield rules.RENAME, f"{table} moves to another schema", hint
    elif action.word in _REWRITES or action.has("access", "method"):
        what = action.word
        yield rules.TABLE_REWRITE, f"set {what} rewrites {table}", "do it in a quiet hour"

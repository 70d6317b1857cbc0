"""What PostgreSQL's own log says was written, by test_decoding: an oracle for the journal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from support.sessions import Connection

Values = Mapping[str, str | None]

SLOT: LiteralString = "journal_oracle"
LINE = re.compile(r"table (?P<tables>.+?): (?P<operation>INSERT|UPDATE|DELETE|TRUNCATE): ?")
COLUMN = re.compile(
    r"(?P<name>[^\s\[]+)\[(?P<type>.*?)\]:(?P<value>'(?:[^']|'')*'|[^\s']+)(?: |$)", re.DOTALL
)
NEW = "new-tuple: "
UNCHANGED = "unchanged-toast-datum"

# Columns whose change alone is no event: heartbeats, and what is counted up.
QUIET = {
    "task_attempts": {"lease_expires_at", "heartbeat_at"},
    "budgets": {"used_tokens", "used_cost", "version", "updated_at", "updated_by"},
}

JOURNALED = """
select g.tgrelid::regclass::text,
       (string_to_array(encode(g.tgargs, 'escape'), '\\000'))[1:3],
       (string_to_array(encode(g.tgargs, 'escape'), '\\000'))[4]::text[]
  from pg_catalog.pg_trigger as g
 where g.tgname like '%\\_journal\\_delete'
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was written: the changed columns before and after, all of a new or a gone row."""

    table: str
    operation: str
    key: str | None
    old: frozenset[tuple[str, str | None]]
    new: frozenset[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Journaled:
    """A table with a journal: its name there, its key, and its secret columns."""

    name: str
    key_column: str
    secrets: tuple[str, ...]


def journaled(session: Connection) -> dict[str, Journaled]:
    """The tables that have a journal, by their name in the database's log."""
    return {
        table: Journaled(name, id_column or key_column, tuple(secrets))
        for table, (name, id_column, key_column), secrets in session.execute(JOURNALED)
    }


def begin_decoding(session: Connection) -> None:
    """From now on everything that is written is kept for written(), old rows included."""
    # Only what has been flushed can be decoded.
    session.execute("set synchronous_commit = on")
    for table in journaled(session):
        session.execute(sql.SQL("alter table {} replica identity full").format(sql.SQL(table)))
    session.execute("select pg_create_logical_replication_slot(%s, 'test_decoding')", (SLOT,))


def written(session: Connection) -> list[Change]:
    """What was committed since begin_decoding(), in the terms of the journal."""
    session.execute("set timezone = 'UTC'; set datestyle = 'ISO, YMD'")
    rows = session.execute(
        "select data from pg_logical_slot_get_changes(%s, null, null, 'include-xids', '0')", (SLOT,)
    )
    tables = journaled(session)
    return [change for (line,) in rows for change in changes_of(line, tables)]


def changes_of(line: str, tables: Mapping[str, Journaled]) -> Iterator[Change]:
    """The changes that a line of test_decoding tells of; none for tables without a journal."""
    match = LINE.match(line)
    if match is None:
        return
    operation = match["operation"].lower()
    for table in match["tables"].split(", "):
        if table not in tables:
            continue
        if operation == "truncate":
            yield Change(tables[table].name, operation, None, frozenset(), frozenset())
            continue
        former, latter = images(operation, line[match.end() :])
        change = change_of(tables[table], operation, former, latter)
        if operation != "update" or change.old or change.new:
            yield change


def images(operation: str, text: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """The row before and after; empty where there is none."""
    if operation == "insert":
        return {}, columns(text)[0]
    former, end = columns(text.removeprefix("old-key: "))
    if operation == "delete":
        return former, {}
    rest = text.removeprefix("old-key: ")[end:]
    assert rest.startswith(NEW), rest[:100]
    latter = columns(rest.removeprefix(NEW))[0]
    unchanged = {name: former.get(name) for name, value in latter.items() if value == UNCHANGED}
    return former, latter | unchanged


def columns(text: str) -> tuple[dict[str, str | None], int]:
    """The columns at the beginning of a text, and where they end."""
    found: dict[str, str | None] = {}
    place = 0
    while match := COLUMN.match(text, place):
        found[match["name"].strip('"')] = as_journaled(match["type"], match["value"])
        place = match.end()
    return found, place


def as_journaled(type_name: str, value: str) -> str | None:
    """A value of test_decoding as the journal has it."""
    if value == "null":
        return None
    if value.startswith("'"):
        return value[1:-1].replace("''", "'")
    return value[0] if type_name == "boolean" else value


def change_of(table: Journaled, operation: str, former: Values, latter: Values) -> Change:
    """A change with the columns that the journal keeps of it, its secrets masked."""
    names = former.keys() | latter.keys()
    kept = {name for name in names if former.get(name) != latter.get(name)}
    return Change(
        table.name,
        operation,
        (latter or former).get(table.key_column),
        pairs(table, {name: former.get(name) for name in kept}, operation == "update"),
        pairs(table, {name: latter.get(name) for name in kept}, operation == "update"),
    )


def pairs(table: Journaled, values: Values, keeps_null: bool) -> frozenset[tuple[str, str | None]]:
    """Columns and values as a set, without those that are quiet."""
    quiet = QUIET.get(table.name, set())
    return frozenset(
        (name, "********" if value is not None and name in table.secrets else value)
        for name, value in values.items()
        if name not in quiet and (keeps_null or value is not None)
    )


def told(session: Connection, after: int) -> list[Change]:
    """What the journal says since a row of it, in the same terms."""
    rows = session.execute(
        "select l.table_name, l.operation, coalesce(l.row_id::text, l.row_key), l.old_values,"
        " l.new_values from docket.audit_log as l where l.audit_id > %s order by l.audit_id",
        (after,),
    )
    tables = {each.name: each for each in journaled(session).values()}
    return [
        Change(
            name,
            operation,
            key,
            pairs(tables[name], old or {}, operation == "update"),
            pairs(tables[name], new or {}, operation == "update"),
        )
        for name, operation, key, old, new in rows
    ]

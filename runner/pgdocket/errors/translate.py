"""What the driver raised, as an error of pgdocket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgdocket.errors.base import Error
from pgdocket.errors.table import ERROR_CLASSES, ConnectionFailed, SchemaMissing

if TYPE_CHECKING:
    import psycopg

# Missing table or view, missing schema, missing function.
_MISSING = frozenset({"42P01", "3F000", "42883"})
_DOCKET_OBJECT = re.compile(r'\bdocket\.|"docket"|\bdocket_private\.|"docket_private"')


def from_psycopg(exc: psycopg.Error, *, database: str | None = None) -> Error:
    """Translates what the driver raised into the exception of the error table.

    `database` names the database in the message about a missing schema. Never raises.
    """
    diag = exc.diag
    message = (diag.message_primary or str(exc).strip() or type(exc).__name__).strip()
    sqlstate = exc.sqlstate
    if sqlstate in ERROR_CLASSES:
        return ERROR_CLASSES[sqlstate](message, detail=diag.message_detail, hint=diag.message_hint)
    if sqlstate in _MISSING and _DOCKET_OBJECT.search(message):
        return _schema_missing(message, sqlstate, database)
    if _is_connection_failure(exc):
        return _connection_failed(exc, message)
    return Error(
        _first_line(message),
        detail=diag.message_detail or _other_lines(message),
        hint=diag.message_hint,
        sqlstate=sqlstate,
    )


def _schema_missing(message: str, sqlstate: str, database: str | None) -> SchemaMissing:
    where = f"database {database}" if database else "the database"
    lacks = "an older pgdocket schema" if sqlstate == "42883" else "no pgdocket schema"
    return SchemaMissing(f"{where} has {lacks}; run: pgdocket deploy", detail=message)


def _is_connection_failure(exc: psycopg.Error) -> bool:
    import psycopg

    if not isinstance(exc, psycopg.OperationalError):
        return False
    state = exc.sqlstate
    # Without a SQLSTATE libpq never got an answer; 28: who you are; 3D000: no such database;
    # 53300: no connection left; 57P0x: the server is going down or coming up.
    return (
        state is None
        or state[:2] in {"08", "28"}
        or state[:4] == "57P0"
        or state
        in {
            "3D000",
            "53300",
        }
    )


def _connection_failed(exc: psycopg.Error, message: str) -> ConnectionFailed:
    return ConnectionFailed(
        _first_line(message),
        detail=exc.diag.message_detail or _other_lines(message),
        hint=exc.diag.message_hint
        or "check --db, DATABASE_URL or PG*; or start a local server with: pgdocket up",
    )


def _first_line(message: str) -> str:
    return message.partition("\n")[0].strip()


def _other_lines(message: str) -> str | None:
    rest = " ".join(line.strip() for line in message.splitlines()[1:] if line.strip())
    return rest or None

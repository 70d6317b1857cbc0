"""The table of errors, a mirror of `docket.error_codes`, with the exception for each row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of the error table: what a SQLSTATE is called, exits with, and answers over HTTP."""

    sqlstate: str
    name: str
    exit_code: int
    http_status: int


ERROR_CODES: tuple[ErrorCode, ...] = (
    ErrorCode("PD404", "not_found", 4, 404),
    ErrorCode("PD409", "conflict", 5, 409),
    ErrorCode("PDCYC", "dependency_cycle", 6, 409),
    ErrorCode("PDTRN", "illegal_transition", 7, 409),
    ErrorCode("PDLSE", "lease_lost", 8, 409),
    ErrorCode("PDVER", "stale_version", 9, 409),
    ErrorCode("PD422", "invalid_argument", 3, 422),
    ErrorCode("PD413", "limit_exceeded", 10, 413),
    ErrorCode("PDGAT", "gate_not_passed", 11, 409),
    ErrorCode("PD403", "forbidden", 13, 403),
    ErrorCode("PDOLD", "server_too_old", 14, 503),
    ErrorCode("PDSCM", "schema_missing", 15, 503),
    ErrorCode("PDSRV", "no_server", 16, 503),
    ErrorCode("PDPLN", "plan_mismatch", 17, 409),
    ErrorCode("PDCON", "connection_failed", 12, 503),
)

UNLISTED = ErrorCode("XX000", "error", 1, 500)


class Error(Exception):
    """A failure that has been understood: what happened, where, and what to do about it.

    `message` names the thing in one line, `detail` gives the facts, `hint` says what to do.
    `sqlstate` decides the name, the exit code and the HTTP status; subclasses carry theirs, and
    an error without a row in the table exits with 1.
    """

    default_sqlstate: ClassVar[str] = UNLISTED.sqlstate

    def __init__(
        self,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.sqlstate = sqlstate or self.default_sqlstate

    @property
    def code(self) -> ErrorCode:
        """The row of the error table for this error's SQLSTATE."""
        for code in ERROR_CODES:
            if code.sqlstate == self.sqlstate:
                return code
        return ErrorCode(self.sqlstate, UNLISTED.name, UNLISTED.exit_code, UNLISTED.http_status)

    @property
    def exit_code(self) -> int:
        """What the process exits with."""
        return self.code.exit_code

    def as_dict(self) -> dict[str, Any]:
        """The error as the object that `--json` prints."""
        return {
            "sqlstate": self.sqlstate,
            "name": self.code.name,
            "message": self.message,
            "detail": self.detail,
            "hint": self.hint,
        }


class NotFound(Error):
    """What was named does not exist, or is hidden from this principal."""

    default_sqlstate = "PD404"


class Conflict(Error):
    """The thing exists already, or is in use."""

    default_sqlstate = "PD409"


class DependencyCycle(Error):
    """The dependency would close a circle."""

    default_sqlstate = "PDCYC"


class IllegalTransition(Error):
    """The status machine has no step from the present status to the one asked for."""

    default_sqlstate = "PDTRN"


class LeaseLost(Error):
    """The attempt no longer holds its task."""

    default_sqlstate = "PDLSE"


class StaleVersion(Error):
    """Someone else changed the row since it was read."""

    default_sqlstate = "PDVER"


class InvalidArgument(Error):
    """A value that the function or command doesn't accept."""

    default_sqlstate = "PD422"


class LimitExceeded(Error):
    """A promised limit would be broken."""

    default_sqlstate = "PD413"


class GateNotPassed(Error):
    """A required validation has not passed."""

    default_sqlstate = "PDGAT"


class Forbidden(Error):
    """This principal may not do that."""

    default_sqlstate = "PD403"


class ServerTooOld(Error):
    """The server is older than PostgreSQL 15."""

    default_sqlstate = "PDOLD"


class SchemaMissing(Error):
    """The database has no pgdocket schema, or an older one than this client needs."""

    default_sqlstate = "PDSCM"


class NoServer(Error):
    """No PostgreSQL server was found or could be started."""

    default_sqlstate = "PDSRV"


class PlanMismatch(Error):
    """The plan and what is deployed do not agree."""

    default_sqlstate = "PDPLN"


class ConnectionFailed(Error):
    """The server could not be reached, or refused the connection."""

    default_sqlstate = "PDCON"


ERROR_CLASSES: dict[str, type[Error]] = {
    cls.default_sqlstate: cls
    for cls in (
        NotFound,
        Conflict,
        DependencyCycle,
        IllegalTransition,
        LeaseLost,
        StaleVersion,
        InvalidArgument,
        LimitExceeded,
        GateNotPassed,
        Forbidden,
        ServerTooOld,
        SchemaMissing,
        NoServer,
        PlanMismatch,
        ConnectionFailed,
    )
}

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

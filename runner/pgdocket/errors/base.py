"""What every error of pgdocket is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of the error table: what a SQLSTATE is called, exits with, and answers over HTTP."""

    sqlstate: str
    name: str
    exit_code: int
    http_status: int


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
        from pgdocket.errors.table import ERROR_CODES

        for code in ERROR_CODES:
            if code.sqlstate == self.sqlstate:
                return code
        return ErrorCode(self.sqlstate, UNLISTED.name, UNLISTED.exit_code, UNLISTED.http_status)

    @property
    def exit_code(self) -> int:
        """What the process exits with."""
        return self.code.exit_code

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the detail says, where it is a JSON object; otherwise nothing."""
        try:
            found = json.loads(self.detail or "")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def as_dict(self) -> dict[str, Any]:
        """The error as the object that `--json` prints."""
        return {
            "sqlstate": self.sqlstate,
            "name": self.code.name,
            "message": self.message,
            "detail": self.detail,
            "hint": self.hint,
        }

"""What went wrong in a script, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from pgdocket.sqitch.lexer import Statement


class ScriptError(SqitchError):
    """A script failed. `line` and `column` (from 1) say where in `path`, as far as is known.

    `text` is the whole story as psql would print it, over several lines.
    """

    def __init__(
        self,
        text: str,
        path: Path,
        primary: str,
        *,
        line: int | None = None,
        column: int | None = None,
        sqlstate: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{place}: {primary}", detail=detail, hint=hint, sqlstate=sqlstate)
        self.text = text
        self.path = path
        self.line = line
        self.column = column

    def add(self, *, detail: str | None = None, hint: str | None = None) -> None:
        """Adds what else is known to detail or hint, and to the story."""
        for label, value in (("DETAIL", detail), ("HINT", hint)):
            if value:
                self.text = f"{self.text.rstrip(chr(10))}\n{label}:  {value}"
        self.detail = "; ".join(part for part in (self.detail, detail) if part) or None
        self.hint = "; ".join(part for part in (self.hint, hint) if part) or None

    @classmethod
    def plain(
        cls, path: Path, message: str, *, line: int | None = None, hint: str | None = None
    ) -> ScriptError:
        """An error that the server knows nothing of."""
        place = f"{path}:{line}" if line is not None else f"{path}"
        text = f"{place}: error: {message}" + (f"\nHINT:  {hint}" if hint else "")
        return cls(text, path, message, line=line, hint=hint)

    @classmethod
    def from_diagnostic(cls, diagnostic: Diagnostic, statement: Statement) -> ScriptError:
        """The server's error, placed in the file."""
        line, column = statement.line, None
        if diagnostic.statement_position:
            line, column = statement.locate(int(diagnostic.statement_position) - 1)
        text = server_message(diagnostic, statement)
        if diagnostic.sqlstate:
            text += f"SQLSTATE:  {diagnostic.sqlstate}"
        return cls(
            text.rstrip("\n"),
            statement.path,
            diagnostic.message_primary or "the statement failed",
            line=line,
            column=column,
            sqlstate=diagnostic.sqlstate,
            detail=diagnostic.message_detail,
            hint=diagnostic.message_hint,
        )

    def as_dict(self) -> dict[str, str | None]:
        """The error as the object that `--json` prints: with the place in the file."""
        return {
            **super().as_dict(),
            "file": str(self.path),
            "line": None if self.line is None else str(self.line),
            "column": None if self.column is None else str(self.column),
        }


def server_message(diagnostic: Diagnostic, statement: Statement) -> str:
    """A notice or an error as psql prints it; lines are counted in the file."""
    severity = diagnostic.severity or "ERROR"
    is_error = (diagnostic.severity_nonlocalized or severity) in ("ERROR", "FATAL", "PANIC")
    lines = [
        f"psql:{statement.path}:{statement.last_line}: {severity}:  {diagnostic.message_primary}"
    ]
    if diagnostic.statement_position:
        position = int(diagnostic.statement_position) - 1
        lines += _excerpt(statement.text, position, statement.locate(position)[0])
    elif diagnostic.internal_position and diagnostic.internal_query:
        position = int(diagnostic.internal_position) - 1
        number = diagnostic.internal_query.count("\n", 0, position) + 1
        lines += _excerpt(diagnostic.internal_query, position, number)
    for label, value in (
        ("DETAIL", diagnostic.message_detail),
        ("HINT", diagnostic.message_hint),
        ("QUERY", diagnostic.internal_query),
        ("CONTEXT", diagnostic.context if is_error else None),
    ):
        if value:
            lines.append(f"{label}:  {value}")
    return "\n".join(lines) + "\n"


def _excerpt(text: str, position: int, number: int) -> list[str]:
    """The line of the text that holds the position, and a caret below it."""
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].partition("\n")[0].replace("\t", " ").rstrip("\r")
    label = f"LINE {number}: "
    return [label + line, " " * (len(label) + position - start) + "^"]

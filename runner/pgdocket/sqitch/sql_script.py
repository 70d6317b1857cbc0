"""Writes down what a run would send, as one script for psql.

The run is rehearsed, so the script holds the very statements: those of the changes, with their
variables filled in, and those for the registry. What a script would only find out while it runs
(`\\gset`, `\\gexec`), and what psql alone can do, is refused: nobody could vouch for what was
reviewed, nor would the recorded hash be that of what runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pgdocket.sqitch.engine import Command, Engine, Job
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.inspection import Shape
from pgdocket.sqitch.lexer import ScriptReader, Statement, is_copy_from_stdin
from pgdocket.sqitch.queries import named_queries
from pgdocket.sqitch.registry import AnyConnection
from pgdocket.sqitch.rehearsal import Rehearsal, RehearsalSession
from pgdocket.sqitch.reporter import Reporter, SilentReporter
from pgdocket.sqitch.script import Execute, Send
from pgdocket.sqitch.sql_guard import guard
from pgdocket.sqitch.variables import Variables

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_UNLOCK = b"select pg_catalog.pg_advisory_unlock_all();\n"
# The script's own session holds the lock of deployments, which must outlive the scripts in it.
_FRESH = named_queries("registry_queries.sql", "")["fresh_session"].replace(_UNLOCK, b"")
_CLOSED = "do $$ begin commit; end $$"
_NO_OUTPUT, _OUTPUT = "\\o /dev/null", "\\o"


class SqlScript:
    """Collects the script of one run; `rehearse` is the engine that a job's `rehearsal` wants."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._head = ""

    @property
    def text(self) -> str:
        """The whole script, empty where a run has nothing to do."""
        return self._head + "\n".join(self._parts) + "\n" if self._parts else ""

    def rehearse(self, job: Job, control: AnyConnection) -> Engine:
        """An engine that writes into this script."""
        engine = _Writing(job, control, self)
        self._head = guard(engine)
        return engine

    def add(self, connection: AnyConnection, path: Path, variables: Mapping[str, str]) -> None:
        """Adds the statements of one file, as psql will send them; ScriptError where it can't."""
        _WritingSession(connection, self, b"").run(path, variables)

    def line(self, text: str) -> None:
        """Adds a line as it is."""
        self._parts.append(text)

    def statement(self, text: str) -> None:
        """Adds statements, and the semicolon that they need."""
        self.line(text if text.endswith(";") else text + ";")


class _Writing(Rehearsal):
    """An engine that writes down what it should run."""

    def __init__(self, job: Job, control: AnyConnection, script: SqlScript) -> None:
        self._script = script
        reporter = _Headings(job.reporter, script)
        super().__init__(replace(job, reporter=reporter), control, script.statement)

    def _open_session(self, control: AnyConnection) -> ScriptSession:
        return _WritingSession(control, self._script, self._settings())

    def uses_psql(self, command: Command, path: Path) -> bool:
        """Never: psql runs it all, so that a configured client changes nothing."""
        self.refuse_unrunnable(command, path)
        return False

    def refuse_unrunnable(self, command: Command, path: Path) -> None:
        """Raises ScriptError for a script that can't be written out."""
        obstacle = self.inspect(command, path).obstacle
        if obstacle is not None:
            raise _refusal(obstacle.path, obstacle.line, obstacle.command)

    def run_script(self, command: Command, path: Path, *, is_muted: bool = False) -> None:
        """Writes the script, and a check that it leaves no transaction open."""
        super().run_script(command, path, is_muted=is_muted)
        if self.inspect(command, path).shape is Shape.OTHER:
            self._script.line(f"-- Fails where the script has left a transaction open.\n{_CLOSED};")
        self._script.statement(_FRESH.decode())
        self._script.line("\\encoding UTF8")


class _WritingSession(RehearsalSession):
    """Writes statements instead of sending them."""

    def __init__(self, control: AnyConnection, script: SqlScript, settings: bytes) -> None:
        super().__init__(control, SilentReporter(), settings=settings)
        self._script = script

    def refresh(self) -> bytes:
        """What the engine would send between two scripts."""
        is_used, self._is_used = self._is_used, False
        parts = (_FRESH if is_used else b"", self.settings)
        return b";\n".join(part for part in parts if part)

    def send(self, *statements: bytes) -> list[PGresult]:
        """Writes the statements."""
        for statement in statements:
            if statement:
                self._script.statement(statement.decode("utf-8", "surrogateescape"))
            if statement.startswith(_FRESH):
                self._script.line("\\encoding UTF8")
        return []

    def run(
        self,
        path: Path,
        variables: Mapping[str, str],
        statements: Sequence[Statement] | None = None,
        *,
        is_muted: bool = False,
    ) -> None:
        """Writes a script that has its transactions to itself."""
        self.send(self.refresh())
        self._walk(path, variables, None, inner=False, is_muted=is_muted)
        self._is_used = False

    def _walk(
        self,
        path: Path,
        variables: Mapping[str, str],
        statements: Sequence[Statement] | None,
        *,
        inner: bool,
        is_muted: bool,
        then: Sequence[bytes] = (),
    ) -> None:
        if is_muted:
            self._script.line(_NO_OUTPUT)
        super()._walk(path, variables, statements, inner=inner, is_muted=is_muted)
        if is_muted:
            self._script.line(_OUTPUT)
        self.send(*then)

    def _check_inside(self, statement: Statement) -> None:
        """No statement has run."""

    def _out(self, text: str) -> None:
        """What the script prints: `\\echo` prints it again."""
        newline = "" if text.endswith("\n") else "-n "
        self._script.line(f"\\echo {newline}{_quoted(text.removesuffix(chr(10)))}")

    def _execute(self, step: Execute, variables: Variables) -> None:
        statement = step.statement
        if step.send is not Send.PRINT:
            raise _refusal(statement.path, statement.last_line, f"\\{step.send.value}")
        if "standard_conforming_strings" in statement.text:
            raise _refusal(statement.path, statement.line, "another reading of strings")
        self.may_defer = self.may_defer or "deferr" in statement.text.lower()
        self._script.line(self._text(statement))
        if step.reader is not None and is_copy_from_stdin(statement.text):
            self._script.line("".join(step.reader.copy_data()) + "\\.")

    def _text(self, statement: Statement) -> str:
        """The statement as psql must read it to send it as it is."""
        text = statement.text + "\n;"
        parts = [
            item.text
            for item in ScriptReader(
                text, statement.path, Variables(), standard_strings=self._standard_strings
            ).items()
            if isinstance(item, Statement)
        ]
        if len(parts) == 1:  # without a semicolon of its own
            return statement.text + "\n\\g"
        end = 0
        masked = ""
        for part in parts[:-2]:
            start, end = end, statement.text.index(part, end) + len(part)
            masked += statement.text[start : end - 1] + "\\;"
        return masked + statement.text[end:]


class _Headings:
    """Names each change in the script, before its statements."""

    def __init__(self, inner: Reporter, script: SqlScript) -> None:
        self._script = script
        self.warn = inner.warn
        self.err = inner.err

    def run(self, count: int) -> AbstractContextManager[None]:
        """Nothing takes long enough for a bar."""
        return SilentReporter().run(count)

    def start(self, sign: str, label: str, width: int) -> None:
        """Writes the heading."""
        self._script.line(f"\n-- {sign} {label}\n\\echo '  {sign}' {_quoted(label)}")

    def finish(self, ok: bool, comment: str = "") -> None:
        """Nothing to say yet."""

    def info(self, line: str) -> None:
        """Makes a headline a comment."""
        self._script.line(f"-- {line}")

    def summary(self, text: str) -> None:
        """Says nothing."""

    def out(self, text: str) -> None:
        """Says nothing."""


def _quoted(text: str) -> str:
    escaped = re.sub(r"['\\\n\r]", _escape, text)
    return f"'{escaped}'"


def _escape(match: re.Match[str]) -> str:
    return {"'": "''", "\\": "\\\\", "\n": "\\n", "\r": "\\r"}[match.group()]


def _refusal(path: Path, line: int, what: str) -> ScriptError:
    return ScriptError.plain(
        path,
        f"{what} can't be written out: only a run shows what it does",
        line=line,
        hint="deploy this change without --sql, or up to the one before it with --to",
    )

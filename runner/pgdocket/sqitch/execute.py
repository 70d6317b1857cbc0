"""Runs scripts on a connection, statement by statement, as psql would.

Every statement is one message, so that each is its own transaction unless the script begins one.
Inside a transaction they go to the server without waiting for each other's results, where nothing
but the time that it takes can tell. Results are printed as `psql --no-align --tuples-only` prints
them, notices and errors with the place in the file that they come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from psycopg import Connection, Error, capabilities, pq
from psycopg.errors import Diagnostic, error_from_result

from pgdocket.sqitch.failure import ScriptError, server_message
from pgdocket.sqitch.inspection import transaction_word
from pgdocket.sqitch.joining import joined
from pgdocket.sqitch.queries import named_queries
from pgdocket.sqitch.script import (
    Execute,
    NeedsPsql,
    Output,
    ScriptSyntaxError,
    Send,
    Statement,
    Variables,
    Walk,
    split,
    walk,
)
from pgdocket.sqitch.variables import is_variable_name
from pgdocket.sqitch.wire import Wire

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from pgdocket.sqitch.blocking import LockWatch

_IDLE = pq.TransactionStatus.IDLE
_INTRANS = pq.TransactionStatus.INTRANS
# Lock timeout, and cancelled.
_WAITED = ("55P03", "57014")
# The statement of a killed process ends with it, and so do its locks.
_WATCH = b"set client_connection_check_interval = '2s'"
_FRESH = named_queries("registry_queries.sql", "")["fresh_session"]


class Printer(Protocol):
    """Where a script's own output goes."""

    def out(self, text: str) -> None:
        """Text for standard output."""

    def err(self, text: str) -> None:
        """Text for standard error."""


class ScriptSession:
    """A connection that scripts run on, one after the other, each as if it were a new one.

    `may_defer` is set once a script has spoken of deferrable constraints. `settings` are the
    statements that every script begins with; `locks` looks for those that a statement waits for.
    """

    def __init__(
        self,
        connection: Connection[tuple[object, ...]],
        printer: Printer,
        *,
        settings: bytes = b"",
        locks: LockWatch | None = None,
    ) -> None:
        self.connection = connection
        self.may_defer = False
        self.settings = settings
        self._locks = locks
        self._wire = Wire(connection, locks)
        self._held: list[bytes] = []
        self._printer = printer
        self._is_used = False
        self._statement: Statement | None = None
        self._is_muted = False
        self._watch = _WATCH if self._can_watch() else b""
        connection.add_notice_handler(self._notice)

    def refresh(self) -> bytes:
        """The statements that give the next script a session without traces of those before it.

        They may share a message and a transaction with others, which must be sent at once.
        """
        is_used, self._is_used = self._is_used, False
        fresh = (_FRESH, self._watch) if is_used else ()
        return b";\n".join(part for part in (*fresh, self.settings) if part)

    def blocked_before(self) -> str:
        """Whom a statement before the last one was seen waiting for, in words."""
        return self._locks.last_story if self._locks is not None else ""

    def _can_watch(self) -> bool:
        """Asks the server to notice when this process dies; not every system lets it."""
        try:
            self.connection.execute(_WATCH)
        except Error:
            return False
        return True

    def hold(self, *statements: bytes) -> None:
        """As `send`, but together with what is sent next: errors come then."""
        self._held += [statement for statement in statements if statement]

    def send(self, *statements: bytes) -> list[PGresult]:
        """Sends the statements in one message; raises psycopg's error when one fails."""
        self._statement = None
        query = b";\n".join((*self._held, *(each for each in statements if each)))
        self._held.clear()
        results = self._wire.message(query) if query else []
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise error_from_result(result, "utf-8")
        return results

    def abandon(self) -> None:
        """Rolls an open transaction back, as far as the connection still lives."""
        self._is_used = True
        self._held.clear()
        if self.connection.pgconn.transaction_status in (_INTRANS, pq.TransactionStatus.INERROR):
            self.send(b"rollback")

    def run(
        self,
        path: Path,
        variables: Mapping[str, str],
        statements: Sequence[Statement] | None = None,
        *,
        is_muted: bool = False,
    ) -> None:
        """Runs a whole script in a fresh session.

        Raises ScriptError at the first failed statement and for a transaction that the script
        leaves open or that only psql could run on. `is_muted` drops what it prints on standard
        output; `statements` are those of the script, where they are known already.
        """
        self.send(self.refresh())
        try:
            self._walk(path, variables, statements, inner=False, is_muted=is_muted)
        except BaseException:
            self.abandon()
            raise
        if self.connection.pgconn.transaction_status != _IDLE:
            self.send(b"rollback")
            raise ScriptError.plain(
                path,
                "the script leaves a transaction open",
                hint='end it with "commit;": psql would throw its work away without a word',
            )

    def run_inner(
        self,
        path: Path,
        variables: Mapping[str, str],
        statements: Sequence[Statement] | None = None,
        *,
        is_muted: bool = False,
        then: Sequence[bytes] = (),
    ) -> None:
        """Runs a script inside the open transaction, its own begin and commit left out.

        The statements `then` follow, with the last ones of the script where that can be.

        Only for scripts that `inspect` found to be one block or free of transaction control;
        `statements` are what stands between, where that is known already.
        """
        self._walk(path, variables, statements, inner=True, is_muted=is_muted, then=then)

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
        self._is_used = True
        self._is_muted = is_muted
        try:
            if statements is not None and self._standard_strings():
                then = self._run_known(statements, then, inner=inner)
            else:
                self._run_steps(path, variables, inner=inner)
        except ScriptSyntaxError as error:
            raise ScriptError.plain(error.path, error.message, line=error.line) from None
        except NeedsPsql as error:
            raise ScriptError.plain(
                error.path, f"{error.command} can only be run by psql", line=error.line
            ) from None
        except OSError as error:
            raise ScriptError.plain(path, f"{error.strerror}") from None
        finally:
            self._statement = None
        self.send(*then)

    def _run_steps(self, path: Path, variables: Mapping[str, str], *, inner: bool) -> None:
        """Runs a script while it is read: what it has done shapes what is read next."""
        state = Walk(Variables({**self._builtin(), **variables}))
        state.standard_strings = self._standard_strings
        for step in walk(path, state):
            if isinstance(step, Output):
                (self._printer.err if step.is_error else self._out)(step.text)
            elif not (inner and transaction_word(step.statement.text) is not None):
                self._execute(step, state.variables)
                if inner:
                    self._check_inside(step.statement)

    def _run_known(
        self, statements: Iterable[Statement], then: Sequence[bytes], *, inner: bool
    ) -> Sequence[bytes]:
        """Runs statements that depend on nothing, together as far as they can go so.

        Returns those of `then` that could not go with the last of them.
        """
        groups = list(joined(statements, is_muted=self._is_muted))
        for number, (can_join, group) in enumerate(groups, 1):
            last = then if self._is_muted and number == len(groups) else ()
            size = len(self._held) + len(group) + len(last)
            if can_join and size > 1 and self._can_pipeline():
                self._execute_together(group, last)
                if last:
                    return ()
            else:
                for statement in group:
                    self._execute(Execute(statement, None), Variables())
            if inner:
                self._check_inside(group[-1])
        return then

    def _can_pipeline(self) -> bool:
        is_inside = self._held or self.connection.pgconn.transaction_status == _INTRANS
        return bool(is_inside) and capabilities.has_pipeline()

    def _execute_together(self, group: Sequence[Statement], then: Sequence[bytes]) -> None:
        held = [single for each in self._held for single in _single(each)]
        self._held.clear()
        everything = (*(None for _ in held), *group, *(None for _ in then))
        self.may_defer = self.may_defer or any("deferr" in each.text.lower() for each in group)
        queries = [*held, *(each.encoded for each in group), *then]
        number, result = self._wire.pipeline(queries, lambda at: self._turn(everything[at]))
        if result.status == pq.ExecStatus.FATAL_ERROR:
            failed = everything[number]
            if failed is None:
                raise error_from_result(result, "utf-8")
            raise self._failure(result, failed)
        if not then:
            self._out(_rows(result))

    def _turn(self, statement: Statement | None) -> None:
        """From now on notices are those of that statement."""
        self._statement = statement

    def _check_inside(self, statement: Statement) -> None:
        if self.connection.pgconn.transaction_status != _INTRANS:
            raise ScriptError.plain(
                statement.path, "the statement ended the transaction", line=statement.line
            )

    def _execute(self, step: Execute, variables: Variables) -> None:
        self._statement = step.statement
        self.may_defer = self.may_defer or "deferr" in step.statement.text.lower()
        for result in self._query(step, step.statement, variables):
            if step.send is Send.SET:
                _store(result, step, variables)
            elif step.send is Send.EXECUTE:
                self._execute_cells(result, step, variables)
            else:
                self._out(_rows(result))

    def _query(self, step: Execute, statement: Statement, variables: Variables) -> list[PGresult]:
        if self._held:
            self.send()
            self._statement = statement
        results = self._wire.message(statement.encoded)
        while results and results[-1].status in (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT):
            copy = results.pop()
            if copy.status == pq.ExecStatus.COPY_OUT:
                results.append(self._wire.copy_out(self._out))
            elif step.reader is None:
                results.append(self._wire.refuse_copy(b"the data of this COPY were not found"))
            else:
                results.append(self._wire.copy_in(step.reader.copy_data()))
        for position, result in enumerate(results):
            if result.status == pq.ExecStatus.FATAL_ERROR:
                for earlier in results[:position]:
                    self._out(_rows(earlier))
                raise self._failure(result, statement)
        variables.set("ROW_COUNT", str(_row_count(results)))
        return results

    def _failure(self, result: PGresult, statement: Statement) -> ScriptError:
        error = ScriptError.from_diagnostic(Diagnostic(result, "utf-8"), statement)
        if self._locks is not None and error.sqlstate in _WAITED:
            error.add(detail=self._locks.story_of_failure())
        return error

    def _execute_cells(self, result: PGresult, step: Execute, variables: Variables) -> None:
        """`\\gexec`: every cell of the result is a statement."""
        for row in range(result.ntuples):
            for column in range(result.nfields):
                value = result.get_value(row, column)
                if value is None:
                    continue
                text = value.decode("utf-8", "surrogateescape")
                statement = _generated(step.statement, text)
                for inner in self._query(step, statement, variables):
                    self._out(_rows(inner))
        variables.set("ROW_COUNT", str(_row_count([result])))

    def _out(self, text: str) -> None:
        if text and not self._is_muted:
            self._printer.out(text)

    def _notice(self, diagnostic: Diagnostic) -> None:
        if self._statement is not None:
            self._printer.err(server_message(diagnostic, self._statement))

    def _standard_strings(self) -> bool:
        return self.connection.pgconn.parameter_status(b"standard_conforming_strings") != b"off"

    def _builtin(self) -> dict[str, str]:
        """The variables that psql sets by itself and that scripts can sensibly ask for."""
        info = self.connection.info
        version = info.server_version
        return {
            "DBNAME": info.dbname,
            "USER": info.user,
            "HOST": info.host,
            "PORT": str(info.port),
            "ENCODING": "UTF8",
            "SERVER_VERSION_NUM": str(version),
            "SERVER_VERSION_NAME": info.parameter_status("server_version") or "",
            "ON_ERROR_STOP": "1",
            "QUIET": "on",
        }


@cache
def _single(message: bytes) -> tuple[bytes, ...]:
    """The statements of a message of the engine's own."""
    return tuple(each.encode() for each in split(message.decode()))


def _rows(result: PGresult) -> str:
    """A result as `psql --no-align --tuples-only` shows it."""
    if result.status != pq.ExecStatus.TUPLES_OK:
        return ""
    columns = range(result.nfields)
    lines = []
    for row in range(result.ntuples):
        cells = [result.get_value(row, column) or b"" for column in columns]
        lines.append(b"|".join(cells) + b"\n")
    return b"".join(lines).decode("utf-8", "replace")


def _row_count(results: list[PGresult]) -> int:
    return (results[-1].command_tuples or 0) if results else 0


def _store(result: PGresult, step: Execute, variables: Variables) -> None:
    """`\\gset`: the one row of the result becomes variables."""
    statement = step.statement
    if result.status != pq.ExecStatus.TUPLES_OK or result.ntuples != 1:
        count = "no rows" if not result.ntuples else "more than one row"
        raise ScriptError.plain(
            statement.path, f"{count} returned for \\gset", line=statement.last_line
        )
    for column in range(result.nfields):
        name = step.prefix + (result.fname(column) or b"").decode("utf-8", "replace")
        if not is_variable_name(name):
            raise ScriptError.plain(
                statement.path, f'invalid variable name: "{name}"', line=statement.last_line
            )
        value = result.get_value(0, column)
        if value is None:
            variables.unset(name)
        else:
            variables.set(name, value.decode("utf-8", "surrogateescape"))


def _generated(statement: Statement, text: str) -> Statement:
    origins = ((0, statement.origins[0][1], True),) if statement.origins else ()
    return Statement(
        text, statement.path, statement.line, statement.last_line, origins, statement.source
    )

"""Runs without consequences: everything is read, checked and told, and nothing is written.

The commands work as ever; what they get is an engine whose connections only note down what they
are asked to write. Reads go to the database, in one transaction that the server holds to reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psycopg

from pgdocket.sqitch.engine import Command, Engine, Job
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.reader import Readable
from pgdocket.sqitch.registry import AnyConnection, DeployedChange, Registry
from pgdocket.sqitch.reporter import Reporter, SilentReporter
from pgdocket.sqitch.script import Execute, Statement, Variables

_READ = re.compile(rb"(?:\s|--[^\n]*)*select\b", re.IGNORECASE)
_SNAPSHOT = "begin transaction isolation level repeatable read read only"


class Recorder:
    """Stands for the registry's connection: reads, and hands on what it should write.

    What stands between `begin` and `commit` is handed on as a whole with the commit, since
    scripts, which another session would run meanwhile, come first.
    """

    def __init__(self, connection: AnyConnection, write: Callable[[str], None]) -> None:
        self._connection = connection
        self._write = write
        self._pending: list[str] | None = None
        connection.execute(_SNAPSHOT)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: bytes | str, parameters: Mapping[str, object] | None = None) -> Any:
        """Reads, or notes the statement down."""
        text = query.encode() if isinstance(query, str) else query
        if _READ.match(text):
            return self._connection.execute(text, parameters)
        statement = psycopg.ClientCursor(self._connection).mogrify(text, parameters)
        if statement == "rollback":
            self._pending = None
        elif statement == "begin":
            self._pending = [statement]
        elif self._pending is None:
            self._write(statement)
        else:
            self._pending.append(statement)
            if statement == "commit":
                done, self._pending = self._pending, None
                for each in done:
                    self._write(each)
        return None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside belongs together."""
        self.execute("begin")
        yield
        self.execute("commit")


class RehearsalSession(ScriptSession):
    """Stands for the session of the scripts."""

    def _can_watch(self) -> bool:
        return False

    def refresh(self) -> bytes:
        """Nothing needs to be refreshed."""
        return b""

    def hold(self, *statements: bytes) -> None:
        """Holds nothing back."""
        self.send(*statements)

    def send(self, *statements: bytes) -> list[Any]:
        """Sends nothing."""
        return []

    def abandon(self) -> None:
        """There is nothing to roll back."""

    def _execute_together(self, group: Sequence[Statement], then: Sequence[bytes]) -> None:
        for statement in group:
            self._execute(Execute(statement, None), Variables())
        self.send(*then)


class _Foreseen(Registry):
    """The registry as it would be without the changes that were reverted in the rehearsal."""

    def __init__(self, schema: str, reverted: AbstractSet[str]) -> None:
        super().__init__(schema)
        self._reverted = reverted

    def deployed(self, connection: Readable, project: str) -> tuple[DeployedChange, ...]:
        """The project's changes that would still be deployed."""
        rows = super().deployed(connection, project)
        return tuple(row for row in rows if row.id not in self._reverted)

    def known_ids(self, connection: AnyConnection, ids: Sequence[str]) -> dict[str, str]:
        """Of these changes, those that would still be deployed."""
        return super().known_ids(connection, [each for each in ids if each not in self._reverted])


class Rehearsal(Engine):
    """An engine that runs nothing. `write` gets what the registry would be told."""

    def __init__(self, job: Job, control: AnyConnection, write: Callable[[str], None]) -> None:
        super().__init__(job, control)
        self.control = cast(AnyConnection, Recorder(control, write))
        self._reverted: set[str] = set()
        self.registry = _Foreseen(job.target.registry, self._reverted)
        self._session = self._open_session(control)
        self._session.may_defer = self.registry.has_deferred(control)

    def _open_session(self, control: AnyConnection) -> ScriptSession:
        return RehearsalSession(control, SilentReporter(), settings=self._settings())

    @property
    def work(self) -> ScriptSession:
        """The session that stands for the one of the scripts."""
        return self._session

    def assume_reverted(self, ids: Iterable[str]) -> None:
        """From here on these changes are taken for reverted."""
        self._reverted.update(ids)

    def lock(self) -> None:
        """Who only looks needs no lock."""


class DryRun:
    """Tells what a run would do; `rehearse` is the engine that a job's `rehearsal` wants.

    `scripts` holds, for each change in its order, the scripts that would run, and how.
    """

    def __init__(self) -> None:
        self.scripts: list[list[tuple[str, str]]] = []

    def rehearse(self, job: Job, control: AnyConnection) -> Engine:
        """An engine that tells what would run."""
        return _Telling(job, control, self.scripts)


class _Telling(Rehearsal):
    """An engine that tells what would run."""

    def __init__(
        self, job: Job, control: AnyConnection, scripts: list[list[tuple[str, str]]]
    ) -> None:
        self._notes = _Notes(job.reporter, scripts)
        super().__init__(replace(job, reporter=self._notes), control, lambda _: None)
        self._notes.info(f"Dry run: nothing is written to {job.display}")

    def run_inside(
        self, command: Command, path: Path, *, is_muted: bool = False, then: Sequence[bytes] = ()
    ) -> None:
        """Notes the script down as one that shares its transaction with the registry."""
        self._notes.add(f"{path}", "one transaction")

    def run_script(self, command: Command, path: Path, *, is_muted: bool = False) -> None:
        """Notes down the script and how it would run."""
        self.refuse_unrunnable(command, path)
        self._notes.add(
            f"{path}", "psql" if self.uses_psql(command, path) else "statement by statement"
        )


class _Notes:
    """Puts what would run in the place of `ok`."""

    def __init__(self, inner: Reporter, scripts: list[list[tuple[str, str]]]) -> None:
        self._inner = inner
        self._line = ""
        self._all = scripts
        self.info = inner.info
        self.summary = inner.summary
        self.warn = inner.warn
        self.out = inner.out
        self.err = inner.err

    def run(self, count: int) -> AbstractContextManager[None]:
        """Nothing takes long enough for a bar."""
        return SilentReporter().run(count)

    def start(self, sign: str, label: str, width: int) -> None:
        """Begins the line of a change."""
        self._line = f"  {sign} {label} {'.' * (width - len(label) + 2)} "
        self._all.append([])

    def add(self, path: str, how: str) -> None:
        """Notes a script."""
        self._all[-1].append((path, how))

    def finish(self, ok: bool, comment: str = "") -> None:
        """Tells what the change would run."""
        noted = self._all[-1]
        ways = dict.fromkeys(how for _, how in noted)
        scripts = " ".join(path for path, _ in noted)
        what = f"{scripts} ({', '.join(ways)})" if ok else comment or "not ok"
        self._inner.info(self._line + (what if noted or not ok else "registry only"))

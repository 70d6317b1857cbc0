"""What deploy, revert and verify share: the connections, the registry, and how scripts run."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgdocket.errors import ServerTooOld
from pgdocket.sqitch import client, scripts
from pgdocket.sqitch.blocking import LockWatch
from pgdocket.sqitch.config import Target, load_configuration
from pgdocket.sqitch.connection import connect, connect_control
from pgdocket.sqitch.connection import display as display_name
from pgdocket.sqitch.deployed import Deployed
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.inspection import Inspection, inspect
from pgdocket.sqitch.leftovers import leftovers_told
from pgdocket.sqitch.lock import take_lock
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import AnyConnection, Person, Registry
from pgdocket.sqitch.reporter import Reporter, SilentReporter
from pgdocket.sqitch.script import ScriptSyntaxError, Variables
from pgdocket.sqitch.uri import DatabaseUri
from pgdocket.sqitch.variables import quote_literal

_FILES = {
    "deploy": scripts.deploy_file,
    "revert": scripts.revert_file,
    "verify": scripts.verify_file,
}
Command = str


@dataclass(frozen=True, slots=True)
class Job:
    """What every command is given.

    `variables` holds psql's variables by command (deploy, revert, verify); `lock_timeout` is in
    seconds. `conninfo` is for libpq. `oldest_server` is the oldest version that will do, as
    libpq numbers them (150000 for 15), 0 for any. `lock_timeout_sql` is PostgreSQL's lock_timeout
    for the scripts, and `lock_retries` says how often a transaction that did not get its locks
    is tried again. `rehearsal` makes the engine for a run that
    does nothing yet.
    """

    plan: Plan
    target: Target
    conninfo: str
    person: Person
    reporter: Reporter
    variables: Mapping[Command, Mapping[str, str]] = field(default_factory=dict)
    lock_timeout: int = 60
    oldest_server: int = 0
    lock_timeout_sql: str | None = None
    lock_retries: int = 0
    rehearsal: Callable[[Job, AnyConnection], Engine] | None = None

    @property
    def display(self) -> str:
        """The database as messages name it."""
        return self.target.display


def make_job(
    plan: Plan,
    target: Target | str,
    *,
    person: Person | None = None,
    reporter: Reporter | None = None,
    variables: Mapping[str, str] | None = None,
    command_variables: Mapping[Command, Mapping[str, str]] | None = None,
    lock_timeout: int = 60,
    display: str | None = None,
    oldest_server: int = 0,
) -> Job:
    """Fills in what was left out: who is at work, as sqitch.conf says, and the reporter.

    `target` is a target or libpq's connection string, whose scripts then lie beside the plan.
    `variables` are for all commands, `command_variables` for each its own. `display` names the
    database in messages.
    """
    top = plan.path.parent
    conninfo = target if isinstance(target, str) else target.conninfo()
    if isinstance(target, str):
        target = _plain_target(plan, target, display)
    person = person or Person(*load_configuration(top).user())
    return Job(
        plan=plan,
        target=target,
        conninfo=conninfo,
        person=person,
        reporter=reporter or SilentReporter(),
        variables=command_variables
        or {command: dict(variables or {}) for command in ("deploy", "revert", "verify")},
        lock_timeout=lock_timeout,
        oldest_server=oldest_server,
    )


def _plain_target(plan: Plan, conninfo: str, display: str | None) -> Target:
    top = plan.path.parent
    uri = DatabaseUri(dbname=display_name(conninfo))
    kinds = {kind: top / kind for kind in _FILES}
    return Target(
        name=str(uri),
        uri=uri,
        display=display or display_name(conninfo),
        registry="sqitch",
        client=None,
        plan_file=plan.path,
        top_dir=top,
        **{f"{kind}_dir": path for kind, path in kinds.items()},  # type: ignore[arg-type]
        **{f"reworked_{kind}_dir": path for kind, path in kinds.items()},  # type: ignore[arg-type]
    )


class Engine:
    """An open job: a connection for the registry, and one for scripts once it is needed."""

    def __init__(self, job: Job, control: AnyConnection) -> None:
        self.job = job
        self.control = control
        self.registry = Registry(job.target.registry)
        self._work: ScriptSession | None = None
        self._lock_wait = _lock_wait(control, job.lock_timeout_sql)
        self._inspections: dict[Path, Inspection] = {}

    @property
    def work(self) -> ScriptSession:
        """The session that scripts run in."""
        if self._work is None or self._work.connection.closed:
            self._work = self._open_session(self.control)
            self._work.may_defer = self.registry.has_deferred(self.control)
        return self._work

    def _open_session(self, control: AnyConnection) -> ScriptSession:
        connection = connect(self.job.conninfo)
        pid = connection.info.backend_pid
        return ScriptSession(
            connection,
            self.job.reporter,
            settings=self._settings(),
            locks=LockWatch(control, pid, self.job.reporter, self._lock_wait),
        )

    def _settings(self) -> bytes:
        timeout = self.job.lock_timeout_sql
        return f"set lock_timeout = {quote_literal(timeout)}".encode() if timeout else b""

    def settle(self) -> bytes:
        """The statements that end a script's influence on the rest of its transaction."""
        work = self.work
        settle = self.registry.query("settle_deferred" if work.may_defer else "settle")
        return settle + b";\n" + work.settings if work.settings else settle

    def close(self) -> None:
        """Ends the connections; the lock goes with them."""
        if self._work is not None:
            self._work.connection.close()
        self.control.close()

    def turn_to(self, job: Job) -> None:
        """Goes on with another job on the same database: its plan, and scripts as they are now."""
        self.job = job
        self._inspections.clear()

    def assume_reverted(self, ids: Iterable[str]) -> None:
        """Tells an engine that does nothing what would be reverted by now; others can see it."""

    def lock(self) -> None:
        """Keeps other deployments out until the connection ends."""
        job = self.job
        take_lock(self.control, self.registry, job.display, job.reporter, timeout=job.lock_timeout)

    def deployed(self, project: str | None = None) -> Deployed:
        """What is deployed of the plan's project, or of another."""
        name = project or self.job.plan.project
        return Deployed(name, self.registry.deployed(self.control, name))

    def file(self, command: Command, change: Change) -> Path:
        """The change's script for a command; it may be missing."""
        return _FILES[command](change, self.job.target)

    def variables(self, command: Command) -> dict[str, str]:
        """psql's variables for a command's scripts."""
        return {**self.job.variables.get(command, {}), "registry": self.registry.schema}

    def uses_psql(self, command: Command, path: Path) -> bool:
        """Whether psql has to run the script: it is configured, or the script asks for more."""
        return (
            self.job.target.client is not None or self.inspect(command, path).obstacle is not None
        )

    def inspect(self, command: Command, path: Path) -> Inspection:
        """What the script needs; SqitchError when it can't be read."""
        if path not in self._inspections:
            try:
                found = inspect(path, Variables(self.variables(command)))
            except ScriptSyntaxError as error:
                raise ScriptError.plain(error.path, error.message, line=error.line) from None
            except OSError as error:
                raise SqitchError(f"Cannot read {path}: {error.strerror}") from None
            self._inspections[path] = found
        return self._inspections[path]

    def refuse_unrunnable(self, command: Command, path: Path) -> None:
        """Raises SqitchError for a script that needs psql, where there is none."""
        if self.job.target.client is not None:
            client.find_client(self.job.target.client)
            return
        obstacle = self.inspect(command, path).obstacle
        if obstacle is not None and client.find_client(None) is None:
            raise SqitchError(
                f"{obstacle.path}:{obstacle.line}: {obstacle.command} can only be run by psql, "
                "and there is none",
                hint='install psql, or name it: [engine "pg"] client = /path/to/psql',
            )

    def run_inside(
        self, command: Command, path: Path, *, is_muted: bool = False, then: Sequence[bytes] = ()
    ) -> None:
        """Runs a script inside the open transaction of `work`, and the statements `then`.

        ScriptError when the script fails, psycopg's own when they do.
        """
        known = self.inspect(command, path).body
        self.work.run_inner(path, self.variables(command), known, is_muted=is_muted, then=then)

    def run_script(self, command: Command, path: Path, *, is_muted: bool = False) -> None:
        """Runs a script in a session of its own; ScriptError when it fails."""
        with leftovers_told(self.control, path, self.job.reporter):
            if self.uses_psql(command, path):
                self._run_psql(command, path, is_muted=is_muted)
            else:
                known = self.inspect(command, path).statements
                self.work.run(path, self.variables(command), known, is_muted=is_muted)

    def _run_psql(self, command: Command, path: Path, *, is_muted: bool) -> None:
        program = client.find_client(self.job.target.client)
        if program is None:
            self.refuse_unrunnable(command, path)
        variables = self.job.variables.get(command, {})
        conninfo, password = _without_password(self.job.conninfo)
        line = client.arguments(program or "psql", conninfo, self.registry.schema, variables, path)
        timeout = self.job.lock_timeout_sql
        client.run_client(
            line, path, password, self.job.reporter, is_muted=is_muted, lock_timeout=timeout
        )


@contextmanager
def open_engine(job: Job) -> Iterator[Engine]:
    """Connects; SqitchError when that fails. Ctrl-C stops the statement that is running."""
    control = connect_control(job.conninfo)
    engine = (job.rehearsal or Engine)(job, control)
    try:
        _refuse_old(control, job.oldest_server)
        with _terminate_orderly():
            yield engine
    finally:
        engine.close()


def _refuse_old(connection: AnyConnection, oldest: int) -> None:
    version = connection.info.server_version
    if version < oldest:
        found = connection.info.parameter_status("server_version")
        raise ServerTooOld(
            f"the server is PostgreSQL {found}; {oldest // 10000} or newer is needed"
        )


@contextmanager
def _terminate_orderly() -> Iterator[None]:
    """SIGTERM ends the work as Ctrl-C does: what runs is cancelled and its failure recorded."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        previous = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGTERM, previous)


def _lock_wait(control: AnyConnection, timeout: str | None) -> float | None:
    """The timeout in seconds, as the server understands it; None for none."""
    if timeout is None:
        return None
    try:
        with control.transaction():
            control.execute("select set_config('lock_timeout', %s, true)", [timeout])
            query = "select setting::float8 / 1000 from pg_settings where name = 'lock_timeout'"
            row = control.execute(query).fetchone()
    except psycopg.DataError as error:
        message = error.diag.message_primary
        raise SqitchError(f"{message}", hint=error.diag.message_hint) from None
    return float(row[0]) or None if row else None


def _without_password(conninfo: str) -> tuple[str, str | None]:
    if "password" not in conninfo:
        return conninfo, None
    given = conninfo_to_dict(conninfo)
    password = given.pop("password", None)
    return make_conninfo("", **given), None if password is None else str(password)

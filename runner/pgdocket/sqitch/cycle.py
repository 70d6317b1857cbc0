"""The full cycle: each change deployed, verified, reverted and deployed again.

A revert must leave the schema as it was before its change, and the second deployment must make
what the first one made. The schema is compared by its catalog, row by row (cycle.sql).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal

from pgdocket.errors import Error
from pgdocket.server import find_binaries
from pgdocket.sqitch.connection import connect_control
from pgdocket.sqitch.cycle_guard import refuse_shared
from pgdocket.sqitch.deploy import DeployOptions, deploy_with
from pgdocket.sqitch.engine import Engine, Job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.queries import package_text
from pgdocket.sqitch.registry import AnyConnection
from pgdocket.sqitch.reporter import Reporter, SilentReporter
from pgdocket.sqitch.results import RunFailed
from pgdocket.sqitch.revert import RevertOptions, revert_with
from pgdocket.sqitch.scratch import leftovers, scratch_database, scratch_server
from pgdocket.sqitch.verify import run_verify

Fingerprint = Mapping[tuple[str, str], str]
Stage = Literal["deploy", "revert", "left", "again", "differs"]

REGISTRY_TABLES = ("releases", "projects", "changes", "tags", "dependencies", "events")
_SAYS: dict[Stage, str] = {
    "deploy": "Deploying it failed",
    "revert": "Reverting it failed",
    "left": "Reverting it does not leave the schema as it was",
    "again": "Deploying it again failed",
    "differs": "Deploying it again does not make the same schema",
}


@dataclass(frozen=True, slots=True)
class CycleOptions:
    """Where and how far.

    `scratch` takes a server of its own, made for the occasion, instead of a database beside the
    target's; `shared` lets scripts change roles and settings of the target's server. `to` is the
    last change, None for all.
    """

    scratch: bool = False
    shared: bool = False
    to: str | None = None


@dataclass(frozen=True, slots=True)
class CycleChange:
    """How one change went. `stage` is where it went wrong, None where it did not.

    `difference` has the lines of a unified diff of the two schemas. `is_blind` says that the
    verify script passes although the change has been reverted.
    """

    change: Change
    seconds: float
    stage: Stage | None = None
    difference: tuple[str, ...] = ()
    error: Error | None = None
    is_blind: bool = False

    @property
    def says(self) -> str:
        """What is wrong, in words; empty where nothing is."""
        return "" if self.stage is None else _SAYS[self.stage]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "change": self.change.name,
            "id": self.change.id,
            "tags": [tag.name for tag in self.change.tags],
            "ok": self.stage is None,
            "ms": round(self.seconds * 1000, 1),
            "problem": self.says or None,
            "difference": list(self.difference),
            "error": self.error.as_dict() if self.error else None,
            "verify_passes_without_change": self.is_blind,
        }


@dataclass(frozen=True, slots=True)
class CycleReport:
    """How all went; `skipped` counts the changes after one that could not be deployed."""

    project: str
    changes: tuple[CycleChange, ...]
    skipped: int

    @property
    def ok(self) -> bool:
        """Whether every change passed."""
        return all(each.stage is None for each in self.changes)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "project": self.project,
            "ok": self.ok,
            "skipped": self.skipped,
            "changes": [each.as_dict() for each in self.changes],
        }


def cycle_job(job: Job, options: CycleOptions) -> CycleReport:
    """Takes each change of the job's plan through the cycle in a database made for it.

    The target's own database is read by nobody: one beside it is made and dropped in the end, or
    a whole server. SqitchError where scripts would change what all databases of the target's
    server share, and where the database can't be made.
    """
    changes = _chosen(job, options)
    if not options.scratch and not options.shared:
        refuse_shared(job, changes)
    with _place(job, options) as conninfo:
        quiet = _Notes()
        with (
            open_engine(replace(job, conninfo=conninfo, reporter=quiet)) as engine,
            connect_control(conninfo) as reader,
        ):
            reader.execute("set search_path = pg_catalog; set jit = off")
            reader.prepare_threshold = 0  # planning takes as long as running
            cycle = _Cycle(engine, reader, quiet, with_roles=options.scratch)
            found = tuple(cycle.run(changes, job.reporter))
    return CycleReport(job.plan.project, found, len(changes) - len(found))


def _chosen(job: Job, options: CycleOptions) -> tuple[Change, ...]:
    if not job.plan.changes:
        raise SqitchError("Nothing to deploy (empty plan)")
    if options.to is None:
        return job.plan.changes
    last = job.plan.find(options.to)
    if last is None:
        raise SqitchError(f'Unknown change: "{options.to}"')
    return job.plan.changes[: (job.plan.index_of(last.id) or 0) + 1]


@contextmanager
def _place(job: Job, options: CycleOptions) -> Iterator[str]:
    """Makes the database for the trial, and says so."""
    if options.scratch:
        binaries = find_binaries()
        job.reporter.info(f"Cycling in a server of its own (PostgreSQL {binaries.version})")
        with scratch_server(binaries) as conninfo:
            yield conninfo
        return
    for name in leftovers(job.conninfo):
        job.reporter.warn(
            f"{name} was left by a cycle that was killed; drop it when none is running"
        )
    with scratch_database(job.conninfo) as (conninfo, name):
        job.reporter.info(f"Cycling in {name}, a database made beside {job.display}")
        yield conninfo


class _Notes(SilentReporter):
    """Keeps what scripts and server say, for the case that it explains a failure."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def err(self, text: str) -> None:
        """Keeps a message."""
        self.said.append(text)

    def warn(self, line: str) -> None:
        """Keeps a warning."""
        self.said.append(line + "\n")


class _Failed(Exception):
    """A stage that did not come to its end."""

    def __init__(self, stage: Stage, error: Error) -> None:
        super().__init__(error.message)
        self.stage: Stage = stage
        self.error = error


class _Cycle:
    def __init__(
        self, engine: Engine, reader: AnyConnection, notes: _Notes, *, with_roles: bool
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._notes = notes
        self._parameters: dict[str, Any] = {
            "registry": engine.registry.schema,
            "registry_tables": list(REGISTRY_TABLES),
            "with_roles": with_roles,
        }
        self._query = package_text("cycle.sql").encode()

    def run(self, changes: tuple[Change, ...], reporter: Reporter) -> Iterator[CycleChange]:
        width = max(len(change.format_name_with_tags) for change in changes)
        before, previous = self._fingerprint(), None
        with reporter.run(len(changes)):
            for change in changes:
                reporter.start("*", change.format_name_with_tags, width)
                result, before = self._change(change, previous, before)
                reporter.finish(result.stage is None, result.says)
                self._tell(result, reporter)
                yield result
                if result.error is not None:
                    return
                previous = change

    def _change(
        self, change: Change, previous: Change | None, before: Fingerprint
    ) -> tuple[CycleChange, Fingerprint]:
        """Takes the change through the cycle; also returns the schema with the change."""
        began = perf_counter()
        self._notes.said.clear()
        is_blind = False
        difference: list[str] = []
        stage: Stage | None = None
        after = before
        try:
            self._deploy(change, "deploy", verify=True)
            after = self._fingerprint()
            self._revert(previous)
            reverted = self._fingerprint()
            is_blind = self._passes_without(change)
            self._deploy(change, "again", verify=False)
            again = self._fingerprint()
        except _Failed as failed:
            seconds = perf_counter() - began
            return CycleChange(change, seconds, failed.stage, (), failed.error), before
        for name, expected, found in (("left", before, reverted), ("differs", after, again)):
            if stage is None and expected != found:
                stage = "left" if name == "left" else "differs"
                difference = compare(expected, found)
        seconds = perf_counter() - began
        result = CycleChange(change, seconds, stage, tuple(difference), None, is_blind)
        return result, again

    def _deploy(self, change: Change, stage: Stage, *, verify: bool) -> None:
        options = DeployOptions(to=change.id, verify=verify, mode="change")
        try:
            deploy_with(self._engine, options)
        except SqitchError as error:
            raise _Failed(stage, _cause(error)) from error

    def _revert(self, to: Change | None) -> None:
        try:
            revert_with(self._engine, RevertOptions(to=to.id if to else None))
        except SqitchError as error:
            raise _Failed("revert", _cause(error)) from error

    def _passes_without(self, change: Change) -> bool:
        """Whether the verify script passes although the change is not there."""
        if not self._engine.file("verify", change).is_file() or change.is_reworked:
            return False
        return run_verify(self._engine, change) is None

    def _tell(self, result: CycleChange, reporter: Reporter) -> None:
        """Tells why the change did not pass."""
        if result.error is not None:
            said = "".join(self._notes.said).rstrip("\n")
            reporter.warn(said or result.error.message)
        for line in result.difference:
            reporter.info(f"    {line}")
        if result.is_blind:
            reporter.warn("    its verify script passes without it")

    def _fingerprint(self) -> Fingerprint:
        rows = self._reader.execute(self._query, self._parameters).fetchall()
        found: dict[tuple[str, str], str] = {}
        for kind, identity, definition in rows:
            key = (kind, identity)
            # The same text may be said twice of one thing: parts of the same name.
            found[key] = f"{found[key]}\n{definition}" if key in found else definition or ""
        return found


def _cause(error: SqitchError) -> Error:
    failed = error.changes if isinstance(error, RunFailed) else ()
    return next((each.error for each in failed if each.error is not None), error)


def compare(expected: Fingerprint, found: Fingerprint) -> list[str]:
    """How two schemas differ: the lines of a unified diff of what is not the same in both."""
    keys = sorted(key for key in {*expected, *found} if expected.get(key) != found.get(key))
    return list(
        difflib.unified_diff(
            _lines(expected, keys), _lines(found, keys), "expected", "found", lineterm="", n=1
        )
    )


def _lines(schema: Fingerprint, keys: list[tuple[str, str]]) -> list[str]:
    lines = []
    for kind, identity in keys:
        if (definition := schema.get((kind, identity))) is not None:
            lines += [f"{kind} {identity}", *(f"    {line}" for line in definition.splitlines())]
    return lines

"""Deploys one change: its script, its verification and its rows in the registry."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from pgdocket.sqitch.blocking import explain_no_retry, patiently
from pgdocket.sqitch.engine import Engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.inspection import Shape
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.problems import explain, understood
from pgdocket.sqitch.registry import Recorded, unique_script
from pgdocket.sqitch.reporter import Reporter

_UNDO = (b"rollback to savepoint pgdocket_verify", b"release savepoint pgdocket_verify")
# Writing a commit to disk takes most of a small change's time. Script and registry are lost or kept
# together, and the last commit of a run brings all before it to disk.
_COMMIT_LATER = (b"set local synchronous_commit = off", b"commit")


@dataclass(frozen=True, slots=True)
class ChangeDeployer:
    """Deploys changes one by one; the fields are those of DeployOptions."""

    engine: Engine
    verify: bool
    log_only: bool
    atomic: bool

    def is_atomic(self, change: Change) -> bool:
        """Whether script, verification and registry can be one transaction."""
        if not self.atomic or self.log_only:
            return False
        engine = self.engine
        path = engine.file("deploy", change)
        if engine.uses_psql("deploy", path):
            return False
        found = engine.inspect("deploy", path)
        if found.shape is not Shape.BLOCK or not found.ends_with_commit:
            return False
        verify = engine.file("verify", change)
        if not self.verify or not verify.is_file():
            return True
        if engine.uses_psql("verify", verify):
            return False
        return engine.inspect("verify", verify).shape is not Shape.OTHER

    def deploy(self, recorded: Recorded, *, is_atomic: bool, is_last: bool) -> None:
        """Deploys the change; what stops it is raised once its failure has been recorded.

        What is not the last of a run may be on disk only when the last is.
        """
        try:
            if is_atomic:
                name = recorded.change.name
                patiently(self.engine, name, lambda: self._together(recorded, is_last))
            else:
                self._apart(recorded)
        except BaseException as problem:
            if not is_atomic:
                explain_no_retry(self.engine, problem)
            self._record_fail(recorded)
            raise

    def _verify_file(self, change: Change) -> bool:
        """Whether there is something to verify the change with."""
        path = self.engine.file("verify", change)
        if not self.verify:
            return False
        if not path.is_file():
            self.engine.job.reporter.warn(f"Verify script {path} does not exist")
            return False
        return True

    def _together(self, recorded: Recorded, is_last: bool) -> None:
        """Script, verification and registry in one transaction."""
        engine, work = self.engine, self.engine.work
        change = recorded.change
        registry = engine.registry
        try:
            work.hold(b"begin", work.refresh(), registry.query("lock_changes"))
            engine.run_inside("deploy", engine.file("deploy", change))
            last = registry.deploy_queries(recorded, engine.job.person)
            last += (b"commit",) if is_last else _COMMIT_LATER
            with unique_script(change):
                if self._verify_file(change):
                    self._verify_inside(change, last)
                else:
                    work.send(engine.settle(), *last)
        except BaseException:
            work.abandon()
            raise

    def _verify_inside(self, change: Change, last: Sequence[bytes]) -> None:
        """Verifies the change, undoes what its script has done, and sends the last statements."""
        engine, work = self.engine, self.engine.work
        path = engine.file("verify", change)
        work.hold(engine.settle(), b"savepoint pgdocket_verify")
        try:
            engine.run_inside("verify", path, is_muted=True, then=(*_UNDO, *last))
        except ScriptError as error:
            raise _verify_failed(engine.job.reporter, path, error) from error

    def _apart(self, recorded: Recorded) -> None:
        """Script, verification and registry each on their own, as Sqitch does it."""
        engine, change = self.engine, recorded.change
        control = engine.control
        control.execute("begin")
        try:
            engine.registry.lock(control)
            if not self.log_only:
                engine.run_script("deploy", engine.file("deploy", change))
            if self._verify_file(change):
                self._verify_apart(change)
            queries = engine.registry.deploy_queries(recorded, engine.job.person)
            with unique_script(change):
                control.execute(b";\n".join(queries))
            control.execute("commit")
        except BaseException as problem:
            if not control.closed:
                control.execute("rollback")
            if isinstance(problem, _Unverified):
                self._undo(change)
            raise

    def _verify_apart(self, change: Change) -> None:
        path = self.engine.file("verify", change)
        try:
            self.engine.run_script("verify", path, is_muted=True)
        except ScriptError as error:
            raise _verify_failed(self.engine.job.reporter, path, error) from error

    def _undo(self, change: Change) -> None:
        """Runs the revert script of a change whose verification failed."""
        if self.log_only:
            return
        try:
            self.engine.run_script("revert", self.engine.file("revert", change))
        except (SqitchError, psycopg.Error) as problem:
            explain(self.engine.job.reporter, understood(problem))
            self.engine.job.reporter.warn("The schema will need to be manually repaired")

    def _record_fail(self, recorded: Recorded) -> None:
        engine = self.engine
        with suppress(psycopg.OperationalError):  # the failure that led here is the one to tell
            engine.registry.record_fail(engine.control, recorded, engine.job.person)


class _Unverified(SqitchError):
    """A failed verification: what the deploy script did must be taken back."""


def _verify_failed(reporter: Reporter, path: object, error: ScriptError) -> _Unverified:
    reporter.err(error.text.rstrip("\n") + "\n")
    return _Unverified(
        f'Verify script "{path}" failed.',
        detail=error.message,
        hint=error.hint,
        sqlstate=error.sqlstate,
    )

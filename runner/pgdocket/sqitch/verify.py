"""Runs the verify scripts of what is deployed, and compares it with the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import psycopg

from pgdocket.errors import Error
from pgdocket.sqitch.check import planned_position
from pgdocket.sqitch.config import Target
from pgdocket.sqitch.deployed import Deployed
from pgdocket.sqitch.engine import Engine, Job, make_job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.problems import explain, understood
from pgdocket.sqitch.registry import DeployedChange, Person, check_version
from pgdocket.sqitch.reporter import Reporter
from pgdocket.sqitch.results import ChangeResult, RunFailed, RunResult


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to verify: everything deployed, or only between two changes, both included.

    `show_output` prints what the scripts print.
    """

    start: str | None = None
    end: str | None = None
    show_output: bool = False


def verify(
    plan: Plan,
    target: Target | str,
    *,
    start: str | None = None,
    end: str | None = None,
    variables: Mapping[str, str] | None = None,
    person: Person | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Verifies what is deployed of the plan, from the change `start` to the change `end`.

    Raises RunFailed when a verify script fails, or the database and the plan do not agree.
    """
    job = make_job(plan, target, person=person, reporter=reporter, variables=variables)
    return verify_job(job, VerifyOptions(start, end))


def verify_job(job: Job, options: VerifyOptions) -> RunResult:
    """As `verify`, for a job that has been put together."""
    with open_engine(job) as engine:
        check_version(engine.registry.version(engine.control), job.display)
        job.reporter.info(f"Verifying {job.display}")
        deployed = engine.deployed()
        if not deployed.changes:
            message = "No changes deployed"
            if not job.plan.changes:
                message = "Nothing to verify (no planned or deployed changes)"
            job.reporter.info(message)
            return RunResult(job.plan.project, job.display, (), message)
        if not job.plan.changes:
            raise SqitchError("There are deployed changes, but none planned!")
        return _Verification(engine, options, deployed).run()


def run_verify(
    engine: Engine, change: Change, *, is_muted: bool = True, is_superseded: bool | None = None
) -> Error | None:
    """Runs the verify script of a change; returns what went wrong, after telling it.

    A superseded change's script is not run: it describes what is no longer so. Without being
    told, a change that the plan reworks later is taken for one, as Sqitch does.
    """
    if change.is_reworked if is_superseded is None else is_superseded:
        return None
    path = engine.file("verify", change)
    if not path.is_file():
        engine.job.reporter.warn(f"Verify script {path} does not exist")
        return None
    try:
        engine.run_script("verify", path, is_muted=is_muted)
    except (SqitchError, psycopg.Error) as problem:
        error = understood(problem)
        explain(engine.job.reporter, error)
        return error
    return None


@dataclass(slots=True)
class _Verification:
    engine: Engine
    options: VerifyOptions
    deployed: Deployed
    results: list[ChangeResult] = field(default_factory=list)

    def run(self) -> RunResult:
        job, plan = self.engine.job, self.engine.job.plan
        start = self._position(self.options.start, 0)
        end = self._position(self.options.end, len(self.deployed.changes) - 1)
        if end < start:
            raise SqitchError(
                f'Change "{self.options.start}" was deployed after "{self.options.end}"'
            )
        rows = self.deployed.changes[start : end + 1]
        plan_start = 0 if self.options.start is None else plan.index_of(rows[0].id)
        plan_end = plan.index_of(rows[-1].id)
        planned = plan.changes[plan_start : None if plan_end is None else plan_end + 1]
        with job.reporter.run(len(rows)):
            self._check(rows, start, planned)
        rest = plan.changes[plan_end + 1 :] if plan_end is not None else ()
        if rest and self.options.end is None:
            self._list_pending(rest)
        return self._conclude(max(len(rows), len(planned)))

    def _position(self, reference: str | None, default: int) -> int:
        if reference is None:
            return default
        return planned_position(self.engine.job.plan, self.deployed, reference)

    def _check(self, rows: Sequence[DeployedChange], start: int, planned: Sequence[Change]) -> None:
        known = {row.id for row in self.deployed.changes}
        absent = [change for change in planned if change.id not in known]
        labels = [row.label for row in rows] + [each.format_name_with_tags for each in absent]
        width = max(len(label) for label in labels)
        reporter = self.engine.job.reporter
        for offset, row in enumerate(rows):
            self._verify(row, start + offset, width)
        for change in absent:
            reporter.start("*", change.format_name_with_tags, width)
            reporter.finish(ok=False, comment="Not deployed")
            tags = tuple(tag.name for tag in change.tags)
            self.results.append(
                ChangeResult(
                    change.id,
                    change.name,
                    tags,
                    "verify",
                    ok=False,
                    seconds=0,
                    comment="Not deployed",
                )
            )

    def _verify(self, row: DeployedChange, position: int, width: int) -> None:
        reporter, plan = self.engine.job.reporter, self.engine.job.plan
        reporter.start("*", row.label, width)
        began = perf_counter()
        comment, error = "", None
        planned = plan.change_by_id(row.id)
        if planned is None:
            comment = "Not present in the plan"
        else:
            error = run_verify(self.engine, planned, is_muted=not self.options.show_output)
            if error is not None:
                comment = f'Verify script "{self.engine.file("verify", planned)}" failed.'
            elif plan.index_of(row.id) != position:
                comment = "Out of order"
        reporter.finish(ok=not comment, comment=comment)
        self.results.append(
            ChangeResult(
                row.id,
                row.name,
                tuple(tag.name for tag in row.tags),
                "verify",
                ok=not comment,
                seconds=perf_counter() - began,
                comment=comment,
                error=error,
            )
        )

    def _list_pending(self, changes: Sequence[Change]) -> None:
        word = "change" if len(changes) == 1 else "changes"
        self.engine.job.reporter.info(f"Undeployed {word}:")
        for change in changes:
            self.engine.job.reporter.info(f"  * {change.format_name_with_tags}")

    def _conclude(self, count: int) -> RunResult:
        job = self.engine.job
        errors = [result for result in self.results if not result.ok]
        if errors:
            title = "Verify Summary Report"
            job.reporter.summary(
                f"\n{title}\n{'-' * len(title)}\nChanges: {count}\nErrors:  {len(errors)}"
            )
            raise RunFailed("Verify failed", self.results, errors[0].error)
        job.reporter.info("Verify successful")
        return RunResult(job.plan.project, job.display, tuple(self.results), "Verify successful")

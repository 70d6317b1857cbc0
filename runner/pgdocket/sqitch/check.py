"""Compares what is deployed with the plan and its scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgdocket.sqitch import scripts
from pgdocket.sqitch.config import Target
from pgdocket.sqitch.deployed import Deployed, is_planned
from pgdocket.sqitch.divergence import Divergence, find_divergence
from pgdocket.sqitch.drift import Drift, find_drift
from pgdocket.sqitch.engine import Engine, Job, make_job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import DeployedChange, check_version
from pgdocket.sqitch.reporter import Reporter


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found.

    `diverges_at` is the first change whose deploy script is not the planned one at its place,
    which is all that Sqitch looks for; `drift` is everything that differs.
    """

    project: str
    target: str
    deployed: int
    diverges_at: DeployedChange | None = None
    drift: tuple[Drift, ...] = ()
    divergence: Divergence | None = None

    def as_dict(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        at = self.diverges_at
        return {
            "project": self.project,
            "target": self.target,
            "deployed": self.deployed,
            "is_clean": not self.drift and at is None,
            "diverges_at": {"change_id": at.id, "change": at.name} if at else None,
            "drift": [each.as_dict() for each in self.drift],
            "divergence": self.divergence.as_dict() if self.divergence else None,
        }


def check(
    plan: Plan,
    target: Target | str,
    *,
    start: str | None = None,
    end: str | None = None,
    reporter: Reporter | None = None,
) -> CheckResult:
    """Compares all that is deployed, or what lies from `start` to `end`, both included.

    Raises SqitchError for changes that are not deployed or not planned, and for a registry of
    another version. What differs is in the result.
    """
    return check_job(make_job(plan, target, reporter=reporter), start, end)


def check_job(job: Job, start: str | None = None, end: str | None = None) -> CheckResult:
    """As `check`, for a job that has been put together."""
    with open_engine(job) as engine:
        check_version(engine.registry.version(engine.control), job.display)
        job.reporter.info(f"Checking {job.display}")
        deployed = engine.deployed()
    if not deployed.changes:
        planned = "No changes deployed"
        empty = "Nothing to check (no planned or deployed changes)"
        job.reporter.info(planned if job.plan.changes else empty)
        return CheckResult(job.plan.project, job.display, 0)
    first = 0 if start is None else planned_position(job.plan, deployed, start)
    last = len(deployed.changes) - 1
    if end is not None:
        last = planned_position(job.plan, deployed, end)
    if last < first:
        raise SqitchError(f'Change "{start}" was deployed after "{end}"')
    return _compare(job, deployed, first, last)


def planned_position(plan: Plan, deployed: Deployed, reference: str) -> int:
    """Position among what is deployed; SqitchError unless it is both deployed and planned."""
    found = deployed.find(reference)
    if found is not None:
        if plan.change_by_id(deployed.changes[found].id) is None:
            raise SqitchError(f'Change "{reference}" is deployed, but not planned')
        return found
    if is_planned(plan, reference):
        raise SqitchError(f'Change "{reference}" has not been deployed')
    raise SqitchError(f'Cannot find "{reference}" in the database or the plan')


def _compare(job: Job, deployed: Deployed, first: int, last: int) -> CheckResult:
    rows = deployed.changes[first : last + 1]
    ids = {row.id for row in rows}
    whole = find_drift(job.plan, deployed.changes, job.target, job.display)
    is_whole = len(rows) == len(deployed.changes)
    return CheckResult(
        job.plan.project,
        job.display,
        len(rows),
        first_divergent(job, rows, job.plan.index_of(rows[0].id) if first else 0),
        tuple(each for each in whole if is_whole or each.change_id in ids),
        find_divergence(job.plan, deployed.changes, job.target, job.display),
    )


def first_divergent(
    job: Job, rows: Sequence[DeployedChange], start: int | None = 0
) -> DeployedChange | None:
    """The first of these whose deploy script is not the one of the planned change at its place.

    The plan is read from the position `start`. Ids are not compared: Sqitch doesn't either.
    """
    planned = job.plan.changes[start or 0 :]
    for at, row in enumerate(rows):
        if at >= len(planned) or row.script_hash != scripts.script_hash(planned[at], job.target):
            return row
    return None


def unmodified(engine: Engine, deployed: Deployed) -> int:
    """How many of the deployed changes come before the first one that is modified."""
    row = first_divergent(engine.job, deployed.changes)
    return len(deployed.changes) if row is None else deployed.changes.index(row)

"""Reverts changes, the last one deployed first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from pgdocket.errors import Error
from pgdocket.sqitch.blocking import patiently
from pgdocket.sqitch.check import unmodified
from pgdocket.sqitch.checks import check_revert, check_revert_scripts
from pgdocket.sqitch.config import Target
from pgdocket.sqitch.deployed import Deployed, is_planned, plan_change
from pgdocket.sqitch.divergence import DivergedError, find_divergence
from pgdocket.sqitch.engine import Engine, Job, make_job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.inspection import Shape
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.problems import STOPPING, explain, understood
from pgdocket.sqitch.registry import DeployedChange, Person, check_version
from pgdocket.sqitch.reporter import Reporter
from pgdocket.sqitch.results import ChangeResult, RunFailed, RunResult

Confirm = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class RevertOptions:
    """How to revert.

    `to` is the last change to keep; `modified` keeps what comes before the first change whose
    deploy script was edited, and `to` is not looked at. `strict` refuses to revert everything.
    `confirm` is asked with the question to put; None asks nobody.
    """

    to: str | None = None
    log_only: bool = False
    atomic: bool = True
    confirm: Confirm | None = None
    modified: bool = False
    strict: bool = False


def revert(
    plan: Plan,
    target: Target | str,
    *,
    to: str | None = None,
    log_only: bool = False,
    atomic: bool = True,
    confirm: Confirm | None = None,
    variables: Mapping[str, str] | None = None,
    lock_timeout: int = 60,
    person: Person | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Reverts everything of the plan's project, or everything after the change `to`.

    The parameters are those of `deploy`. Raises RunFailed at the first change that fails,
    SqitchError for what can't begin, and one with exit code 1 when `confirm` answers no.
    """
    job = make_job(
        plan,
        target,
        person=person,
        reporter=reporter,
        variables=variables,
        lock_timeout=lock_timeout,
    )
    return revert_job(job, RevertOptions(to, log_only, atomic, confirm))


def revert_job(job: Job, options: RevertOptions) -> RunResult:
    """As `revert`, for a job that has been put together."""
    with open_engine(job) as engine:
        return revert_with(engine, options)


def revert_with(engine: Engine, options: RevertOptions) -> RunResult:
    """As `revert`, on an engine that is open: a part of a larger run, which keeps the lock."""
    job = engine.job
    check_version(engine.registry.version(engine.control), job.display)
    engine.lock()
    deployed = engine.deployed()
    keep, reference = _kept(engine, deployed, options)
    if keep == len(deployed.changes):
        return _nothing(job, reference)
    if keep == 0 and options.strict:
        raise SqitchError("Must specify a target revision in strict mode", exit_code=1)
    _ask(job, deployed, keep, options)
    check_revert(engine, deployed.changes[keep:])
    if not options.log_only:
        check_revert_scripts(engine, deployed, keep)
    done = _revert_all(engine, deployed, keep, options)
    return RunResult(job.plan.project, job.display, tuple(done))


def _kept(engine: Engine, deployed: Deployed, options: RevertOptions) -> tuple[int, str | None]:
    """How many changes stay, and what messages call the last of them."""
    if options.modified:
        keep = unmodified(engine, deployed)
        return keep, deployed.changes[keep - 1].id if keep else None
    if options.to is None:
        return 0, None
    return _position(engine.job, deployed, options.to) + 1, options.to


def revert_run(engine: Engine, ids: Sequence[str], options: RevertOptions) -> list[ChangeResult]:
    """Takes back the changes with these ids, the last ones deployed: a failed run's own.

    What was only recorded (`options.log_only`) loses its rows and nothing else. Says what goes
    wrong and returns what was done; raises nothing.
    """
    deployed = engine.deployed()
    keep = len(deployed.changes) - len(ids)
    reporter = engine.job.reporter
    before = f"to {deployed.changes[keep - 1].label}" if keep else "all changes"
    reporter.warn(f"Reverting {before}")
    try:
        return _revert_all(engine, deployed, keep, options)
    except RunFailed as failed:
        reporter.warn("The schema will need to be manually repaired")
        return list(failed.changes)


def _position(job: Job, deployed: Deployed, reference: str) -> int:
    found = deployed.find(reference)
    if found is not None:
        return found
    message = f'Unknown change: "{reference}"'
    if is_planned(job.plan, reference):
        message = f'Change not deployed: "{reference}"'
    divergence = find_divergence(job.plan, deployed.changes, job.target, job.display)
    raise DivergedError(message, divergence) if divergence else SqitchError(message)


def _nothing(job: Job, reference: str | None) -> RunResult:
    message = "Nothing to revert (nothing deployed)"
    if reference is not None:
        message = f'No changes deployed since: "{reference}"'
    job.reporter.info(message)
    return RunResult(job.plan.project, job.display, (), message)


def _ask(job: Job, deployed: Deployed, keep: int, options: RevertOptions) -> None:
    """Puts the question, or says what is going to happen where nobody is to be asked."""
    label = deployed.changes[keep - 1].label if keep else ""
    if options.confirm is None:
        what = f"changes to {label}" if keep else "all changes"
        job.reporter.info(f"Reverting {what} from {job.display}")
        return
    what = f"changes to {label}" if keep else "all changes"
    if not options.confirm(f"Revert {what} from {job.display}?"):
        raise SqitchError("Nothing reverted", exit_code=1)


def _revert_all(
    engine: Engine, deployed: Deployed, keep: int, options: RevertOptions
) -> list[ChangeResult]:
    rows = deployed.changes[keep:]
    width = max(len(row.label) for row in rows)
    done: list[ChangeResult] = []
    with engine.job.reporter.run(len(rows)):
        for offset in reversed(range(len(rows))):
            change = plan_change(engine.job.plan, deployed.changes, keep + offset)
            done.append(_revert(engine, rows[offset], change, width, options))
            if done[-1].error is not None:
                raise RunFailed("Revert failed", done, done[-1].error)
    return done


def _revert(
    engine: Engine, row: DeployedChange, change: Change, width: int, options: RevertOptions
) -> ChangeResult:
    reporter = engine.job.reporter
    reporter.start("-", row.label, width)
    began = perf_counter()
    is_atomic = _is_atomic(engine, change, options)
    error: Error | None = None
    try:
        if is_atomic:
            patiently(engine, row.name, lambda: _together(engine, change))
        else:
            _apart(engine, change, options)
    except STOPPING as problem:
        error = understood(problem)
        explain(reporter, error)
    reporter.finish(ok=error is None)
    return ChangeResult(
        row.id,
        row.name,
        tuple(tag.name for tag in row.tags),
        "revert",
        ok=error is None,
        seconds=perf_counter() - began,
        is_atomic=is_atomic,
        error=error,
    )


def _is_atomic(engine: Engine, change: Change, options: RevertOptions) -> bool:
    path = engine.file("revert", change)
    if not options.atomic or options.log_only or not path.is_file():
        return False
    if engine.uses_psql("revert", path):
        return False
    found = engine.inspect("revert", path)
    return found.shape is Shape.BLOCK and found.ends_with_commit


def _together(engine: Engine, change: Change) -> None:
    """Script and registry in one transaction."""
    work, registry = engine.work, engine.registry
    try:
        work.hold(b"begin", work.refresh(), registry.query("lock_changes"))
        engine.run_inside("revert", engine.file("revert", change))
        query = registry.revert_query(change.id, engine.job.person)
        work.send(engine.settle(), query, b"commit")
    except BaseException:
        work.abandon()
        raise


def _apart(engine: Engine, change: Change, options: RevertOptions) -> None:
    """Script and registry each on their own, as Sqitch does it."""
    control = engine.control
    control.execute("begin")
    try:
        engine.registry.lock(control)
        if not options.log_only:
            engine.run_script("revert", engine.file("revert", change))
        control.execute(engine.registry.revert_query(change.id, engine.job.person))
        control.execute("commit")
    except BaseException:
        control.execute("rollback")
        raise

"""Records a database that was made without the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from pgdocket.sqitch import scripts
from pgdocket.sqitch.checks import Resolver, check_deploy
from pgdocket.sqitch.config import Target
from pgdocket.sqitch.engine import Engine, Job, make_job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import (
    VERSION,
    Person,
    Recorded,
    check_version,
    refuse_newer,
    unique_script,
)
from pgdocket.sqitch.reporter import Reporter
from pgdocket.sqitch.results import ChangeResult, RunFailed, RunResult
from pgdocket.sqitch.verify import run_verify


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """What is there already: the plan up to and including `to`, all of it without one.

    `verify` runs the verify scripts of these changes first.
    """

    to: str | None = None
    verify: bool = True


def baseline(
    plan: Plan,
    target: Target | str,
    *,
    to: str | None = None,
    verify: bool = True,
    variables: Mapping[str, str] | None = None,
    person: Person | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Records the plan up to `to` as deployed, without running a deploy script.

    The rows are those of a deploy with `log_only`, written in one transaction. Raises RunFailed
    when a verify script fails, SqitchError when anything of the project is deployed already.
    Nothing is written then, not even the registry.
    """
    job = make_job(plan, target, person=person, reporter=reporter, variables=variables)
    return baseline_job(job, BaselineOptions(to, verify))


def baseline_job(job: Job, options: BaselineOptions) -> RunResult:
    """As `baseline`, for a job that has been put together."""
    changes = _chosen(job.plan, options.to)
    with open_engine(job) as engine:
        engine.lock()
        version = engine.registry.version(engine.control)
        _refuse_deployed(engine, version)
        for change in changes:
            _refuse_missing(engine, change)
        resolver = Resolver(engine, has_registry=version is not None)
        ids = check_deploy(resolver, (), changes)
        verified = []
        if options.verify:
            verified = verify_changes(engine, changes, "Verify failed: nothing was recorded")
        _announce(engine, version, changes[-1], options)
        with engine.control.transaction():
            if version is None:
                engine.registry.create(engine.control, job.person)
            _register(engine)
            engine.registry.lock(engine.control)
            recorded = record(engine, changes, ids)
    return RunResult(job.plan.project, job.display, (*verified, *recorded))


def verify_changes(engine: Engine, changes: Sequence[Change], failure: str) -> list[ChangeResult]:
    """Runs the verify scripts of changes that are said to be there.

    Of several changes of one name only the last is verified. RunFailed with the message `failure`
    after all of them have run, when one does not hold.
    """
    engine.job.reporter.info(f"Verifying {engine.job.display}")
    width = max(len(change.format_name_with_tags) for change in changes)
    last = {change.name: change.id for change in changes}
    results = [_verify(engine, each, width, last[each.name] != each.id) for each in changes]
    failed = next((each.error for each in results if each.error is not None), None)
    if failed is not None:
        raise RunFailed(failure, results, failed)
    return results


def _verify(engine: Engine, change: Change, width: int, is_superseded: bool) -> ChangeResult:
    reporter = engine.job.reporter
    reporter.start("*", change.format_name_with_tags, width)
    began = perf_counter()
    error = run_verify(engine, change, is_superseded=is_superseded)
    comment = f'Verify script "{engine.file("verify", change)}" failed.' if error else ""
    reporter.finish(ok=error is None, comment=comment)
    seconds = perf_counter() - began
    tags = tuple(tag.name for tag in change.tags)
    return ChangeResult(
        change.id, change.name, tags, "verify", error is None, seconds, comment=comment, error=error
    )


def record(
    engine: Engine, changes: tuple[Change, ...], ids: Mapping[str, str]
) -> list[ChangeResult]:
    """Writes the rows of these changes in the open transaction, as a deploy without scripts."""
    job, control = engine.job, engine.control
    done = []
    width = max(len(change.format_name_with_tags) for change in changes)
    for change in changes:
        job.reporter.start("+", change.format_name_with_tags, width)
        began = perf_counter()
        script_hash = scripts.script_hash(change, job.target)
        row = Recorded(change, job.plan.project, script_hash, ids)
        with unique_script(change):
            control.execute(b";\n".join(engine.registry.deploy_queries(row, job.person)))
        job.reporter.finish(ok=True)
        tags = tuple(tag.name for tag in change.tags)
        seconds = perf_counter() - began
        done.append(ChangeResult(change.id, change.name, tags, "record", True, seconds))
    return done


def _register(engine: Engine) -> None:
    plan, registry = engine.job.plan, engine.registry
    if not registry.check_project(engine.control, plan.project, plan.uri):
        registry.insert_project(engine.control, plan.project, plan.uri, engine.job.person)


def _chosen(plan: Plan, to: str | None) -> tuple[Change, ...]:
    if not plan.changes:
        raise SqitchError("Nothing to record (empty plan)")
    if to is None:
        return plan.changes
    goal = plan.find(to)
    if goal is None:
        raise SqitchError(f'Unknown change: "{to}"')
    return plan.changes[: (plan.index_of(goal.id) or 0) + 1]


def _refuse_deployed(engine: Engine, version: str | None) -> None:
    if version is None:
        return
    refuse_newer(version)
    if version != VERSION:
        check_version(version, engine.job.display)
    engine.registry.ensure_release(engine.control, engine.job.person)
    latest = engine.deployed().latest
    if latest is not None:
        raise SqitchError(
            f'{engine.job.display} has changes of "{engine.job.plan.project}" already: '
            f"the last one is {latest.label}",
            hint="a baseline begins a history; to go on with one use deploy --log-only",
            sqlstate="PDPLN",
        )


def _refuse_missing(engine: Engine, change: Change) -> None:
    path = engine.file("deploy", change)
    if not path.is_file():
        raise SqitchError(f"Deploy script {path} does not exist")


def _announce(engine: Engine, version: str | None, last: Change, options: BaselineOptions) -> None:
    reporter, display = engine.job.reporter, engine.job.display
    if version is None:
        reporter.info(f"Adding registry tables to {display}")
    through = f" through {last.format_name_with_tags}" if options.to is not None else ""
    reporter.info(f"Recording changes{through} in {display}")

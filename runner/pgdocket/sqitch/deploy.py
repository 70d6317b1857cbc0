"""Deploys the changes of a plan, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Literal

from pgdocket.errors import Error
from pgdocket.sqitch import scripts
from pgdocket.sqitch.checks import Resolver, check_deploy, check_scripts
from pgdocket.sqitch.config import Target
from pgdocket.sqitch.deploy_change import ChangeDeployer
from pgdocket.sqitch.deployed import Deployed
from pgdocket.sqitch.engine import Engine, Job, make_job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.problems import STOPPING, explain, understood
from pgdocket.sqitch.registry import (
    VERSION,
    DeployedChange,
    Person,
    Recorded,
    refuse_newer,
)
from pgdocket.sqitch.reporter import Reporter
from pgdocket.sqitch.results import ChangeResult, RunFailed, RunResult

Mode = Literal["all", "tag", "change"]


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How to deploy.

    `mode` says what a failure takes back: everything of the run, everything since the last tag,
    or nothing. `atomic` joins script, verification and registry in one transaction wherever the
    script is one block. `log_only` writes the registry and runs no deploy script.
    """

    to: str | None = None
    verify: bool = True
    mode: Mode = "all"
    log_only: bool = False
    atomic: bool = True


def deploy(
    plan: Plan,
    target: Target | str,
    *,
    to: str | None = None,
    verify: bool = True,
    mode: Mode = "all",
    log_only: bool = False,
    atomic: bool = True,
    variables: Mapping[str, str] | None = None,
    lock_timeout: int = 60,
    person: Person | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Deploys the plan, or its changes up to and including `to`.

    `target` is a target of sqitch.conf or a libpq connection string; `variables` are psql's;
    `lock_timeout` is in seconds. Returns what was done. Raises RunFailed at the first change that
    fails, after taking back what `mode` says, and SqitchError for what can't begin.
    """
    job = make_job(
        plan,
        target,
        person=person,
        reporter=reporter,
        variables=variables,
        lock_timeout=lock_timeout,
    )
    return deploy_job(job, DeployOptions(to, verify, mode, log_only, atomic))


def deploy_job(job: Job, options: DeployOptions) -> RunResult:
    """As `deploy`, for a job that has been put together."""
    _refuse_empty(job.plan)
    with open_engine(job) as engine:
        return deploy_with(engine, options)


def deploy_with(engine: Engine, options: DeployOptions) -> RunResult:
    """As `deploy`, on an engine that is open: a part of a larger run, which keeps the lock."""
    job = engine.job
    _refuse_empty(job.plan)
    if job.rehearsal is not None:
        options = replace(options, mode="change")  # there will be nothing to take back
    engine.lock()
    version = engine.registry.version(engine.control)
    if version is not None:
        refuse_newer(version)
        engine.registry.ensure_release(engine.control, job.person)
    deployed = engine.deployed() if version == VERSION else _old(engine, version)
    return _Deployment(engine, options, version, deployed).run()


def _refuse_empty(plan: Plan) -> None:
    if not plan.changes:
        raise SqitchError("Nothing to deploy (empty plan)")


def _old(engine: Engine, version: str | None) -> Deployed:
    """What an older registry holds, after its upgrade; nothing where there is none."""
    if version is None:
        return Deployed(engine.job.plan.project, ())
    reporter = engine.job.reporter
    reporter.info(f"Upgrading the Sqitch registry from {version} to {VERSION}")
    for old, new in engine.registry.upgrade(engine.control, version, engine.job.person):
        reporter.info(f"  * From {old} to {new}")
    return engine.deployed()


@dataclass(slots=True)
class _Deployment:
    engine: Engine
    options: DeployOptions
    version: str | None
    deployed: Deployed
    done: list[ChangeResult] = field(default_factory=list)
    dependency_ids: dict[str, str] = field(default_factory=dict)
    deployer: ChangeDeployer = field(init=False)

    def __post_init__(self) -> None:
        options = self.options
        self.deployer = ChangeDeployer(
            self.engine, options.verify, options.log_only, options.atomic
        )

    @property
    def _job(self) -> Job:
        return self.engine.job

    def run(self) -> RunResult:
        start = self._start()
        self._catch_up(start)
        end = self._end(start)
        if end == start:
            return self._nothing()
        changes = self._job.plan.changes[start + 1 : end + 1]
        self._prepare(changes)
        width = max(len(change.format_name_with_tags) for change in changes)
        with self._job.reporter.run(len(changes)):
            for change in changes:
                self._deploy(change, width, is_last=change is changes[-1])
        return self._result("")

    def _start(self) -> int:
        """Position of the change deployed last, -1 for none."""
        latest = self.deployed.latest
        if latest is None:
            return -1
        start = self._job.plan.index_of(latest.id)
        if start is None:
            raise self._diverged(latest)
        return start

    def _end(self, start: int) -> int:
        """Position of the change to reach."""
        plan = self._job.plan
        if self.options.to is None:
            return len(plan.changes) - 1
        goal = plan.find(self.options.to)
        if goal is None:
            raise SqitchError(f'Unknown change: "{self.options.to}"')
        end = plan.index_of(goal.id) or 0
        if end < start:
            raise SqitchError('Cannot deploy to an earlier change; use "revert" instead')
        return end

    def _diverged(self, latest: DeployedChange) -> SqitchError:
        from pgdocket.sqitch.divergence import DivergedError, find_divergence

        job = self._job
        found = find_divergence(job.plan, self.deployed.changes, job.target, job.display)
        message = f"Cannot find change {latest.id} ({latest.label}) in {job.target.plan_file}"
        return DivergedError(message, found) if found else SqitchError(message, sqlstate="PDPLN")

    def _nothing(self) -> RunResult:
        to = self.options.to
        place = "up-to-date" if to is None else f'already at "{to}"'
        message = f"Nothing to deploy ({place})"
        self._job.reporter.info(message)
        return self._result(message)

    def _catch_up(self, start: int) -> None:
        """Writes tags that were added to the change deployed last, and hashes of old registries."""
        if start < 0:
            return
        engine, plan = self.engine, self._job.plan
        for change in self.deployed.changes:
            planned = plan.change_by_id(change.id)
            is_unknown = change.script_hash == change.id or self.version == "0"
            if is_unknown and planned is not None:
                found = scripts.script_hash(planned, self._job.target)
                engine.registry.repair_script_hash(engine.control, change.id, found)
        known = {tag.id for tag in self.deployed.changes[-1].tags}
        tags = [tag for tag in plan.changes[start].tags if tag.id not in known]
        if tags:
            engine.registry.insert_tags(engine.control, plan.project, tags, self._job.person)

    def _prepare(self, changes: Sequence[Change]) -> None:
        """Checks everything, then makes the registry: what is refused leaves no trace."""
        engine, job = self.engine, self._job
        is_known = False
        if not self.options.log_only:
            check_scripts(engine, changes, verify=self.options.verify)
        if self.version is None:
            job.reporter.info(f"Adding registry tables to {job.display}")
        elif not self.deployed.changes:
            is_known = engine.registry.check_project(engine.control, job.plan.project, job.plan.uri)
        self._announce(changes[-1])
        resolver = Resolver(engine, has_registry=self.version is not None)
        self.dependency_ids = check_deploy(resolver, self.deployed.changes, changes)
        self._refuse_twins(changes)
        if self.version is None:
            engine.registry.create(engine.control, job.person)
        else:
            self._refuse_deployed(changes)
        if not self.deployed.changes and not is_known:
            plan = job.plan
            engine.registry.insert_project(engine.control, plan.project, plan.uri, job.person)

    def _announce(self, last: Change) -> None:
        through = f" through {last.format_name_with_tags}" if self.options.to is not None else ""
        self._job.reporter.info(f"Deploying changes{through} to {self._job.display}")

    def _refuse_deployed(self, changes: Sequence[Change]) -> None:
        known = self.engine.registry.known_ids(
            self.engine.control, [change.id for change in changes]
        )
        if known:
            names = ", ".join(f'"{name}"' for name in known.values())
            word = "Change" if len(known) == 1 else "Changes"
            verb = "has" if len(known) == 1 else "have"
            raise SqitchError(f"{word} {names} {verb} already been deployed", sqlstate="PDPLN")

    def _refuse_twins(self, changes: Sequence[Change]) -> None:
        """Refuses scripts that are equal, byte for byte: the registry can't have both."""
        names = {row.script_hash: row.name for row in self.deployed.changes}
        for change in changes:
            found = scripts.script_hash(change, self._job.target)
            if found is not None and found in names:
                raise SqitchError(
                    f'Cannot log change "{change.name}": The deploy script is not unique',
                    hint=f'it is the same as that of "{names[found]}"; a comment sets them apart',
                )
            names[found] = change.name

    def _deploy(self, change: Change, width: int, *, is_last: bool) -> None:
        reporter = self._job.reporter
        reporter.start("+", change.format_name_with_tags, width)
        began = perf_counter()
        recorded = Recorded(
            change,
            self._job.plan.project,
            scripts.script_hash(change, self._job.target),
            self.dependency_ids,
        )
        is_atomic = self.deployer.is_atomic(change)
        result = ChangeResult(
            change.id,
            change.name,
            tuple(tag.name for tag in change.tags),
            "deploy",
            ok=True,
            seconds=0,
            is_atomic=is_atomic,
        )
        try:
            self.deployer.deploy(recorded, is_atomic=is_atomic, is_last=is_last)
        except STOPPING as problem:
            error = understood(problem)
            explain(reporter, error)
            reporter.finish(ok=False)
            failed = replace(result, ok=False, seconds=perf_counter() - began, error=error)
            self.done.append(failed)
            self._fail(error)
        self.done.append(replace(result, seconds=perf_counter() - began))
        reporter.finish(ok=True)

    def _fail(self, error: Error) -> None:
        """Takes back what the mode says, then ends the run."""
        deployed = [each.id for each in self.done if each.ok]
        keep = len(deployed)
        if self.options.mode == "all":
            keep = 0
        elif self.options.mode == "tag":
            tagged = [at for at, each in enumerate(self.done) if each.ok and each.tags]
            keep = tagged[-1] + 1 if tagged else 0
        failures = list(self.done)
        if keep < len(deployed):
            from pgdocket.sqitch.revert import RevertOptions, revert_run

            how = RevertOptions(log_only=self.options.log_only, atomic=self.options.atomic)
            failures += revert_run(self.engine, deployed[keep:], how)
        raise RunFailed("Deploy failed", failures, error) from error

    def _result(self, message: str) -> RunResult:
        return RunResult(self._job.plan.project, self._job.display, tuple(self.done), message)

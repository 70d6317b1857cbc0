"""Makes the registry agree with plan, scripts and database, and says so in its events.

Every step leaves the events that Sqitch would write for the same with --log-only: `revert` for
what goes, `deploy` for what stands now. Their notes begin with `repair:`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pgdocket.sqitch.baseline import record, verify_changes
from pgdocket.sqitch.checks import Resolver, check_deploy
from pgdocket.sqitch.engine import Engine, Job, open_engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.queries import named_queries
from pgdocket.sqitch.registry import check_version, unique_script
from pgdocket.sqitch.repair_plan import (
    HashRepair,
    Repair,
    RepairRequest,
    RewriteRepair,
    TagRepair,
    plan_repairs,
)

Confirm = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """How to repair.

    `verify` runs the verify scripts of changes that are to be recorded. `reason` is written to
    the events. `dry_run` only tells; `confirm` is asked before anything is written.
    """

    reason: str = ""
    verify: bool = True
    dry_run: bool = False
    confirm: Confirm | None = None


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What was repaired, or would be in a dry run."""

    project: str
    target: str
    repairs: tuple[Repair, ...]
    is_written: bool

    def as_dict(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return {
            "project": self.project,
            "target": self.target,
            "repairs": [each.as_dict() for each in self.repairs],
            "is_written": self.is_written,
        }


def repair_job(job: Job, request: RepairRequest, options: RepairOptions) -> RepairResult:
    """Repairs the registry in one transaction, under the lock of a deployment.

    No deploy or revert script is run. Raises SqitchError for what can't be repaired this way,
    with exit code 1 when `confirm` answers no; nothing is written then.
    """
    with open_engine(job) as engine:
        check_version(engine.registry.version(engine.control), job.display)
        engine.lock()
        deployed = engine.deployed()
        repairs = plan_repairs(engine, deployed, request)
        recorded = _to_record(engine, request)
        steps = (*repairs, *(_recording(change) for change in recorded))
        if not steps:
            job.reporter.info("Nothing to repair")
            return RepairResult(job.plan.project, job.display, (), False)
        job.reporter.info(f"Repairing the registry of {job.display}")
        for step in steps:
            job.reporter.info(f"  * {step.label}: {step.text}")
        if options.verify and recorded:
            verify_changes(engine, recorded, "Verify failed: nothing was repaired")
        result = RepairResult(job.plan.project, job.display, steps, not options.dry_run)
        if options.dry_run:
            job.reporter.info("Nothing was written (dry run)")
            return result
        _ask(job, len(steps), options)
        with engine.control.transaction():
            engine.registry.lock(engine.control)
            _Writer(engine, options.reason).write(repairs, recorded)
        job.reporter.info("Registry repaired")
        return result


def _ask(job: Job, count: int, options: RepairOptions) -> None:
    what = "this repair" if count == 1 else f"these {count} repairs"
    question = f"Write {what} to the registry of {job.display}?"
    if options.confirm is not None and not options.confirm(question):
        raise SqitchError("Nothing repaired", exit_code=1)


def _to_record(engine: Engine, request: RepairRequest) -> tuple[Change, ...]:
    """The changes that are there without being recorded: those that come next in the plan."""
    if request.record is None:
        return ()
    plan, latest = engine.job.plan, engine.deployed().latest
    goal = plan.find(request.record)
    if goal is None:
        raise SqitchError(f'Unknown change: "{request.record}"')
    start = -1 if latest is None else plan.index_of(latest.id)
    if start is None:
        raise SqitchError(
            f"Cannot find change {latest.id if latest else ''} in {engine.job.target.plan_file}",
            hint="repair what is recorded first",
            sqlstate="PDPLN",
        )
    changes = plan.changes[start + 1 : (plan.index_of(goal.id) or 0) + 1]
    if not changes:
        raise SqitchError(f'Change "{request.record}" has already been deployed')
    return changes


def _recording(change: Change) -> Repair:
    label = change.format_name_with_tags
    return Repair("record", change.id, label, "recorded as deployed; its script is not run")


class _Writer:
    """Writes the steps in the open transaction."""

    def __init__(self, engine: Engine, reason: str) -> None:
        self._engine = engine
        self._reason = reason
        self._queries = named_queries("repair_queries.sql", engine.registry.schema)
        self._resolver = Resolver(engine, has_registry=True)

    def write(self, repairs: Sequence[Repair], recorded: tuple[Change, ...]) -> None:
        """Writes everything: what goes first, so that its names and hashes are free."""
        rewrites = [each for each in repairs if isinstance(each, RewriteRepair)]
        hashes = [each for each in repairs if isinstance(each, HashRepair)]
        for step in reversed(rewrites):
            self._audit("revert", step.change_id, step.text)
        for step in rewrites:
            self._rewrite(step)
        for step in rewrites:
            self._depend(step.change)
        for step in rewrites:
            self._audit("deploy", step.change.id, step.text)
        for each in repairs:
            if each.action == "drop":
                self._audit("revert", each.change_id, each.text)
                self._execute("delete_change", change_id=each.change_id)
        for each in repairs:
            if isinstance(each, TagRepair):
                self._tag(each)
        self._hash(hashes, {step.change_id: step.change.id for step in rewrites})
        if recorded:
            self._record(recorded)

    def _execute(self, statement: str, /, **parameters: object) -> None:
        self._engine.control.execute(self._queries[statement], parameters)

    def _audit(self, event: str, change_id: str, text: str) -> None:
        note = f"repair: {text}" + (f"\n\n{self._reason}" if self._reason else "")
        person = self._engine.job.person
        self._execute(
            "audit",
            event=event,
            change_id=change_id,
            text=note,
            name=person.name,
            email=person.email,
        )

    def _rewrite(self, step: RewriteRepair) -> None:
        change = step.change
        self._execute(
            "rewrite_change",
            old_id=step.change_id,
            change_id=change.id,
            change=change.name,
            note=change.note,
            planned_at=change.planned_at,
            planner_name=change.planner_name,
            planner_email=change.planner_email,
        )

    def _depend(self, change: Change) -> None:
        """The dependencies that the plan has; all of them have to be deployed."""
        self._execute("delete_dependencies", change_id=change.id)
        registry, control = self._engine.registry, self._engine.control
        required = {each.as_string: self._resolver.resolve(each) for each in change.requires}
        known = registry.known_ids(control, [found for found in required.values() if found])
        missing = [name for name, found in required.items() if found not in known]
        if missing:
            names = " ".join(missing)
            raise SqitchError(f'Change "{change.name}" requires what is not deployed: {names}')
        entries = (*change.requires, *change.conflicts)
        parameters = {
            "change_id": change.id,
            "types": ["conflict" if each.conflict else "require" for each in entries],
            "dependencies": [each.as_string for each in entries],
            "dependency_ids": [
                None if each.conflict else required[each.as_string] for each in entries
            ],
        }
        control.execute(registry.query("insert_dependencies"), parameters)

    def _tag(self, step: TagRepair) -> None:
        job, registry = self._engine.job, self._engine.registry
        tag, project = step.tag, job.plan.project
        if tag is None:
            self._execute("delete_tag", project=project, tag=step.name)
        elif step.is_new:
            registry.insert_tags(self._engine.control, project, [tag], job.person)
        else:
            self._execute(
                "rewrite_tag",
                project=project,
                tag=tag.name,
                tag_id=tag.id,
                change_id=tag.change_id,
                note=tag.note,
                planned_at=tag.planned_at,
                planner_name=tag.planner_name,
                planner_email=tag.planner_email,
            )
        self._audit("deploy", step.change_id, step.text)

    def _hash(self, steps: Sequence[HashRepair], new_ids: dict[str, str]) -> None:
        ids = {step.change_id: new_ids.get(step.change_id, step.change_id) for step in steps}
        self._execute("forget_script_hash", change_ids=list(ids.values()))
        for step in steps:
            change_id = ids[step.change_id]
            with unique_script(step.change):
                self._execute("set_script_hash", change_id=change_id, script_hash=step.script_hash)
            self._audit("deploy", change_id, step.text)

    def _record(self, changes: tuple[Change, ...]) -> None:
        engine = self._engine
        ids = check_deploy(self._resolver, engine.deployed().changes, changes)
        record(engine, changes, ids)
        for change in changes:
            self._audit("deploy", change.id, "recorded as deployed; its script was not run")

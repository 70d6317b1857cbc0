"""Reverts and deploys again, as one run under one lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pgdocket.sqitch.deploy import DeployOptions, deploy_with
from pgdocket.sqitch.engine import Engine, Job, open_engine
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.results import RunFailed, RunResult
from pgdocket.sqitch.revert import RevertOptions, revert_with


@dataclass(frozen=True, slots=True)
class RebaseOptions:
    """How to revert, and how to deploy then."""

    revert: RevertOptions = field(default_factory=RevertOptions)
    deploy: DeployOptions = field(default_factory=DeployOptions)


def rebase_job(
    job: Job, options: RebaseOptions, switch: Callable[[], Plan] | None = None
) -> RunResult:
    """Reverts what `options.revert` says, then deploys what `options.deploy` says.

    Where there is nothing to revert it deploys all the same. `switch` is called between the two
    and returns the plan to deploy. Raises what revert and deploy raise; a RunFailed holds the
    changes of both. A revert that was declined or has failed ends the run.
    """
    with open_engine(job) as engine:
        reverted = revert_with(engine, options.revert)
        engine.assume_reverted(change.id for change in reverted.changes)
        if switch is not None:
            engine.turn_to(replace(engine.job, plan=switch()))
        return _deploy(engine, options.deploy, reverted)


def _deploy(engine: Engine, options: DeployOptions, reverted: RunResult) -> RunResult:
    try:
        deployed = deploy_with(engine, options)
    except RunFailed as failed:
        failed.changes = (*reverted.changes, *failed.changes)
        raise
    return replace(deployed, changes=(*reverted.changes, *deployed.changes))

"""Where a database stands: what is deployed, and what the plan has beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgdocket.sqitch.config import Target
from pgdocket.sqitch.connection import destination
from pgdocket.sqitch.deployed import Deployed
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.reader import reading
from pgdocket.sqitch.registry import DeployedChange, DeployedTag, Registry

if TYPE_CHECKING:
    from pgdocket.sqitch.divergence import Divergence


@dataclass(frozen=True, slots=True)
class Status:
    """What is deployed of a project.

    `pending` are the plan's changes after the one deployed last; None when there is no plan to
    compare with. `is_diverged` says that the change deployed last is not in the plan;
    `divergence` explains it where the target's files are known.
    `registry_version` is None for a database without a registry.
    """

    target: str
    project: str | None
    deployed: tuple[DeployedChange, ...]
    pending: tuple[Change, ...] | None
    is_diverged: bool = False
    registry_version: str | None = None
    divergence: Divergence | None = None

    @property
    def latest(self) -> DeployedChange | None:
        """The change deployed last."""
        return self.deployed[-1] if self.deployed else None

    @property
    def tags(self) -> tuple[DeployedTag, ...]:
        """The tags that are deployed, the first applied first."""
        return tuple(tag for change in self.deployed for tag in change.tags)

    @property
    def is_current(self) -> bool:
        """Whether everything planned is deployed, and nothing else."""
        return not self.is_diverged and self.pending is not None and not self.pending

    def as_dict(self) -> dict[str, object]:
        """The status as `--json` prints it."""
        pending = None
        if self.pending is not None:
            pending = [
                {"change_id": each.id, "change": each.name, "tags": [t.name for t in each.tags]}
                for each in self.pending
            ]
        return {
            "target": self.target,
            "project": self.project,
            "registry_version": self.registry_version,
            "deployed": [_row(change) for change in self.deployed],
            "pending": pending,
            "is_current": self.is_current,
            "is_diverged": self.is_diverged,
            "divergence": self.divergence.as_dict() if self.divergence else None,
        }


def status(plan: Plan | None, target: Target | str, *, project: str | None = None) -> Status:
    """The status of the database for the plan's project, or for another that is named.

    Without either, the one project that the registry knows; SqitchError where it knows several.
    """
    conninfo, display, schema = destination(target)
    registry = Registry(schema)
    with reading(conninfo) as connection:
        version = registry.version(connection)
        name = project or (plan.project if plan else None)
        if version is None:
            pending = plan.changes if plan and name == plan.project else None
            return Status(display, name, (), pending)
        if name is None:
            name = _only(tuple(registry.projects(connection)))
        deployed = Deployed(name or "", registry.deployed(connection, name or ""))
    found = _compare(display, deployed, plan, version)
    if found.is_diverged and plan is not None and isinstance(target, Target):
        from pgdocket.sqitch.divergence import find_divergence

        explained = find_divergence(plan, deployed.changes, target, display)
        return replace(found, divergence=explained)
    return found


def _only(projects: Sequence[str]) -> str | None:
    if len(projects) > 1:
        raise SqitchError(f"Use --project to select which project to query: {', '.join(projects)}")
    return projects[0] if projects else None


def _compare(display: str, deployed: Deployed, plan: Plan | None, version: str) -> Status:
    project = deployed.project or None
    if plan is None or plan.project != deployed.project:
        return Status(display, project, deployed.changes, None, registry_version=version)
    latest = deployed.latest
    position = plan.index_of(latest.id) if latest else -1
    return Status(
        display,
        project,
        deployed.changes,
        () if position is None else plan.changes[position + 1 :],
        is_diverged=position is None,
        registry_version=version,
    )


def _row(change: DeployedChange) -> dict[str, object]:
    return {
        "change_id": change.id,
        "change": change.name,
        "tags": [tag.name for tag in change.tags],
        "script_hash": change.script_hash,
        "note": change.note,
        "deployed_at": change.committed_at.isoformat(),
        "committer_name": change.committer.name,
        "committer_email": change.committer.email,
        "planned_at": change.planned_at.isoformat(),
        "planner_name": change.planner.name,
        "planner_email": change.planner.email,
    }

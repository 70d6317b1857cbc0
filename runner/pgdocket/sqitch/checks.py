"""What must hold before the first change of a run is deployed or reverted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pgdocket.sqitch.deployed import Deployed, plan_change
from pgdocket.sqitch.engine import Engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change, Dependency
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import DeployedChange


class Resolver:
    """Finds the changes that dependencies mean: in the plan, or deployed by other projects."""

    def __init__(self, engine: Engine, *, has_registry: bool) -> None:
        self._engine = engine
        self._has_registry = has_registry
        self._others: dict[str, Deployed] = {}

    def resolve(self, dependency: Dependency) -> str | None:
        """The id of the change, None when there is none (yet)."""
        plan = self._engine.job.plan
        if dependency.id:
            return self._by_id(dependency.id)
        if dependency.project in (None, plan.project):
            change = _planned(plan, dependency)
            if change is None:
                path = self._engine.job.target.plan_file
                raise SqitchError(f'Unable to find change "{dependency.as_string}" in plan {path}')
            return change.id
        return self._other(dependency.project or "").find_dependency(dependency)

    def _by_id(self, change_id: str) -> str | None:
        if self._engine.job.plan.change_by_id(change_id) is not None:
            return change_id
        if not self._has_registry:
            return None
        known = self._engine.registry.known_ids(self._engine.control, [change_id])
        return change_id if change_id in known else None

    def _other(self, project: str) -> Deployed:
        if not self._has_registry:
            return Deployed(project, ())
        if project not in self._others:
            self._others[project] = self._engine.deployed(project)
        return self._others[project]


def _planned(plan: Plan, dependency: Dependency) -> Change | None:
    """The change of the plan that is meant; a name alone means the first one of that name."""
    if dependency.tag is None:
        return next((each for each in plan.changes if each.name == dependency.change), None)
    return plan.find(dependency.as_string)


def check_deploy(
    resolver: Resolver, deployed: Sequence[DeployedChange], changes: Sequence[Change]
) -> dict[str, str]:
    """The ids of all required changes, by their text in the plan.

    SqitchError names every conflict with what is deployed or comes first, and every required
    change that is missing.
    """
    present = {change.id for change in deployed}
    ids: dict[str, str] = {}
    conflicts: list[str] = []
    missing: list[str] = []
    for change in changes:
        for dependency in change.conflicts:
            found = resolver.resolve(dependency)
            if found and (found in present or dependency.project is not None):
                conflicts.append(dependency.as_string)
        for dependency in change.requires:
            found = resolver.resolve(dependency)
            if found is None:
                missing.append(dependency.as_string)
            else:
                ids[dependency.as_string] = found
        present.add(change.id)
    problems = []
    if conflicts:
        problems.append(_list("Conflicts with previously deployed change", conflicts))
    if missing:
        problems.append(_list("Missing required change", missing))
    if problems:
        raise SqitchError("\n".join(problems))
    return ids


def check_revert(engine: Engine, changes: Sequence[DeployedChange]) -> None:
    """SqitchError when a change of another project requires one of these."""
    dependents: dict[str, list[str]] = {}
    for each in engine.registry.dependents(engine.control, [change.id for change in changes]):
        names = dependents.setdefault(each.required_id, [])
        name = f"{each.project}:{each.change}"
        if name not in names:
            names.append(name)
    by_id: Mapping[str, DeployedChange] = {change.id: change for change in changes}
    problems = [
        _list(f'Change "{by_id[change_id].label}" required by currently deployed change', names)
        for change_id, names in dependents.items()
    ]
    if problems:
        raise SqitchError("\n".join(problems))


def check_scripts(engine: Engine, changes: Sequence[Change], *, verify: bool) -> None:
    """SqitchError when a deploy script is missing, or one can't be run here."""
    for change in changes:
        path = engine.file("deploy", change)
        if not path.is_file():
            raise SqitchError(f"Deploy script {path} does not exist")
        engine.refuse_unrunnable("deploy", path)
        verify_path = engine.file("verify", change)
        if verify and verify_path.is_file():
            engine.refuse_unrunnable("verify", verify_path)


def check_revert_scripts(engine: Engine, deployed: Deployed, keep: int) -> None:
    """SqitchError when a script is missing, or can't be run here, of what comes after `keep`."""
    missing = []
    for position in range(keep, len(deployed.changes)):
        change = plan_change(engine.job.plan, deployed.changes, position)
        path = engine.file("revert", change)
        if path.is_file():
            engine.refuse_unrunnable("revert", path)
        else:
            missing.append(str(path))
    if missing:
        one, several = f"script {missing[0]} does", f"scripts {', '.join(missing)} do"
        raise SqitchError(
            f"Revert {one if len(missing) == 1 else several} not exist",
            hint="nothing was reverted; bring it back, or use --log-only where its objects are "
            "gone already",
        )


def _list(text: str, names: Sequence[str]) -> str:
    return f"{text}{'' if len(names) == 1 else 's'}: {' '.join(names)}"

"""What is deployed of one project, and how the changes in it are named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change, Dependency
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.references import Reference, parse_reference
from pgdocket.sqitch.registry import DeployedChange

_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Deployed:
    """The deployed changes of a project, the first deployed first."""

    project: str
    changes: tuple[DeployedChange, ...]

    @property
    def latest(self) -> DeployedChange | None:
        """The change that was deployed last."""
        return self.changes[-1] if self.changes else None

    def find(self, reference: str) -> int | None:
        """Position of the change that a symbolic reference names, None when there is none.

        `HEAD` is the change deployed last, `ROOT` the first, `name@tag` the name as it was when
        the tag was applied; `^` counts towards the beginning, `~` towards the end. SqitchError
        when a name alone is ambiguous.
        """
        wanted = parse_reference(reference)
        position = self._base(wanted)
        if position is None:
            return None
        position += wanted.offset
        return position if 0 <= position < len(self.changes) else None

    def find_dependency(self, dependency: Dependency) -> str | None:
        """The id of the deployed change that a dependency means, None when there is none.

        A name alone means the first change of that name, as it was before any rework.
        """
        if dependency.id:
            return next((each.id for each in self.changes if each.id == dependency.id), None)
        if dependency.change and dependency.tag:
            position = self._at_tag(dependency.change, dependency.tag)
        elif dependency.tag:
            position = self._tagged(dependency.tag)
        else:
            named = self._named(dependency.change or "")
            position = named[0] if named else None
        return None if position is None else self.changes[position].id

    def _base(self, wanted: Reference) -> int | None:
        name, tag = wanted.name, wanted.tag
        if not self.changes:
            return None
        if "HEAD" in (name, tag) and None in (name, tag):
            return len(self.changes) - 1
        if "ROOT" in (name, tag) and None in (name, tag):
            return 0
        if name is None:
            return self._tagged(tag or "")
        if tag is not None:
            return self._at_tag(name, tag)
        if _ID.fullmatch(name):
            return self._by_id(name)
        named = self._named(name)
        if len(named) > 1:
            raise SqitchError(self._ambiguity(name, named))
        return named[0] if named else None

    def _by_id(self, wanted: str) -> int | None:
        for position, change in enumerate(self.changes):
            if change.id == wanted or any(tag.id == wanted for tag in change.tags):
                return position
        return None

    def _named(self, name: str) -> list[int]:
        return [at for at, change in enumerate(self.changes) if change.name == name]

    def _tagged(self, tag: str) -> int | None:
        wanted = "@" + tag.removeprefix("@")
        for position, change in enumerate(self.changes):
            if any(each.name == wanted for each in change.tags):
                return position
        return None

    def _at_tag(self, name: str, tag: str) -> int | None:
        if tag == "HEAD":
            end: int | None = len(self.changes) - 1
        elif tag == "ROOT":
            return None
        else:
            end = self._tagged(tag)
        if end is None:
            return None
        named = [at for at in self._named(name) if at <= end]
        return named[-1] if named else None

    def _ambiguity(self, name: str, named: Sequence[int]) -> str:
        lines = [f'Change "{name}" is ambiguous. Please specify a tag-qualified change:']
        ends = [*named[1:], len(self.changes)]
        for start, end in zip(reversed(named), reversed(ends), strict=True):
            tags = [c.tags[0].name for c in self.changes[start:end] if c.tags]
            qualifier = "@HEAD" if end == len(self.changes) else (tags[-1] if tags else "")
            lines.append(f"  * {name}{qualifier}")
        return "\n".join([*lines, "Change Lookup Failed"])


def is_planned(plan: Plan, reference: str) -> bool:
    """Whether the plan has what a reference may name.

    A name alone is not refused for being ambiguous: it may mean the first change of that name.
    """
    if "@" in reference:
        return plan.find(reference) is not None
    wanted = parse_reference(reference)
    named = [at for at, change in enumerate(plan.changes) if change.name == wanted.name]
    if len(named) < 2:
        return plan.find(reference) is not None
    return 0 <= named[0] + wanted.offset < len(plan.changes)


def plan_change(plan: Plan, deployed: Sequence[DeployedChange], position: int) -> Change:
    """The deployed change as the plan has it, else as its row tells.

    A row that is not in the plan finds its reworked scripts by the tags that were deployed
    between it and its next namesake.
    """
    row = deployed[position]
    planned = plan.change_by_id(row.id)
    if planned is not None:
        return planned
    return Change(
        name=row.name,
        id=row.id,
        parent_id=None,
        note=row.note,
        planned_at=row.planned_at,
        planner_name=row.planner.name,
        planner_email=row.planner.email,
        rework_tags=_rework_tags(deployed, position),
    )


def _rework_tags(deployed: Sequence[DeployedChange], position: int) -> tuple[str, ...]:
    name = deployed[position].name
    tags: list[str] = []
    for change in deployed[position:]:
        if change is not deployed[position] and change.name == name:
            return tuple(reversed(tags))
        tags += [tag.name for tag in change.tags]
    return ()

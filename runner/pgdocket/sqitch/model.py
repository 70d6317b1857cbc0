"""What a plan is made of: changes, tags and dependencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry between the brackets of a change; `project` is None for the plan's own."""

    project: str | None = None
    change: str | None = None
    tag: str | None = None
    id: str | None = None
    conflict: bool = False

    @property
    def as_string(self) -> str:
        """The text that ids and the registry hold: without `!`, own project left out."""
        prefix = f"{self.project}:" if self.project else ""
        if self.id:
            return prefix + self.id
        tag = f"@{self.tag}" if self.tag else ""
        return f"{prefix}{self.change or ''}{tag}"

    @property
    def as_plan_string(self) -> str:
        """The text that the plan file holds: with `!` before a conflict."""
        return f"!{self.as_string}" if self.conflict else self.as_string


@dataclass(frozen=True, slots=True)
class Tag:
    """A named point in the plan; `name` begins with `@`."""

    name: str
    id: str
    change_id: str
    note: str
    planned_at: datetime
    planner_name: str
    planner_email: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan, or of the registry when built from its row.

    `tags` are those that stand directly after it. `rework_tags` are the candidates for the name
    of its scripts when a later change has the same name: nearest to that later one first, the
    own tags last; empty for the last (or only) change of a name.
    """

    name: str
    id: str
    parent_id: str | None
    note: str
    planned_at: datetime
    planner_name: str
    planner_email: str
    op: str = ""
    requires: tuple[Dependency, ...] = ()
    conflicts: tuple[Dependency, ...] = ()
    tags: tuple[Tag, ...] = ()
    rework_tags: tuple[str, ...] = ()

    @property
    def format_name_with_tags(self) -> str:
        """`flips @v1 @v1b`."""
        return " ".join([self.name, *(tag.name for tag in self.tags)])

    @property
    def format_dependencies(self) -> str:
        """`[a b !c]`, or nothing."""
        listed = [each.as_plan_string for each in (*self.requires, *self.conflicts)]
        return f"[{' '.join(listed)}]" if listed else ""

    @property
    def is_reworked(self) -> bool:
        """Whether a later change of the plan has the same name."""
        return bool(self.rework_tags)

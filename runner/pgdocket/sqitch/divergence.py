"""Where a database and a plan part, told with the change they have in common and a way out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgdocket.sqitch import scripts
from pgdocket.sqitch.deployed import plan_change
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import DeployedChange
from pgdocket.sqitch.targets import Target


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A command that leads out, and what it does."""

    command: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """A database whose last change is not in the plan.

    `ancestor` is the last deployed change that is in the plan, None when there is none; `beyond`
    are the changes that were deployed after it, `instead` those that the plan has after it.
    """

    ancestor: DeployedChange | None
    beyond: tuple[DeployedChange, ...]
    instead: tuple[Change, ...]
    suggestions: tuple[Suggestion, ...]

    @property
    def hint(self) -> str:
        """The explanation in lines, for people."""
        common = self.ancestor.label if self.ancestor else "none; is it the right database?"
        lines = [
            f"last change in common: {common}",
            f"deployed beyond it: {_names([row.label for row in self.beyond])}",
            f"planned instead: {_names([each.format_name_with_tags for each in self.instead])}",
        ]
        for each in self.suggestions:
            lines += [f"{each.purpose}:", f"  {each.command}"]
        return "\n          ".join(lines)

    def as_dict(self) -> dict[str, object]:
        """The divergence as `--json` prints it."""
        ancestor = self.ancestor
        return {
            "common_ancestor": {"change_id": ancestor.id, "change": ancestor.name}
            if ancestor
            else None,
            "deployed": [{"change_id": row.id, "change": row.name} for row in self.beyond],
            "planned": [{"change_id": each.id, "change": each.name} for each in self.instead],
            "suggestions": [
                {"command": each.command, "purpose": each.purpose} for each in self.suggestions
            ],
        }


class DivergedError(SqitchError):
    """The database's last change is not in the plan. `divergence` tells the rest."""

    def __init__(self, message: str, divergence: Divergence) -> None:
        super().__init__(message, hint=divergence.hint, sqlstate="PDPLN")
        self.divergence = divergence

    def as_dict(self) -> dict[str, Any]:
        """The error as the object that `--json` prints, with the divergence taken apart."""
        return {**super().as_dict(), "divergence": self.divergence.as_dict()}


def find_divergence(
    plan: Plan, deployed: Sequence[DeployedChange], target: Target, display: str
) -> Divergence | None:
    """How the database has left the plan; None when the change deployed last is planned."""
    known = [at for at, row in enumerate(deployed) if plan.index_of(row.id) is not None]
    common = known[-1] if known else -1
    if common == len(deployed) - 1:
        return None
    ancestor = deployed[common] if known else None
    place = plan.index_of(ancestor.id) if ancestor else None
    instead = plan.changes[0 if place is None else place + 1 :]
    found = Divergence(ancestor, tuple(deployed[common + 1 :]), instead, ())
    suggestions = tuple(_suggest(plan, deployed, found, target, display))
    return Divergence(found.ancestor, found.beyond, found.instead, suggestions)


def match_by_name(
    plan: Plan, deployed: Sequence[DeployedChange], renamed: Mapping[str, str] | None = None
) -> dict[str, Change]:
    """The planned change for each deployed one whose id the plan does not have, by the old id.

    The second `users` of the database is the second `users` of the plan, whatever their ids;
    `renamed` gives other names for some. Changes without a counterpart are left out.
    """
    renamed = renamed or {}
    planned: dict[tuple[str, int], Change] = {}
    counts: dict[str, int] = {}
    for change in plan.changes:
        planned[change.name, counts.setdefault(change.name, 0)] = change
        counts[change.name] += 1
    found: dict[str, Change] = {}
    counts = {}
    for row in deployed:
        name = renamed.get(row.id, row.name)
        change_or_none = planned.get((name, counts.setdefault(name, 0)))
        counts[name] += 1
        if plan.index_of(row.id) is None and change_or_none is not None:
            found[row.id] = change_or_none
    return found


def refer(deployed: Sequence[DeployedChange], row: DeployedChange) -> str:
    """How to name the change on a command line: by its name where that is enough."""
    is_unique = sum(each.name == row.name for each in deployed) == 1
    return row.name if is_unique and row.name not in ("HEAD", "ROOT") else row.id


def command_line(*words: str) -> str:
    """A command of this program to type."""
    return shlex.join(["pgdocket", "sqitch", *words])


def _suggest(
    plan: Plan,
    deployed: Sequence[DeployedChange],
    found: Divergence,
    target: Target,
    display: str,
) -> list[Suggestion]:
    suggestions = []
    matched = match_by_name(plan, deployed)
    counterparts = [matched.get(row.id) for row in found.beyond]
    if counterparts == list(found.instead[: len(counterparts)]):
        line = command_line("repair", "--rewrite-ids", display)
        suggestions.append(Suggestion(line, "if only the plan's past was edited"))
    if found.ancestor is None:
        return suggestions
    rows = range(len(deployed) - len(found.beyond), len(deployed))
    paths = [scripts.revert_file(plan_change(plan, deployed, at), target) for at in rows]
    missing = [str(path) for path in paths if not path.is_file()]
    onto = refer(deployed, found.ancestor)
    purpose = "to revert what is deployed beyond it and deploy what is planned"
    if missing:
        purpose += f", once {_names(missing)} {'is' if len(missing) == 1 else 'are'} back"
    suggestions.append(Suggestion(command_line("rebase", "--onto", onto, display), purpose))
    return suggestions


def _names(names: Sequence[str], limit: int = 8) -> str:
    shown = ", ".join(names[:limit]) or "nothing"
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"

"""Every difference between what is deployed and what plan and scripts say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pgdocket.sqitch import scripts
from pgdocket.sqitch.deployed import plan_change
from pgdocket.sqitch.divergence import command_line, match_by_name, refer
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import DeployedChange, DeployedTag
from pgdocket.sqitch.targets import Target

Kind = Literal[
    "script_edited",
    "script_missing",
    "script_unknown",
    "plan_edited",
    "not_in_plan",
    "not_deployed",
    "out_of_order",
    "tag_missing",
    "tag_moved",
    "tag_surplus",
]


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. `label` is the change with its tags; `repair` a command that settles it."""

    kind: Kind
    change_id: str
    label: str
    message: str
    repair: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The difference as `--json` prints it."""
        return {
            "kind": self.kind,
            "change_id": self.change_id,
            "change": self.label,
            "message": self.message,
            "repair": self.repair,
        }


def find_drift(
    plan: Plan, deployed: Sequence[DeployedChange], target: Target, display: str
) -> tuple[Drift, ...]:
    """All differences, in the order of what is deployed. Changes still to come are none."""
    return tuple(_Comparison(plan, deployed, target, display).differences())


@dataclass(frozen=True, slots=True)
class _Comparison:
    plan: Plan
    deployed: Sequence[DeployedChange]
    target: Target
    display: str

    def differences(self) -> Iterator[Drift]:
        matched = match_by_name(self.plan, self.deployed)
        latest = reached = -1
        for position, row in enumerate(self.deployed):
            change = plan_change(self.plan, self.deployed, position)
            place = self.plan.index_of(row.id)
            if place is None:
                yield self._unplanned(row, matched.get(row.id))
            elif place < latest:
                yield Drift("out_of_order", row.id, row.label, self._order(place))
            latest = max(latest, -1 if place is None else place)
            counterpart = matched.get(row.id)
            if counterpart is not None:
                reached = max(reached, self.plan.index_of(counterpart.id) or 0)
            yield from self._scripts(row, change)
            if place is not None:
                yield from self._tags(row, change)
        yield from self._gaps(max(latest, reached), {change.id for change in matched.values()})

    def _unplanned(self, row: DeployedChange, planned: Change | None) -> Drift:
        if planned is None:
            repair = self._repair("--drop", refer(self.deployed, row))
            return Drift("not_in_plan", row.id, row.label, "not in the plan", repair)
        edited = [
            name
            for name, before, now in (
                ("note", row.note, planned.note),
                ("date", row.planned_at, planned.planned_at),
                ("planner", row.planner.name, planned.planner_name),
                ("planner's email", row.planner.email, planned.planner_email),
            )
            if before != now
        ]
        what = ", ".join(edited) or "its dependencies, or something before it"
        message = f"edited in the plan ({what}): there its id is {planned.id}"
        return Drift("plan_edited", row.id, row.label, message, self._repair("--rewrite-ids"))

    def _order(self, place: int) -> str:
        known = {row.id: at for at, row in enumerate(self.deployed)}
        after = self.plan.changes[place]
        later = next(
            each
            for each in self.plan.changes[place + 1 :]
            if each.id in known and known[each.id] < known[after.id]
        )
        return f"deployed after {later.format_name_with_tags}, planned before it"

    def _scripts(self, row: DeployedChange, change: Change) -> Iterator[Drift]:
        files = (scripts.deploy_file(change, self.target), scripts.revert_file(change, self.target))
        for path in files:
            if not path.is_file():
                message = f"{path} does not exist"
                yield Drift("script_missing", row.id, row.label, message)
        now = scripts.script_hash(change, self.target)
        if now is None or now == row.script_hash:
            return
        repair = self._repair("--script-hash", refer(self.deployed, row))
        if row.script_hash in (None, row.id):
            message = "the registry has no hash of its deploy script"
            yield Drift("script_unknown", row.id, row.label, message, repair)
            return
        message = f"{files[0]} was edited: {(row.script_hash or '')[:10]} deployed, {now[:10]} now"
        yield Drift("script_edited", row.id, row.label, message, repair)

    def _tags(self, row: DeployedChange, change: Change) -> Iterator[Drift]:
        recorded = {tag.name: tag for tag in row.tags}
        for tag in change.tags:
            if tag.name not in recorded:
                message = f"{tag.name} is planned here, and not in the registry"
                yield Drift("tag_missing", row.id, row.label, message, self._repair("--tags"))
            elif recorded[tag.name].id != tag.id:
                message = f"{tag.name} was edited in the plan: there its id is {tag.id}"
                yield Drift("tag_moved", row.id, row.label, message, self._repair("--tags"))
        own = {tag.name for tag in change.tags}
        for recorded_tag in row.tags:
            if recorded_tag.name not in own:
                yield self._surplus(row, recorded_tag)

    def _surplus(self, row: DeployedChange, tag: DeployedTag) -> Drift:
        place, repair = self.plan.tag_position(tag.name), self._repair("--tags")
        if place is None:
            message = f"{tag.name} is in the registry, and not in the plan"
            return Drift("tag_surplus", row.id, row.label, message, repair)
        message = f"{tag.name} is planned at {self.plan.changes[place].format_name_with_tags}"
        return Drift("tag_moved", row.id, row.label, message, repair)

    def _gaps(self, latest: int, counterparts: set[str]) -> Iterator[Drift]:
        """Planned changes before the last deployed one that were left out."""
        known = {row.id for row in self.deployed} | counterparts
        for change in self.plan.changes[: latest + 1]:
            if change.id not in known:
                label = change.format_name_with_tags
                yield Drift("not_deployed", change.id, label, "planned earlier, but not deployed")

    def _repair(self, *options: str) -> str:
        return command_line("repair", *options, self.display)

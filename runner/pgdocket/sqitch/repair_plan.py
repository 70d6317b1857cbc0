"""What a repair has to do, found by comparing the registry with the plan. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from pgdocket.sqitch import scripts
from pgdocket.sqitch.deployed import Deployed, is_planned, plan_change
from pgdocket.sqitch.divergence import match_by_name
from pgdocket.sqitch.engine import Engine
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change, Tag
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.registry import DeployedChange


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """What to repair; changes are named as for revert.

    `script_hashes` are changes whose edited deploy scripts are right as they are. `rewrite_ids`
    gives deployed changes the ids that the plan has for them now; `renames` are the new names of
    some. `drops` are changes that are not there any more, `record` is the last of those that are
    there and not recorded. `tags` makes the tags those of the plan.
    """

    script_hashes: tuple[str, ...] = ()
    rewrite_ids: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    tags: bool = False
    record: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return self == RepairRequest()


@dataclass(frozen=True, slots=True)
class Repair:
    """One step: what is done to which change. `text` is for people, and for the events."""

    action: str
    change_id: str
    label: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """The step as `--json` prints it."""
        return {
            "action": self.action,
            "change_id": self.change_id,
            "change": self.label,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class HashRepair(Repair):
    """The deploy script as it is now is the one that counts."""

    change: Change
    script_hash: str | None


@dataclass(frozen=True, slots=True)
class RewriteRepair(Repair):
    """The change gets the id, name and note that the plan has for it."""

    change: Change


@dataclass(frozen=True, slots=True)
class TagRepair(Repair):
    """A tag is recorded, rewritten, or removed where `tag` is None. `name` is with its `@`."""

    name: str
    tag: Tag | None
    is_new: bool = False


def plan_repairs(engine: Engine, deployed: Deployed, request: RepairRequest) -> tuple[Repair, ...]:
    """The steps, in the order in which they are to be done.

    SqitchError for changes that are not deployed, and for what would leave the registry worse:
    changes that another one needs, or changes of the plan that would be passed over.
    """
    planner = _Planner(engine, deployed, request)
    return tuple(planner.steps())


@dataclass(frozen=True, slots=True)
class _Planner:
    engine: Engine
    deployed: Deployed
    request: RepairRequest

    @property
    def _plan(self) -> Plan:
        return self.engine.job.plan

    def steps(self) -> Iterator[Repair]:
        dropped = {self._position(name) for name in self.request.drops}
        rows = [row for at, row in enumerate(self.deployed.changes) if at not in dropped]
        rewritten: dict[str, Change] = {}
        if self.request.rewrite_ids or self.request.renames:
            rewritten = self._rewritten(rows)
        drops = [self.deployed.changes[at] for at in sorted(dropped, reverse=True)]
        self._refuse_needed(drops, rewritten)
        for row in rows:
            if row.id in rewritten:
                yield _rewrite(row, rewritten[row.id])
        self._warn_of_gaps(drops, rows)
        for row in drops:
            text = "dropped from the registry; what its script made is left alone"
            yield Repair("drop", row.id, row.label, text)
        yield from self._hashes()
        yield from self._tags(rows, rewritten)

    def _position(self, reference: str) -> int:
        found = self.deployed.find(reference)
        if found is not None:
            return found
        if is_planned(self._plan, reference):
            raise SqitchError(f'Change not deployed: "{reference}"')
        raise SqitchError(f'Unknown change: "{reference}"')

    def _rewritten(self, rows: Sequence[DeployedChange]) -> dict[str, Change]:
        """The planned change for each row whose id the plan does not have."""
        names = {change.name for change in self._plan.changes}
        renamed = {}
        for old, new in self.request.renames.items():
            if new not in names:
                raise SqitchError(f'Unknown change: "{new}"')
            renamed[self.deployed.changes[self._position(old)].id] = new
        found = match_by_name(self._plan, rows, renamed)
        for row in rows:
            if row.id not in found and self._plan.index_of(row.id) is None:
                raise SqitchError(
                    f"{row.label} has no counterpart in the plan",
                    hint=f"add --drop {row.name}, or --rename {row.name}=NEW",
                )
        self._refuse_gaps(rows, found)
        return found

    def _refuse_gaps(self, rows: Sequence[DeployedChange], found: Mapping[str, Change]) -> None:
        """What is deployed must be how the plan begins, or a deploy would pass changes over."""
        ids = [found[row.id].id if row.id in found else row.id for row in rows]
        for planned, row, new_id in zip(self._plan.changes, rows, ids, strict=False):
            if planned.id != new_id:
                raise SqitchError(
                    f"{planned.format_name_with_tags} is planned where {row.label} is deployed",
                    hint="the order of the plan must be that of the database: move what is new "
                    "behind what is deployed, or revert and deploy with rebase",
                )

    def _refuse_needed(
        self, drops: Sequence[DeployedChange], rewritten: Mapping[str, Change]
    ) -> None:
        registry, control = self.engine.registry, self.engine.control
        own = {row.name for row in self.deployed.changes if row.id in rewritten}
        by_id = {row.id: row for row in drops}
        for each in registry.dependents(control, list(by_id)):
            if each.project == self._plan.project and each.change in own:
                continue
            raise SqitchError(
                f'Change "{by_id[each.required_id].label}" required by currently deployed '
                f"change: {each.project}:{each.change}"
            )

    def _warn_of_gaps(
        self, drops: Sequence[DeployedChange], rows: Sequence[DeployedChange]
    ) -> None:
        """What is dropped from the middle stays away: a deploy goes on at the end."""
        reached = max((self._plan.index_of(row.id) or 0 for row in rows), default=0)
        for row in drops:
            place = self._plan.index_of(row.id)
            if place is not None and place < reached:
                self.engine.job.reporter.warn(
                    f"{row.label} is still planned, before what is deployed: "
                    "a deploy will not bring it back"
                )

    def _hashes(self) -> Iterator[Repair]:
        for name in self.request.script_hashes:
            at = self._position(name)
            row = self.deployed.changes[at]
            change = plan_change(self._plan, self.deployed.changes, at)
            now = scripts.script_hash(change, self.engine.job.target)
            if now is None:
                path = self.engine.file("deploy", change)
                raise SqitchError(f"Deploy script {path} does not exist")
            if now != row.script_hash:
                text = f"hash of the deploy script was {row.script_hash or 'none'}, is {now}"
                yield HashRepair("script_hash", row.id, row.label, text, change, now)

    def _tags(
        self, rows: Sequence[DeployedChange], rewritten: Mapping[str, Change]
    ) -> Iterator[Repair]:
        """What goes comes first: a tag that was renamed still has its id."""
        changes = {row.id: rewritten.get(row.id) or self._plan.change_by_id(row.id) for row in rows}
        recorded = {tag.name: tag for row in rows for tag in row.tags}
        wanted = {tag.name for each in changes.values() if each for tag in each.tags}
        if self.request.tags:
            yield from self._surplus_tags(rows, rewritten, wanted)
        for row in rows:
            change = changes[row.id]
            for tag in change.tags if change else ():
                known = recorded.get(tag.name)
                if known is None and self.request.tags:
                    text = f"{tag.name} recorded"
                    yield TagRepair("tag", tag.change_id, row.label, text, tag.name, tag, True)
                elif known and known.id != tag.id and (self.request.tags or row.id in rewritten):
                    text = f"{tag.name} rewritten: its id was {known.id}"
                    yield TagRepair("tag", tag.change_id, row.label, text, tag.name, tag)

    def _surplus_tags(
        self,
        rows: Sequence[DeployedChange],
        rewritten: Mapping[str, Change],
        wanted: AbstractSet[str],
    ) -> Iterator[Repair]:
        for row in rows:
            change_id = rewritten[row.id].id if row.id in rewritten else row.id
            for tag in row.tags:
                if tag.name not in wanted:
                    text = f"{tag.name} removed: the plan does not have it here"
                    yield TagRepair("tag", change_id, row.label, text, tag.name, None)


def _rewrite(row: DeployedChange, change: Change) -> RewriteRepair:
    name = "" if row.name == change.name else f", its name is {change.name}"
    text = f"id was {row.id}, is {change.id}{name}"
    return RewriteRepair("rewrite", row.id, row.label, text, change)

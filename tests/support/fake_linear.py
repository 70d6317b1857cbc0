"""An issue of Linear's as its users and its API change it, and the webhooks that tell of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
STATES = {
    "pending": {"id": "s1", "name": "Todo", "type": "unstarted"},
    "in_progress": {"id": "s2", "name": "Doing", "type": "started"},
    "completed": {"id": "s3", "name": "Done", "type": "completed"},
    "cancelled": {"id": "s4", "name": "Dropped", "type": "canceled"},
}
TYPES = {each["type"]: each for each in STATES.values()}


@dataclass(slots=True)
class Issue:
    """One issue; `events` are the webhooks that were sent of it, in their order."""

    issue_id: str
    now: datetime = NOON
    fields: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def tick(self, seconds: float = 1) -> None:
        """Lets time go on."""
        self.now += timedelta(seconds=seconds)

    def change(self, **changes: Any) -> None:
        """Changes fields, as a user or the API does; what changes nothing is no event."""
        self.tick(0.001)
        changed = {name: value for name, value in changes.items() if self.fields.get(name) != value}
        if not changed and self.fields:
            return
        was = {{"state": "stateId", "labels": "labelIds"}.get(name, name): None for name in changed}
        action = "update" if self.fields else "create"
        self.fields |= changed | {"updatedAt": self.now.isoformat()}
        told = {"id": self.issue_id, "identifier": "ENG-1", "team": {"key": "ENG"}} | self.fields
        self.events.append({"type": "Issue", "action": action, "data": told, "updatedFrom": was})

    def send(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Takes what pending_linear_changes() hands out, and answers as the API does."""
        changes = {name: value for name, value in changes.items() if name not in ("id", "team")}
        if "state" in changes:
            changes["state"] = TYPES[changes["state"]]
        if "labels" in changes:
            changes["labels"] = [{"name": name} for name in changes["labels"]]
        self.change(**changes)
        return {"id": self.issue_id, "updatedAt": self.fields["updatedAt"]}

    def somebody_changes(self, chance: random.Random) -> None:
        """One change that a user of Linear's may make."""
        changes: dict[str, Any] = chance.choice([
            {"title": f"Theirs {chance.randrange(5)}"},
            {"description": chance.choice([None, "", "Theirs"])},
            {"priority": chance.randrange(5)},
            {"labels": [{"name": each} for each in chance.sample("abcd", 2)]},
            {"state": chance.choice(list(STATES.values()))},
            {"estimate": chance.choice([None, 1, 5])},
            {"dueDate": chance.choice([None, "2030-02-01"])},
        ])  # fmt: skip
        self.change(**changes)

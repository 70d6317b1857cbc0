"""A task and its issue end alike, whatever comes late, twice, or is lost on the way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from support import soak
from support.databases import Database
from support.fake_linear import STATES, Issue
from support.sessions import Connect, Connection

LATER = 400  # seconds: any lease is over
STATE = """
    select t.title, t.description, t.status, t.priority, t.estimated_effort, t.tags, t.due_at,
           s.issue, s.identifier, s.removed_at, s.conflicts, s.receive_error, i.told, i.changed,
           i.synced
      from docket.linear_sync as s
      join docket.tasks as t using (task_id, project_id)
      join docket_private.linear_images as i using (linear_sync_id, project_id)
     where s.project_id = %s
"""
# None is 5, and what is nearest to that is no change.
PRIORITIES = {0: {4, 5, 6}, 1: {9, 10}, 2: {7, 8}, 3: {4, 5, 6}, 4: {1, 2, 3}}


class World:
    """A project with one task, Linear with one issue, and what is under way between them."""

    def __init__(self, session: Connection, seed: int, policy: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a course of events, no secret
        self.session = session
        self.project = new_project(
            session, f"world-{policy}-{seed}", {"linear_policies": {"*": policy}}
        )
        self.task: UUID = self.ask("select (docket.create_task(%s, 'Ours')).task_id", self.project)
        issue_id = self.ask("select (docket.link_linear_issue(%s)).issue_id", self.task)
        self.issue = Issue(issue_id)
        self.delivered = 0
        self.sends = 0

    def ask(self, query: str, *parameters: object) -> Any:
        row = self.session.execute(query.encode(), parameters).fetchone()
        return row and row[0]

    def at_this_time(self) -> None:
        now = self.issue.now.isoformat()
        self.session.execute("select set_config('docket.fake_now', %s, false)", (now,))

    def somebody_changes(self) -> None:
        """One change that somebody may make here."""
        given: Any
        changes: dict[str, Any] = self.chance.choice([
            {"title": f"Ours {self.chance.randrange(5)}"},
            {"description": self.chance.choice([None, "Ours"])},
            {"priority": self.chance.randrange(1, 11)},
            {"tags": self.chance.sample("abcd", 2)},
            {"estimated_effort": self.chance.choice([None, 1, 2.4])},
            {"due_at": self.chance.choice([None, "2030-02-01T15:00:00Z"])},
            {"details": "nothing of Linear's"},
            {"status": self.chance.choice(list(STATES))},
        ])  # fmt: skip
        query, given = "select docket.update_task(%s, %s)", Jsonb(changes)
        if "status" in changes:
            query, given = "select docket.update_task_status(%s, %s)", changes["status"]
        # Not every status leads to every other.
        with suppress(psycopg.Error), self.session.transaction():
            self.session.execute(query.encode(), (self.task, given))

    def deliver(self, event: dict[str, Any]) -> None:
        """An event comes; once more, or for the first time."""
        self.delivered += 1
        told = self.ask(
            "select d.delivery_status from docket.ingest_linear(%s, %s, %s) as d",
            self.project, Jsonb(event), f"delivery {self.delivered}",
        )  # fmt: skip
        assert told == "processed"

    def send(self, *, safely: bool = False) -> int:
        """A sender takes what there is to send; much may go wrong with it."""
        changes = self.session.execute(
            "select linear_change_id, changes from docket.pending_linear_changes(%s)",
            (self.project,),
        ).fetchall()
        for change, told in changes:
            self.sends += 1
            fate = 0.0 if safely else self.chance.random()
            if fate > 0.9:  # the sender is lost before he has sent it
                continue
            answer = self.issue.send(told)
            if fate > 0.8:  # or after
                continue
            if fate > 0.7:  # it was sent, and nobody knows
                self.session.execute("select docket.fail_linear_change(%s, 'lost')", (change,))
            else:
                self.session.execute(
                    "select docket.acknowledge_linear_change(%s, %s)", (change, Jsonb(answer))
                )
        return len(changes)

    def go_on(self) -> None:
        """One thing happens."""
        self.issue.tick(self.chance.choice([1, 1, 1, 60, LATER]))
        self.at_this_time()
        what = self.chance.randrange(6)
        if what < 2:
            self.somebody_changes()
        elif what == 2 and self.issue.fields:
            self.issue.somebody_changes(self.chance)
        elif what == 3:
            self.send()
        elif self.issue.events:
            self.deliver(self.chance.choice(self.issue.events[-4:]))

    def come_to_rest(self) -> None:
        """Everything arrives; what is to be decided is. A loop would never end."""
        for _ in range(5):
            self.issue.tick(4000)
            self.at_this_time()
            late = list(self.issue.events)
            self.chance.shuffle(late)
            for event in late:
                self.deliver(event)
            for link, side in self.session.execute(
                "select linear_sync_id, %s from docket.list_linear_conflicts(%s) limit 1",
                (self.chance.choice(["ours", "theirs"]), self.project),
            ).fetchall():
                self.session.execute("select docket.resolve_linear_conflict(%s, %s)", (link, side))
            if not self.send(safely=True):
                return
        raise AssertionError("they go on for ever")


def new_project(session: Connection, slug: str, settings: dict[str, Any]) -> UUID:
    row = session.execute("select (docket.create_project(%s)).project_id", (slug,)).fetchone()
    assert row is not None
    session.execute("select docket.update_project(%s, %s)", (row[0], Jsonb({"settings": settings})))
    return UUID(str(row[0]))


@pytest.fixture
def session(docket18: Database, connect: Connect) -> Iterator[Connection]:
    opened = connect(docket18)
    with opened.transaction(force_rollback=True):
        yield opened


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
@pytest.mark.parametrize("policy", ["newest", "ours", "theirs", "manual"])
def test_both_sides_end_alike_and_at_rest(session: Connection, policy: str) -> None:
    for seed in range(soak.size(4, 200)):
        world = World(session, seed, policy)
        for _ in range(40):
            world.go_on()
        world.come_to_rest()
        assert_alike(world, f"{policy} {seed}")


def assert_alike(world: World, label: str) -> None:
    row = world.session.execute(STATE.encode(), (world.project,)).fetchone()
    assert row is not None
    title, description, status, priority, effort, tags, due, *_ = row
    theirs = world.issue.fields
    assert title == theirs["title"], label
    assert (description or "") == (theirs.get("description") or ""), label
    assert STATES[status] == theirs["state"], label
    assert priority in PRIORITIES[theirs["priority"]], label
    assert (effort is None) == (theirs.get("estimate") is None), label
    assert effort is None or round(effort) == theirs["estimate"], label
    assert sorted(tags) == sorted(each["name"] for each in theirs["labels"]), label
    assert (due and due.date().isoformat()) == theirs.get("dueDate"), label
    stands = "select sync_status, conflicts from docket.list_linear_sync(%s)"
    assert world.session.execute(stands.encode(), (world.project,)).fetchall() == [("synced", [])]
    assert world.sends <= 60, label


def test_the_same_events_have_one_result_in_any_order_and_twice(session: Connection) -> None:
    chance = random.Random(1)  # noqa: S311 - an order, no secret
    issue = Issue("i1")
    issue.change(
        title="A cart", description="Told", priority=2, state=STATES["pending"], labels=[],
        estimate=2, dueDate=None, unknown={"kept": [1.5, None]},
    )  # fmt: skip
    for _ in range(12):
        issue.tick()
        issue.somebody_changes(chance)
    gone = {"type": "Issue", "action": "remove", "data": dict(issue.events[-1]["data"])}
    for number, events in enumerate([issue.events, [*issue.events, gone]]):
        results = []
        for turn in range(soak.size(4, 50)):
            project = new_project(session, f"order-{number}-{turn}", {"linear_teams": ["ENG"]})
            told = list(events)
            if turn:
                told += events
                chance.shuffle(told)
            for key, event in enumerate(told):
                session.execute(
                    "select docket.ingest_linear(%s, %s, %s)", (project, Jsonb(event), str(key))
                )
            results.append(session.execute(STATE.encode(), (project,)).fetchall())
        assert len(results[0]) == 1
        assert results[0][0][2] == ("cancelled" if number else results[0][0][2])
        assert all(each == results[0] for each in results)

"""Claimed ahead, completed together: how many wait, what is renewed, what is given back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from pgdocket.client import AgentReport, Docket, Failed, Work
from pgdocket.errors import InvalidArgument
from support.agents import (
    KINDS,
    Diary,
    TappedDocket,
    attempts_of,
    check_books,
    expire,
    make_agent,
    run,
    running,
)
from support.clients import eventually
from support.databases import Database
from support.sessions import Connection

Connect = Callable[..., Connection]


def fill(client: Docket, project_id: UUID, count: int) -> list[UUID]:
    """Tasks t0, t1... in the order of their claim."""
    made = client.create_tasks(
        project_id=project_id,
        tasks=[{"task_key": f"t{n}", "title": "T"} for n in range(count)],
    )
    return [task.task_id for task in made]


class Door:
    """A handler that waits until it is let go, and counts who is inside."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.is_open = threading.Event()

    def __call__(self, work: Work) -> None:
        """For the agent."""
        self.begun.append(work.task.task_key)
        assert self.is_open.wait(30)


class Calls:
    """The calls of an agent, as a tap hears them."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, moment: str) -> None:
        """For the tap."""
        when, _, name = moment.partition(" ")
        if when == "before":
            self.names.append(name)


@pytest.fixture
def tapped(docket: Database) -> Any:
    """A client of the test's database, which a test may hold at each call."""
    with TappedDocket(docket.conninfo) as opened:
        yield opened


def waiting(client: Docket, project_id: UUID, begun: list[str]) -> list[str]:
    """The tasks that are claimed and not begun."""
    claimed = client.list_tasks(project_id=project_id, statuses=["in-progress"], page_size=1000)
    return sorted({task.task_key for task in claimed} - set(begun))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "held"),
    [
        ({}, 1),
        ({"concurrency": 3}, 3),
        ({"concurrency": 3, "batch_size": 10}, 10),
        ({"concurrency": 2, "batch_size": 10, "prefetch": 0}, 2),
        ({"concurrency": 2, "batch_size": 4, "prefetch": 5}, 7),
        ({"concurrency": 1, "prefetch": 2}, 3),
    ],
)
def test_no_more_wait_than_prefetch(
    client: Docket, project_id: UUID, kind: str, options: dict[str, Any], held: int
) -> None:
    fill(client, project_id, 20)
    door, diary = Door(), Diary()
    agent = make_agent(kind, client, project_id, door, on_event=diary, until_idle=True, **options)
    with running(agent) as reports:
        eventually(
            lambda: diary.count("claimed") == held and len(door.begun) == agent_width(options),
            "all that may be held is held",
        )
        others = client.claim_tasks(project_id=project_id, agent="bert", max_tasks=100)
        assert len(others) == 20 - held
        client.complete_tasks(completions=[{"attempt_id": each.attempt_id} for each in others])
        assert diary.count("claimed") == held
        door.is_open.set()
        eventually(lambda: reports, "the agent comes to its end")
    assert reports == [AgentReport(completed=held)]


def agent_width(options: dict[str, Any]) -> int:
    """How many tasks are handled at once."""
    return int(options.get("concurrency", 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_claimed_and_completed_in_few_calls(
    tapped: TappedDocket, project_id: UUID, kind: str
) -> None:
    fill(tapped, project_id, 40)
    calls, diary = Calls(), Diary()
    handled: list[Any] = []
    is_handled = threading.Event()

    def handle(work: Work) -> dict[str, str] | None:
        handled.append(work.task.task_key)
        if len(handled) == 20:
            is_handled.set()
        return {"key": work.task.task_key} if len(handled) % 2 else None

    def tap(moment: str) -> None:
        calls(moment)
        if moment.startswith("before complete_task"):
            assert is_handled.wait(30)

    tapped.tap = tap
    agent = make_agent(kind, tapped, project_id, handle, batch_size=20, prefetch=19,
                       on_event=diary, until_idle=True)  # fmt: skip
    report = run(agent)
    tapped.tap = Calls()
    assert report == AgentReport(completed=40)
    check_books(tapped, project_id, report, diary)
    assert sorted(handled) == sorted(f"t{n}" for n in range(40))
    assert calls.names.count("claim_tasks") < 20
    assert calls.names.count("complete_task") + calls.names.count("complete_tasks") < 30
    assert "complete_and_claim" not in calls.names
    assert diary.of("t0") == ["claimed", "completed"]
    assert tapped.get_task(
        task_id=tapped.task_id(project_id=project_id, reference=handled[0])
    ).results == {"key": handled[0]}
    assert tapped.get_task(
        task_id=tapped.task_id(project_id=project_id, reference=handled[1])
    ).results is None  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_one_in_a_batch_costs_only_itself(
    tapped: TappedDocket, connect: Connect, docket: Database, project_id: UUID, kind: str
) -> None:
    fill(tapped, project_id, 8)
    diary, session = Diary(), connect(docket)
    begun: list[str] = []
    is_handled = threading.Event()

    def handle(work: Work) -> object:
        begun.append(work.task.task_key)
        if len(begun) == 8:
            is_handled.set()
        if work.task.task_key == "t3":
            expire(session, work.attempt_id)
            tapped.sweep_leases(project_id=project_id)
            session.execute("update docket.tasks set status = 'cancelled' where task_key = 't3'")
        return object() if work.task.task_key == "t5" else None

    def tap(moment: str) -> None:
        if moment.startswith("before complete_task"):
            assert is_handled.wait(30)

    tapped.tap = tap
    agent = make_agent(kind, tapped, project_id, handle, batch_size=8, on_event=diary,
                       until_idle=True)  # fmt: skip
    report = run(agent)
    assert report == AgentReport(completed=6, failed=1, lost=1)
    check_books(tapped, project_id, report, diary)
    assert diary.of("t3") == ["claimed", "lost"]
    assert diary.of("t5") == ["claimed", "failed"]


@pytest.mark.parametrize("kind", KINDS)
def test_leases_of_waiting_tasks_are_renewed_and_lost_ones_never_begun(
    tapped: TappedDocket, project_id: UUID, kind: str
) -> None:
    fill(tapped, project_id, 3)
    door, diary = Door(), Diary()
    agent = make_agent(kind, tapped, project_id, door, prefetch=2, lease_seconds=3,
                       on_event=diary)  # fmt: skip
    with running(agent) as reports:
        eventually(lambda: diary.count("claimed") == 3 and door.begun, "one begins, two wait")
        first = {each.attempt_id: each for each in attempts_of(tapped, project_id)}
        assert len(first) == 3

        def all_renewed() -> bool:
            now = attempts_of(tapped, project_id)
            return all(each.heartbeat_at > first[each.attempt_id].heartbeat_at for each in now)

        eventually(all_renewed, "all three are renewed")
        stolen = next(each for each in first.values() if each.task_id == task(tapped, project_id))
        tapped.release_task(attempt_id=stolen.attempt_id, reason="by hand")
        taken = tapped.start_task(task_id=stolen.task_id, agent="bert")
        eventually(lambda: diary.of("t1") == ["claimed", "lost"], "the loss is noticed")
        door.is_open.set()
        eventually(lambda: diary.count("completed") == 2, "the others are done")
        assert taken.attempt_id is not None
        tapped.complete_task(attempt_id=taken.attempt_id)
    assert reports == [AgentReport(completed=2, lost=1)]
    assert door.begun == ["t0", "t2"]


def task(client: Docket, project_id: UUID, key: str = "t1") -> UUID:
    """The id of a task."""
    return client.task_id(project_id=project_id, reference=key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lease_that_was_long_unconfirmed_is_asked_for_before_the_handler_runs(
    tapped: TappedDocket, docket: Database, project_id: UUID, kind: str
) -> None:
    """As after a stopped process: the heartbeats have not been answered for half a lease."""
    fill(tapped, project_id, 2)
    diary, door = Diary(), Door()
    is_asked, is_released = threading.Event(), threading.Event()

    def tap(moment: str) -> None:
        if moment == "before heartbeats" and not is_asked.is_set():
            is_asked.set()  # the keeper's own, held up
            assert is_released.wait(30)
            raise InvalidArgument("not answered")

    tapped.tap = tap
    agent = make_agent(kind, tapped, project_id, door, prefetch=1, lease_seconds=2,
                       on_event=diary)  # fmt: skip
    taken: list[str] = []
    with running(agent) as reports, Docket(docket.conninfo) as other:
        assert is_asked.wait(30)

        def take() -> bool:
            claimed = other.claim_tasks(project_id=project_id, agent="bert", max_tasks=2)
            taken.extend(each.task_key for each in claimed)
            return len(taken) == 2

        eventually(take, "both leases are over")
        door.is_open.set()
        eventually(lambda: diary.count("lost") == 2, "both are dropped")
        is_released.set()
    assert reports == [AgentReport(lost=2)]
    assert door.begun == ["t0"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stops", [1, 2])
def test_what_waits_is_given_back_at_once_when_the_agent_stops(
    client: Docket, project_id: UUID, kind: str, stops: int
) -> None:
    fill(client, project_id, 6)
    door, diary = Door(), Diary()
    agent = make_agent(kind, client, project_id, door, batch_size=5, on_event=diary)
    with running(agent) as reports:
        eventually(lambda: diary.count("claimed") == 5 and door.begun, "one begins, four wait")
        for _ in range(stops):
            agent.stop()
        eventually(
            lambda: len(client.next_tasks(project_id=project_id)) >= 5, "others may have them"
        )
        assert len(door.begun) == 1
        door.is_open.set()
        eventually(lambda: reports, "the agent comes to its end")
    assert reports == [
        AgentReport(completed=1, released=4) if stops == 1 else AgentReport(released=5)
    ]
    assert diary.count("claimed") == 5
    assert [each.attempt_no for each in attempts_of(client, project_id)] == [1] * 5


@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_too_long_is_given_back_for_others(
    client: Docket, project_id: UUID, kind: str
) -> None:
    fill(client, project_id, 3)
    door, diary = Door(), Diary()
    agent = make_agent(kind, client, project_id, door, prefetch=2, lease_seconds=1,
                       on_event=diary)  # fmt: skip
    with running(agent) as reports:
        eventually(lambda: diary.count("released") == 2, "a lease's length later")
        taken = client.claim_tasks(project_id=project_id, agent="bert", max_tasks=5)
        assert [each.task_key for each in taken] == ["t1", "t2"]
        client.release_task(attempt_id=str(taken[0].attempt_id))
        client.complete_task(attempt_id=str(taken[1].attempt_id))
        beats = client.list_attempts(task_id=task(client, project_id, "t0"))[0].heartbeat_at
        eventually(
            lambda: (
                client.list_attempts(task_id=task(client, project_id, "t0"))[0].heartbeat_at > beats
            ),
            "the agent is at work",
        )
        assert diary.count("claimed") == 3, "it claims none ahead while its worker is busy"
        door.is_open.set()
        eventually(lambda: diary.count("completed") == 2, "its worker is free for another")
    assert reports == [AgentReport(completed=2, released=2)]
    assert door.begun == ["t0", "t1"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_is_drained_in_its_order_in_batches(
    client: Docket, project_id: UUID, kind: str
) -> None:
    client.create_tasks(
        project_id=project_id,
        tasks=[
            {
                "task_key": f"t{n}",
                "title": "T",
                "depends_on": [f"t{d}" for d in (n - 3, n - 7) if d >= 0],
            }
            for n in range(60)
        ],
    )
    diary = Diary()
    done: list[int] = []
    too_early: list[int] = []

    def handle(work: Work) -> None:
        number = int(work.task.task_key[1:])
        too_early.extend(d for d in (number - 3, number - 7) if d >= 0 and d not in done)
        done.append(number)
        if number == 30 and len(client.list_attempts(task_id=work.task.task_id)) == 1:
            done.remove(30)
            raise Failed("again", failure_class="infrastructure")

    agent = make_agent(kind, client, project_id, handle, concurrency=3, batch_size=5, prefetch=5,
                       on_event=diary)  # fmt: skip
    with running(agent) as reports:
        eventually(lambda: diary.count("completed") == 60, "all are completed", 60)
    assert too_early == []
    assert reports == [AgentReport(completed=60, failed=1)]
    check_books(client, project_id, reports[0], diary)


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"batch_size": 0}, {"batch_size": 1001}, {"prefetch": -1}],
)
@pytest.mark.parametrize("kind", KINDS)
def test_options_that_mean_nothing_are_refused(
    client: Docket, project_id: UUID, kind: str, options: dict[str, int]
) -> None:
    with pytest.raises(InvalidArgument):
        make_agent(kind, client, project_id, lambda _work: None, **options)

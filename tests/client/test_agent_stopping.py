"""Stopping in every phase: each claimed task ends once, in the report as in the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from pgdocket.client import ConnectionSettings, Failed, Released, Task, Work
from pgdocket.errors import ConnectionFailed
from support.agents import KINDS, Diary, TappedDocket, check_books, make_agent, run
from support.databases import Database

WAYS: dict[str, dict[str, Any]] = {
    "direct": {"concurrency": 2},
    "batches": {"concurrency": 2, "batch_size": 3, "prefetch": 4},
    "ahead": {"concurrency": 1, "prefetch": 2},
}
EVERYWHERE = [
    *(f"{when} {call}" for call in ("claim_tasks", "fail_task", "release_task")
      for when in ("before", "after")),
    *("claimed", "completed", "failed", "released", "handle"),
]  # fmt: skip
PHASES = [
    *((way, phase) for way in WAYS for phase in EVERYWHERE),
    *(("direct", f"{when} complete_and_claim") for when in ("before", "after")),
    *(("batches", f"{when} complete_tasks") for when in ("before", "after")),
    *(("ahead", f"{when} complete_task") for when in ("before", "after")),
]


@pytest.fixture
def tapped(shared_docket18: Database) -> Iterator[TappedDocket]:
    """A client that a test may hold at each call."""
    settings = ConnectionSettings(min_size=1, timeout=10.0)
    with TappedDocket(shared_docket18.conninfo, settings=settings) as opened:
        yield opened


@pytest.fixture
def project(tapped: TappedDocket) -> UUID:
    """A project of the test's own."""
    return tapped.create_project(slug=f"shop-{uuid4()}").project_id


def fill(docket: TappedDocket, project_id: UUID, count: int = 12) -> None:
    """Tasks in the order of their claim; of each four one fails and one is released."""
    docket.create_tasks(
        project_id=project_id,
        tasks=[
            {"task_key": f"t{n}", "title": ("fails", "released", "works", "works")[n % 4]}
            for n in range(count)
        ],
    )


def handle(work: Work) -> str:
    """Does what the title says."""
    if work.task.title == "fails":
        raise Failed("no")
    if work.task.title == "released":
        raise Released("later", not_before=work.task.created_at.replace(year=2999))
    return "done"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stops", [1, 2])
@pytest.mark.parametrize(("way", "phase"), PHASES, ids=lambda each: each.replace(" ", "-"))
def test_a_stop_in_any_phase_leaves_nothing_held_and_nothing_uncounted(
    tapped: TappedDocket, project: UUID, kind: str, stops: int, way: str, phase: str
) -> None:
    fill(tapped, project)
    diary = Diary()
    reached: list[str] = []

    handled: list[str] = []
    is_handled = threading.Event()

    def reach(here: str) -> None:
        if phase.endswith("complete_tasks") and here == "before complete_task":
            assert is_handled.wait(20)  # so that there is something to complete in one call
        if here == phase and not reached:
            reached.append(here)
            for _ in range(stops):
                agent.stop()

    def handle_here(work: Work) -> str:
        reach("handle")
        handled.append(work.task.title)
        if handled.count("works") == 4:
            is_handled.set()
        return handle(work)

    def hear(event: str, task: Task) -> None:
        diary(event, task)
        reach(event)

    tapped.tap = reach
    agent = make_agent(kind, tapped, project, handle_here, on_event=hear, until_idle=True,
                       **WAYS[way])  # fmt: skip
    report = run(agent)

    assert reached == [phase]
    check_books(tapped, project, report, diary)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_agent_stopped_before_it_runs_claims_nothing(
    tapped: TappedDocket, project: UUID, kind: str, way: str
) -> None:
    fill(tapped, project)
    diary = Diary()
    agent = make_agent(kind, tapped, project, handle, on_event=diary, **WAYS[way])
    agent.stop()
    check_books(tapped, project, run(agent), diary)
    assert diary.events == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("event", "error"),
    [("claimed", ZeroDivisionError), ("completed", KeyboardInterrupt), ("failed", SystemExit)],
)
def test_what_on_event_raises_stops_the_agent_in_order(
    tapped: TappedDocket,
    project: UUID,
    kind: str,
    way: str,
    event: str,
    error: type[BaseException],
) -> None:
    fill(tapped, project)
    diary = Diary()

    def hear(what: str, task: Task) -> None:
        diary(what, task)
        if what == event:
            raise error("deaf")

    agent = make_agent(kind, tapped, project, handle, on_event=hear, **WAYS[way])
    with pytest.raises(error):
        run(agent)
    check_books(tapped, project, agent.report, diary)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("way", "error"), list(zip(WAYS, [KeyboardInterrupt, SystemExit, RecursionError], strict=True))
)
def test_whatever_a_handler_raises_fails_its_task_only(
    tapped: TappedDocket, project: UUID, kind: str, way: str, error: type[BaseException]
) -> None:
    tapped.create_tasks(
        project_id=project, tasks=[{"title": title} for title in ("works", "breaks", "works")]
    )
    diary = Diary()

    def handle_it(work: Work) -> None:
        if work.task.title == "breaks":
            raise error("out")

    agent = make_agent(kind, tapped, project, handle_it, on_event=diary, until_idle=True,
                       **WAYS[way])  # fmt: skip
    check_books(tapped, project, run(agent), diary)
    assert (agent.report.completed, agent.report.failed) == (2, 1)


class Unspeakable(Exception):
    """An error that can't say what it is."""

    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "error",
    [
        Failed("no", failure_class="nobody knows it"),
        Failed("no", details={"what": object()}),
        Failed("a \0 in it"),
        Failed("half a character \ud800"),
        ValueError("a \0 in it"),
        Unspeakable(),
    ],
    ids=["class", "details", "nul", "surrogate", "nul in an error", "no text"],
)
def test_a_failure_that_can_not_be_said_is_a_failure_all_the_same(
    tapped: TappedDocket, project: UUID, kind: str, error: Exception
) -> None:
    tapped.create_tasks(project_id=project, tasks=[{"title": "breaks"}, {"title": "works"}])
    diary = Diary()

    def handle_it(work: Work) -> None:
        if work.task.title == "breaks":
            raise error

    agent = make_agent(kind, tapped, project, handle_it, on_event=diary, until_idle=True)
    check_books(tapped, project, run(agent), diary)
    assert (agent.report.completed, agent.report.failed) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_task_deleted_under_its_handler_is_lost_and_the_agent_goes_on(
    tapped: TappedDocket, project: UUID, kind: str, way: str
) -> None:
    tapped.create_tasks(project_id=project, tasks=[{"title": "gone"}, {"title": "works"}])
    diary = Diary()

    def handle_it(work: Work) -> None:
        if work.task.title == "gone":
            tapped.delete_task(task_id=work.task.task_id)

    agent = make_agent(kind, tapped, project, handle_it, on_event=diary, until_idle=True,
                       **WAYS[way])  # fmt: skip
    report = run(agent)
    assert (report.completed, report.lost) == (1, 1)
    check_books(tapped, project, report, diary)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_agent_that_could_not_ask_has_not_found_the_queue_empty(
    tapped: TappedDocket, project: UUID, kind: str, way: str
) -> None:
    fill(tapped, project, 4)
    diary = Diary()
    refused: list[str] = []

    def refuse(moment: str) -> None:
        if moment == "before claim_tasks" and len(refused) < 3:
            refused.append(moment)
            raise ConnectionFailed("the server is away")

    tapped.tap = refuse
    agent = make_agent(kind, tapped, project, handle, on_event=diary, until_idle=True, **WAYS[way])
    report = run(agent)
    check_books(tapped, project, report, diary)
    assert (report.completed, report.failed, report.released) == (2, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_agent_runs_once(tapped: TappedDocket, project: UUID, kind: str) -> None:
    agent = make_agent(kind, tapped, project, handle, until_idle=True)
    run(agent)
    with pytest.raises(RuntimeError, match="runs once"):
        run(agent)


def test_a_released_task_is_not_overlooked_by_the_last_claim(
    tapped: TappedDocket, project: UUID
) -> None:
    """The claim of a free worker finds nothing while the other's task is still held."""
    tapped.create_task(project_id=project, title="T")
    steps: list[int] = []
    is_claiming, is_released = threading.Event(), threading.Event()

    def wait(moment: str) -> None:
        # The second worker's claim is answered, with nothing, after the task was given back.
        if moment == "after claim_tasks" and steps and not is_released.is_set():
            is_claiming.set()
            assert is_released.wait(20)
        if moment == "after release_task":
            is_released.set()

    def handle_it(_work: Work) -> None:
        steps.append(1)
        if len(steps) == 1:
            assert is_claiming.wait(20)
            raise Released("again")

    tapped.tap = wait
    agent = make_agent("threads", tapped, project, handle_it, concurrency=2, until_idle=True)
    report = run(agent)
    assert (report.completed, report.released) == (1, 1)

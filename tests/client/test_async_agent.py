"""The agent of coroutines, where it is not as that of threads: cancellation, and the loop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from pgdocket.client import AgentReport, AsyncAgent, AsyncWork, ConnectionSettings, Released
from pgdocket.errors import NotFound
from support.agents import (
    Diary,
    HousedAgent,
    TappedDocket,
    attempts_of,
    check_books,
    is_listened_to,
)  # fmt: skip
from support.databases import Database


@pytest.fixture
def client(docket18: Database) -> Iterator[TappedDocket]:
    """A client that a test may hold at each call."""
    settings = ConnectionSettings(min_size=1, timeout=10.0)
    with TappedDocket(docket18.conninfo, settings=settings) as opened:
        yield opened


def make_agent(client: TappedDocket, project_id: UUID, handler: Any, **options: Any) -> AsyncAgent:
    settings: dict[str, Any] = {"name": "anna", "idle_seconds": (0.01, 0.05), **options}
    return HousedAgent(client, project_id=project_id, handler=handler, **settings)


async def soon(look: Callable[[], object], what: str) -> None:
    """Waits on the loop until something is true; fails the test when it is not in time."""
    try:
        async with asyncio.timeout(20):
            while not look():
                await asyncio.sleep(0.002)
    except TimeoutError:
        pytest.fail(f"still not: {what}")


def outcomes(client: TappedDocket, project_id: UUID) -> list[str | None]:
    return sorted(str(each.outcome) for each in attempts_of(client, project_id))


def test_handlers_run_at_once_on_the_callers_loop(client: TappedDocket, project_id: UUID) -> None:
    client.create_tasks(project_id=project_id, tasks=[{"title": "T"} for _ in range(50)])
    threads: set[str] = set()
    diary = Diary()

    async def main() -> None:
        all_are_here = asyncio.Barrier(50)

        async def handle(work: AsyncWork) -> dict[str, str]:
            threads.add(threading.current_thread().name)
            await all_are_here.wait()
            return {"key": work.task.task_key}

        agent = make_agent(client, project_id, handle, concurrency=50, batch_size=50, prefetch=0,
                           until_idle=True, on_event=diary)  # fmt: skip
        check_books(client, project_id, await agent.run(), diary)
        assert agent.report == AgentReport(completed=50)

    asyncio.run(main())
    assert threads == {threading.current_thread().name}


def test_a_handler_is_cancelled_when_its_lease_is_lost(
    client: TappedDocket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    diary = Diary()
    seen: list[str] = []

    async def handle(work: AsyncWork) -> None:
        if seen:
            return
        await asyncio.to_thread(client.release_task, attempt_id=work.attempt_id, reason="by hand")
        watching = asyncio.create_task(work.lost())
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            assert work.is_lost
            await watching
            seen.append("told")
            raise

    agent = make_agent(client, project_id, handle, lease_seconds=1, until_idle=True,
                       on_event=diary)  # fmt: skip
    assert asyncio.run(agent.run()) == AgentReport(completed=1, lost=1)
    assert seen == ["cancelled", "told"]
    assert diary.of(diary.events[0][1]) == ["claimed", "lost", "claimed", "completed"]


def test_a_coroutine_that_was_cancelled_by_nobody_we_know_has_failed(
    client: TappedDocket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")

    async def handle(_work: AsyncWork) -> None:
        raise asyncio.CancelledError

    agent = make_agent(client, project_id, handle, until_idle=True)
    assert asyncio.run(agent.run()) == AgentReport(failed=1)


@pytest.mark.parametrize("options", [{"concurrency": 2}, {"batch_size": 5}])
def test_cancelling_run_gives_back_at_once_what_is_held(
    client: TappedDocket, project_id: UUID, options: dict[str, int]
) -> None:
    client.create_tasks(project_id=project_id, tasks=[{"title": "T"} for _ in range(5)])
    diary = Diary()
    cancelled: list[AsyncWork] = []

    async def handle(work: AsyncWork) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(work)
            raise

    async def main() -> None:
        agent = make_agent(client, project_id, handle, on_event=diary, **options)
        running = asyncio.create_task(agent.run())
        claimed = options.get("concurrency", 5)
        await soon(lambda: diary.count("claimed") == claimed, "it holds what it may")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert agent.report == AgentReport(released=claimed)
        check_books(client, project_id, agent.report, diary)

    asyncio.run(main())
    assert len(cancelled) <= options.get("concurrency", 1)


def test_what_is_claimed_while_run_is_cancelled_is_given_back(
    client: TappedDocket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    diary = Diary()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        is_claimed, may_answer = asyncio.Event(), threading.Event()

        def tap(moment: str) -> None:
            if moment == "after claim_tasks":
                loop.call_soon_threadsafe(is_claimed.set)
                assert may_answer.wait(20)

        client.tap = tap
        agent = make_agent(client, project_id, wait_for_ever, on_event=diary)
        running = asyncio.create_task(agent.run())
        await is_claimed.wait()
        running.cancel()
        may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        check_books(client, project_id, agent.report, diary)

    asyncio.run(main())
    assert outcomes(client, project_id) == ["released"]


async def wait_for_ever(_work: AsyncWork) -> None:
    """A handler that is ended by others only."""
    await asyncio.Event().wait()


def test_a_handler_that_will_not_be_cancelled_holds_nobody_up(
    client: TappedDocket, project_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgdocket.client.agent.coroutines._GRACE", 0.05)
    client.create_task(project_id=project_id, title="T")

    async def main() -> None:
        let_go = asyncio.Event()
        begun = asyncio.Event()

        async def handle(_work: AsyncWork) -> None:
            begun.set()
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue

        agent = make_agent(client, project_id, handle)
        running = asyncio.create_task(agent.run())
        await begun.wait()
        agent.stop()
        agent.stop()
        assert await running == AgentReport(released=1)
        let_go.set()

    asyncio.run(main())
    assert outcomes(client, project_id) == ["released"]


def test_it_works_beside_a_block_until_that_ends(client: TappedDocket, project_id: UUID) -> None:
    client.create_task(project_id=project_id, title="T")

    async def main() -> None:
        begun = asyncio.Event()

        async def handle(work: AsyncWork) -> str:
            begun.set()
            await work.stopping()
            assert work.should_stop
            return "in order"

        async with make_agent(client, project_id, handle) as agent:
            await begun.wait()
        assert agent.report == AgentReport(completed=1)

    asyncio.run(main())


def test_a_block_that_breaks_gives_back_what_is_held(
    client: TappedDocket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    diary = Diary()

    async def main() -> None:
        async with make_agent(client, project_id, wait_for_ever, on_event=diary):
            await soon(lambda: diary.count("claimed"), "it holds the task")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert outcomes(client, project_id) == ["released"]


def test_a_block_is_told_why_its_agent_could_not_go_on(client: TappedDocket) -> None:
    asked: list[str] = []
    client.tap = asked.append

    async def main() -> None:
        async with make_agent(client, uuid4(), wait_for_ever):
            await soon(lambda: asked, "it asks for its project")

    with pytest.raises(NotFound):
        asyncio.run(main())


def test_an_agent_without_its_project_says_so(client: TappedDocket) -> None:
    with pytest.raises(NotFound):
        asyncio.run(make_agent(client, uuid4(), wait_for_ever).run())


def test_time_to_drain_is_over_for_coroutines_too(client: TappedDocket, project_id: UUID) -> None:
    client.create_task(project_id=project_id, title="T")
    diary = Diary()

    async def main() -> None:
        agent = make_agent(client, project_id, wait_for_ever, drain_seconds=0.1, on_event=diary)
        running = asyncio.create_task(agent.run())
        await soon(lambda: diary.count("claimed"), "it holds the task")
        agent.stop()
        assert await running == AgentReport(released=1)

    asyncio.run(main())


def test_stop_may_be_called_from_another_thread(client: TappedDocket, project_id: UUID) -> None:
    client.create_task(project_id=project_id, title="T")

    async def main() -> AgentReport:
        async def handle(_work: AsyncWork) -> None:
            thread = threading.Thread(target=agent.stop)
            thread.start()
            thread.join()
            raise Released("enough")

        agent = make_agent(client, project_id, handle, idle_seconds=(60.0, 60.0))
        return await agent.run()

    assert asyncio.run(main()) == AgentReport(released=1)


def test_a_signal_stops_it_and_the_handlers_before_are_put_back(
    client: TappedDocket, project_id: UUID
) -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals are the main thread's")
    client.create_task(project_id=project_id, title="T")
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    async def main() -> None:
        inside = signal.getsignal(signal.SIGINT)

        async def handle(work: AsyncWork) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            await work.stopping()

        agent = make_agent(client, project_id, handle)
        assert await agent.run() == AgentReport(completed=1)
        assert signal.getsignal(signal.SIGINT) == inside

    asyncio.run(main())
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_an_idle_agent_is_woken_when_there_is_work(client: TappedDocket, project_id: UUID) -> None:
    diary = Diary()

    async def nothing(_work: AsyncWork) -> None:
        return None

    async def main() -> None:
        agent = make_agent(client, project_id, nothing, idle_seconds=(60.0, 60.0), on_event=diary)
        async with agent:
            await soon(lambda: is_listened_to(client), "the agent listens")
            # The first may be found by the look that follows; the second is not looked for.
            for number in (1, 2):
                await asyncio.to_thread(client.create_task, project_id=project_id, title="T")
                await soon(lambda n=number: diary.count("completed") == n, "it is done")

    asyncio.run(main())

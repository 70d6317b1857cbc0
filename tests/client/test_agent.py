"""The agent, in threads of this process: what it reports, and what it does with its leases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from pgdocket.client import Agent, AgentReport, Docket, Failed, Released, Task, Work
from pgdocket.errors import LeaseLost, NotFound
from support import agents
from support.agents import expire, is_listened_to, running
from support.clients import eventually
from support.databases import Database
from support.sessions import Connection

Connect = Callable[..., Connection]


def has_status(client: Docket, task_id: UUID, status: str) -> Callable[[], bool]:
    return lambda: client.get_task(task_id=task_id).status == status


make_agent = partial(agents.make_agent, "threads")


def test_a_graph_is_drained_in_its_order_by_threads_at_once(
    client: Docket, project_id: UUID
) -> None:
    tasks = client.create_tasks(
        project_id=project_id,
        tasks=[
            {
                "task_key": f"t{n}",
                "title": "T",
                "depends_on": [f"t{d}" for d in (n - 3, n - 7) if d >= 0],
            }
            for n in range(40)
        ],
    )
    done: list[str] = []
    too_early: list[str] = []

    def handle(work: Work) -> dict[str, str]:
        waits_for = client.get_task_dependencies(task_id=work.task.task_id)
        open_ones = [
            each for each in waits_for if client.get_task(task_id=each).status != "completed"
        ]
        too_early.extend(work.task.task_key for _ in open_ones)
        done.append(work.task.task_key)
        return {"key": work.task.task_key}

    with running(make_agent(client, project_id, handle, concurrency=4)) as reports:
        eventually(
            lambda: len(client.list_tasks(project_id=project_id, statuses=["done"])) == 40,
            "all tasks are completed",
        )
    assert reports == [AgentReport(completed=40)]
    assert sorted(done) == sorted(task.task_key for task in tasks)
    assert too_early == []
    assert client.get_task(task_id=tasks[5].task_id).results == {"key": "t5"}


def test_what_a_handler_raises_decides_what_becomes_of_its_task(
    client: Docket, project_id: UUID
) -> None:
    def handle(work: Work) -> Any:
        match work.task.title:
            case "breaks":
                raise ZeroDivisionError("by zero")
            case "refused":
                raise Failed("no", failure_class="budget_exceeded", details={"tokens": 5})
            case "unprintable":
                return object()
        return None

    made = {
        title: client.create_task(project_id=project_id, title=title).task_id
        for title in ("breaks", "refused", "unprintable", "works")
    }
    with running(make_agent(client, project_id, handle)) as reports:
        eventually(has_status(client, made["works"], "completed"), "the last task is completed")
    assert reports == [AgentReport(completed=1, failed=3)]

    attempts = {title: client.list_attempts(task_id=task_id) for title, task_id in made.items()}
    assert [each.outcome for each in attempts["breaks"]] == ["failed"]
    assert attempts["breaks"][0].error == "ZeroDivisionError: by zero"
    assert attempts["breaks"][0].failure_class == "bug"
    assert attempts["refused"][0].failure_class == "budget_exceeded"
    assert attempts["refused"][0].details == {"tokens": 5}
    assert client.get_task(task_id=made["refused"]).status == "blocked"
    assert "no JSON form" in str(attempts["unprintable"][0].error)
    again = client.get_task(task_id=made["breaks"])
    assert again.status == "pending"
    assert again.not_before is not None


def test_a_released_task_is_no_failure_and_comes_back(client: Docket, project_id: UUID) -> None:
    task = client.create_task(project_id=project_id, title="T")
    calls = []

    def handle(_work: Work) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise Released("not yet")

    with running(make_agent(client, project_id, handle)) as reports:
        eventually(has_status(client, task.task_id, "completed"), "the task is completed")
    assert reports == [AgentReport(completed=1, released=2)]
    outcomes = [each.outcome for each in client.list_attempts(task_id=task.task_id)]
    assert outcomes == ["released", "released", "completed"]


def test_a_lease_is_renewed_while_the_handler_works(client: Docket, project_id: UUID) -> None:
    task = client.create_task(project_id=project_id, title="T")
    first: list[Any] = []

    def handle(work: Work) -> None:
        def renewed_beyond_the_first_lease() -> bool:
            attempt = client.list_attempts(task_id=task.task_id)[0]
            first.append(attempt.lease_expires_at)
            return attempt.heartbeat_at > first[0]

        eventually(renewed_beyond_the_first_lease, "a heartbeat after the first lease would end")
        assert client.claim_tasks(project_id=project_id, agent="thief") == []
        assert not work.is_lost

    with running(make_agent(client, project_id, handle, lease_seconds=1)) as reports:
        eventually(has_status(client, task.task_id, "completed"), "the task is completed")
    assert reports == [AgentReport(completed=1)]
    assert len(client.list_attempts(task_id=task.task_id)) == 1


def test_the_result_of_a_lost_lease_is_dropped(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    session = connect(docket)
    stolen: list[UUID | None] = []
    told: list[str] = []

    def handle(work: Work) -> dict[str, str]:
        if not stolen:
            expire(session, work.attempt_id)
            claimed = client.claim_tasks(project_id=project_id, agent="bert")
            stolen.append(claimed[0].attempt_id)
        return {"by": "anna"}

    agent = make_agent(client, project_id, handle, on_event=lambda event, _task: told.append(event))
    with running(agent) as reports:
        eventually(lambda: "lost" in told, "the loss is noticed")
        held = client.complete_task(attempt_id=str(stolen[0]), results={"by": "bert"})
    assert reports == [AgentReport(lost=1)]
    assert held.results == {"by": "bert"}
    assert client.get_task(task_id=task.task_id).results == {"by": "bert"}


def test_a_handler_can_see_that_its_lease_is_lost(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    session = connect(docket)
    seen = threading.Event()
    events: list[str] = []

    def handle(work: Work) -> None:
        if not seen.is_set():
            client.release_task(attempt_id=work.attempt_id, reason="taken away by hand")
            eventually(lambda: work.is_lost, "the heartbeat notices")
            seen.set()

    agent = make_agent(
        client,
        project_id,
        handle,
        lease_seconds=1,
        on_event=lambda event, _task: events.append(event),
    )
    with running(agent) as reports:
        eventually(lambda: "completed" in events, "the task is done in a second attempt")
    assert reports == [AgentReport(completed=1, lost=1)]
    assert session.execute("select count(*) from docket.task_attempts").fetchone() == (2,)


def test_a_stopped_agent_finishes_what_it_holds_and_claims_nothing_more(
    client: Docket, project_id: UUID
) -> None:
    first = client.create_task(project_id=project_id, title="1", priority="high")
    second = client.create_task(project_id=project_id, title="2")
    agent: Agent

    def handle(work: Work) -> None:
        agent.stop()
        assert work.should_stop

    agent = make_agent(client, project_id, handle)
    assert agent.run(handle_signals=False) == AgentReport(completed=1)
    assert client.get_task(task_id=first.task_id).status == "completed"
    assert client.get_task(task_id=second.task_id).status == "pending"
    assert client.list_attempts(task_id=second.task_id) == []


def test_an_agent_whose_time_to_drain_is_over_gives_back_what_it_holds(
    client: Docket, project_id: UUID
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    begun, let_go = threading.Event(), threading.Event()

    def handle(_work: Work) -> None:
        begun.set()
        let_go.wait(20)

    agent = make_agent(client, project_id, handle, drain_seconds=0.1)
    with running(agent) as reports:
        assert begun.wait(20)
        agent.stop()
        eventually(lambda: reports, "the agent gives up waiting")
        let_go.set()
    assert reports == [AgentReport(released=1)]
    assert [each.outcome for each in client.list_attempts(task_id=task.task_id)] == ["released"]
    assert client.get_task(task_id=task.task_id).status == "pending"


def test_a_task_that_the_agent_gives_back_is_not_counted_as_lost_by_its_worker(
    client: Docket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    agent: Agent

    def handle(work: Work) -> None:
        agent.stop()
        agent.stop()
        eventually(lambda: work.is_lost, "the agent takes it from the handler")
        raise Released("the handler gives up")

    def when(event: str, _task: Task) -> None:
        if event == "released":  # the report waits until the worker has had its say
            named = [each for each in threading.enumerate() if each.name == "anna-1"]
            for worker in named:
                worker.join(20)

    agent = make_agent(client, project_id, handle, on_event=when)
    assert agent.run(handle_signals=False) == AgentReport(released=1)


def test_an_agent_without_its_project_says_so(client: Docket) -> None:
    agent = make_agent(client, uuid4(), lambda _work: None)
    with pytest.raises(NotFound):
        agent.run()


def test_an_agent_waits_out_a_lost_server(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    session = connect(docket)
    with running(make_agent(client, project_id, lambda _work: None)) as reports:
        session.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a"
            " where a.datname = current_database() and a.pid <> pg_backend_pid()"
        )
        task = client.create_task(project_id=project_id, title="T")
        eventually(has_status(client, task.task_id, "completed"), "the task is completed")
    assert reports == [AgentReport(completed=1)]


def test_a_completion_after_the_lease_was_lost_changes_nothing(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    held = client.claim_tasks(project_id=project_id, agent="anna")[0]
    assert held.attempt_id is not None
    expire(connect(docket), held.attempt_id)
    stolen = client.claim_tasks(project_id=project_id, agent="bert")[0]

    for late in (
        lambda: client.complete_task(attempt_id=held.attempt_id, results={"late": True}),
        lambda: client.complete_and_claim(attempt_id=held.attempt_id),
        lambda: client.fail_task(attempt_id=held.attempt_id, error="late"),
        lambda: client.release_task(attempt_id=held.attempt_id),
        lambda: client.heartbeat(attempt_id=held.attempt_id),
    ):
        with pytest.raises(LeaseLost):
            late()
    assert client.get_task(task_id=held.task_id) == stolen


def test_an_idle_agent_is_woken_when_there_is_work(client: Docket, project_id: UUID) -> None:
    agent = make_agent(client, project_id, lambda _: None, idle_seconds=(60.0, 60.0))
    with running(agent):
        eventually(lambda: is_listened_to(client), "the agent listens")
        for title in ("one", "two"):
            made = client.create_task(project_id=project_id, title=title)
            eventually(has_status(client, made.task_id, "completed"), f"{title} is done", 20)


def test_an_agent_that_does_not_listen_looks_by_itself(client: Docket, project_id: UUID) -> None:
    agent = make_agent(client, project_id, lambda _: None, listen=False)
    with running(agent):
        made = client.create_task(project_id=project_id, title="one")
        eventually(has_status(client, made.task_id, "completed"), "it is done")
        assert not is_listened_to(client)

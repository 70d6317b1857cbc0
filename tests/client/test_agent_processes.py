"""Agents in processes of their own: killed, stopped, terminated, and four at once."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pgdocket.client import ConnectionSettings, Docket, Task
from pgdocket.demo.proof import prove
from pgdocket.errors import ConnectionFailed
from support import databases, soak
from support.agents import KINDS, Diary, attempts_of, make_agent, running
from support.bouncer import Route
from support.clients import AgentProcess, eventually, process_state, start_agent
from support.databases import Database
from support.servers import TestServer, open_private_server
from support.sessions import Connection

Start = Callable[..., AgentProcess]
Connect = Callable[..., Connection]


@pytest.fixture
def start(docket: Database, project_id: UUID, route: Route) -> Iterator[Start]:
    """Starts agents in the test's project, which are gone after it."""
    started: list[AgentProcess] = []
    there, known = route.to(docket.conninfo), route.settings(docket.conninfo, ConnectionSettings())
    settings = {"pooled": known.pooled, "listen_dsn": known.listen_dsn}

    def start_one(name: str, **options: Any) -> AgentProcess:
        started.append(start_agent(there, project_id, name, settings=settings, **options))
        return started[-1]

    yield start_one
    for agent in started:
        agent.kill()


def is_done(client: Docket, task_id: UUID) -> Callable[[], bool]:
    return lambda: client.get_task(task_id=task_id).status == "completed"


def test_the_task_of_a_killed_agent_comes_back_and_another_does_it(
    client: Docket, project_id: UUID, start: Start
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    victim = start("victim", lease_seconds=1, waits=True)
    victim.wait_for("begun")
    heir = start("heir")
    victim.kill()

    eventually(is_done(client, task.task_id), "another agent does it")
    heir.process.terminate()

    attempts = client.list_attempts(task_id=task.task_id)
    assert [(each.agent, each.outcome) for each in attempts] == [
        ("victim", "lease_expired"),
        ("heir", "completed"),
    ]
    assert heir.wait_for("stopped")["completed"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_an_agent_finish_its_task_and_end_well(
    client: Docket, project_id: UUID, start: Start, number: signal.Signals
) -> None:
    first = client.create_task(project_id=project_id, title="1", priority="high")
    second = client.create_task(project_id=project_id, title="2")
    agent = start("agent", waits=True)
    agent.wait_for("begun")
    agent.process.send_signal(number)
    agent.wait_for("stopping")
    agent.let_go()

    assert agent.wait_for("stopped") == {
        "event": "stopped", "completed": 1, "failed": 0, "released": 0, "lost": 0,
    }  # fmt: skip
    assert agent.process.wait(10) == 0
    assert client.get_task(task_id=first.task_id).results == {"by": "agent"}
    assert client.get_task(task_id=second.task_id).status == "pending"
    assert client.list_attempts(task_id=second.task_id) == []


def test_a_second_signal_gives_the_task_back_at_once(
    client: Docket, project_id: UUID, start: Start
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    agent = start("agent", waits=True)
    agent.wait_for("begun")
    # Two different ones: the same twice may arrive as one.
    agent.process.send_signal(signal.SIGTERM)
    agent.process.send_signal(signal.SIGINT)

    assert agent.process.wait(10) == 0
    assert client.get_task(task_id=task.task_id).status == "pending"
    assert [each.outcome for each in client.list_attempts(task_id=task.task_id)] == ["released"]


def test_an_interrupt_that_the_agent_does_not_handle_gives_its_task_back(
    client: Docket, project_id: UUID, start: Start
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    agent = start("agent", waits=True, handle_signals=False)
    agent.wait_for("begun")
    agent.process.send_signal(signal.SIGINT)

    assert agent.wait_for("released")["task_key"] == task.task_key
    assert agent.process.wait(10) == -signal.SIGINT, "the interrupt goes on to whoever called"
    assert [each.outcome for each in client.list_attempts(task_id=task.task_id)] == ["released"]


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_an_agent_that_was_stopped_past_its_lease_changes_nothing(
    client: Docket, project_id: UUID, start: Start
) -> None:
    for _ in range(soak.size(1, 10)):
        oversleep(client, project_id, start)


def oversleep(client: Docket, project_id: UUID, start: Start) -> None:
    """Stops an agent until its lease is over and its task another's, and lets it go on."""
    client.create_task(project_id=project_id, title="T")
    sleeper = start("sleeper", lease_seconds=1, waits=True)
    sleeper.wait_for("begun")
    sleeper.process.send_signal(signal.SIGSTOP)
    eventually(lambda: process_state(sleeper.process.pid) == "T", "it is stopped")
    sleeper.let_go()
    stolen = eventually(
        lambda: client.claim_tasks(project_id=project_id, agent="thief"), "the lease is over"
    )[0]
    sleeper.process.send_signal(signal.SIGCONT)

    assert sleeper.wait_for("lost")["task_key"] == stolen.task_key
    assert client.get_task(task_id=stolen.task_id) == stolen
    assert stolen.attempt_id is not None
    client.complete_task(attempt_id=stolen.attempt_id, results={"by": "thief"})
    sleeper.process.terminate()
    assert sleeper.wait_for("stopped")["completed"] == 0
    assert client.get_task(task_id=stolen.task_id).results == {"by": "thief"}


# What was acknowledged outlives the server, which test servers do not promise otherwise.
DURABLE = {"synchronous_commit": "on"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 10}], ids=["direct", "batches"])
def test_a_server_that_restarts_in_the_middle_costs_no_task(
    run_folder: Path, kind: str, options: dict[str, Any]
) -> None:
    try:
        server = open_private_server(run_folder, "pg18", DURABLE)
    except LookupError as error:
        pytest.skip(str(error))
    try:
        database = databases.create(server)
        databases.deploy(database)
        with Docket(database.conninfo, settings=ConnectionSettings(timeout=5.0)) as client:
            drain_over_a_restart(server, client, kind, options)
    finally:
        server.local.stop("immediate")


def drain_over_a_restart(
    server: TestServer, client: Docket, kind: str, options: dict[str, Any]
) -> None:
    """Every task is done, though the server dies twice while they are."""
    project_id = client.create_project(slug="shop").project_id
    client.create_tasks(project_id=project_id, tasks=[{"title": "T"} for _ in range(60)])
    diary = Diary()
    restarts: list[threading.Thread] = []
    left, mutex = [30, 10], threading.Lock()

    def restart() -> None:
        server.local.stop("immediate")
        server.local.start()

    def hear(event: str, task: Task) -> None:
        diary(event, task)
        with mutex:
            if left and diary.count("completed") >= left[-1]:
                left.pop()
                restarts.append(threading.Thread(target=restart))
                restarts[-1].start()

    agent = make_agent(kind, client, project_id, lambda _work: None, concurrency=3,
                       lease_seconds=2, on_event=hear, **options)  # fmt: skip
    with running(agent) as reports:
        eventually(
            lambda: len(restarts) == 2 and all_are_done(client, project_id), "all is done", 60
        )
    for each in restarts:
        each.join()
    report = reports[0]
    assert diary.count("claimed") == report.completed + report.released + report.lost
    assert report.failed == 0
    assert report.completed + report.lost >= 60
    attempts = attempts_of(client, project_id)
    assert sum(each.outcome == "completed" for each in attempts) == 60
    assert {each.outcome for each in attempts} <= {"completed", "lease_expired", "released"}


def all_are_done(client: Docket, project_id: UUID) -> bool:
    """Whether every task is completed; no answer is no."""
    try:
        return len(client.list_tasks(project_id=project_id, statuses=["done"])) == 60
    except ConnectionFailed:
        return False


def listeners(connection: Connection) -> int:
    """How many agents listen for work; before, a signal would end them as any program."""
    row = connection.execute(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and application_name = 'pgdocket listen' and query like 'listen %'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_four_agents_drain_a_graph_in_order(
    docket: Database, connect: Connect, client: Docket, project_id: UUID, start: Start
) -> None:
    layers, width = 10, 8
    client.create_tasks(
        project_id=project_id,
        tasks=[
            {
                "task_key": f"{layer}.{place}",
                "title": "T",
                "depends_on": [f"{layer - 1}.{(place + step) % width}" for step in range(3)]
                if layer
                else [],
            }
            for layer in range(layers)
            for place in range(width)
        ],
    )
    agents = [start(f"agent-{number}") for number in range(4)]
    observer = connect(docket)
    eventually(lambda: listeners(observer) == 4, "each agent is at work")
    eventually(
        lambda: len(client.list_tasks(project_id=project_id, statuses=["done"])) == layers * width,
        "every task is done",
    )
    for agent in agents:
        agent.process.terminate()
    events = [event for agent in agents for event in agent.events()]

    assert Counter(e["task_key"] for e in events if e["event"] == "completed") == Counter(
        f"{layer}.{place}" for layer in range(layers) for place in range(width)
    )
    assert [agent.process.wait(10) for agent in agents] == [0, 0, 0, 0]
    broken = [claim for claim in prove(observer, project_id) if not claim.holds]
    assert broken == []

"""Lost connections, deadlocks, lost answers: what is sent again, and that it is done once."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgdocket.client import Docket, Task
from pgdocket.errors import ConnectionFailed
from support.bouncer import Route
from support.clients import end_sessions, eventually, frozen_sessions, wait_for_lock_of
from support.databases import Database
from support.sessions import Connection

Connect = Callable[..., Connection]
OpenClient = Callable[..., Docket]


def test_connections_that_died_while_idle_are_replaced(
    docket: Database, connect: Connect, open_client: OpenClient
) -> None:
    client = open_client(min_size=3)
    session = connect(docket)
    for round_ in range(3):
        end_sessions(session)
        client.create_project(slug=f"p{round_}")
    assert len(client.list_projects()) == 3


def test_a_server_that_does_not_answer_is_down_and_its_connections_are_given_up(
    docket18: Database, connect: Connect, open_clients: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_clients(docket18.conninfo, min_size=2, check_seconds=None, trust_seconds=0.0)
    eventually(lambda: client.stats().pool["pool_available"] == 2, "two connections are open")
    monkeypatch.setattr("pgdocket.client.docket._HEALTH_TIMEOUT", 0.5)
    monkeypatch.setattr("pgdocket.client.connections._CHECK_SECONDS", 0.5)
    with frozen_sessions(connect(docket18)):
        ill = client.health()
        assert (ill.status, ill.error) == ("down", "no answer in 0.5 seconds")
        # A new session answers: the next call does not wait for the other one either.
        assert client.list_projects() == []
    eventually(lambda: client.health().is_up, "it is up again")


def test_a_write_whose_connection_is_lost_half_way_is_done_once(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    blocker, observer = connect(docket, autocommit=False), connect(docket)
    blocker.execute("lock table docket.tasks in access exclusive mode")
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(client.create_task, project_id=project_id, title="once")
        victim = wait_for_lock_of(observer, "%create_task%")
        observer.execute("select pg_terminate_backend(%s)", (victim,))
        wait_for_lock_of(observer, "%create_task%", other_than=victim)
        blocker.rollback()
        task = pending.result(20)
    assert [each.task_id for each in client.list_tasks(project_id=project_id)] == [task.task_id]


def test_a_purge_whose_connection_is_lost_is_not_sent_again(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    blocker, observer = connect(docket, autocommit=False), connect(docket)
    blocker.execute("lock table docket.tasks in access exclusive mode")
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(client.purge_task, task_id=task.task_id)
        observer.execute(
            "select pg_terminate_backend(%s)", (wait_for_lock_of(observer, "%purge_task%"),)
        )
        with pytest.raises(ConnectionFailed):
            pending.result(20)
        blocker.rollback()
    assert client.get_task(task_id=task.task_id) == task


def test_a_deadlock_is_sent_again(
    docket: Database, connect: Connect, client: Docket, project_id: UUID
) -> None:
    client.create_tasks(project_id=project_id, tasks=[{"title": "1"}, {"title": "2"}])
    one, two = client.claim_tasks(project_id=project_id, agent="a", max_tasks=2)
    patient, observer = connect(docket, autocommit=False), connect(docket)
    patient.execute("set local deadlock_timeout = '60s'")
    lock = "select from docket.tasks where task_id = %s for update"
    patient.execute(lock, (two.task_id,))
    with ThreadPoolExecutor(1) as pool:
        completions = [{"attempt_id": each.attempt_id} for each in (one, two)]
        pending = pool.submit(client.complete_tasks, completions=completions)
        wait_for_lock_of(observer, "%complete_tasks%")
        # The ring closes. The client finds it first and gives way, or this would not return.
        patient.execute(lock, (one.task_id,))
        patient.rollback()
        completed = pending.result(20)
    assert [task.status for task in completed] == ["completed", "completed"]


class LossyProxy:
    """A socket before the server that cuts the line before the answer to a marked statement."""

    def __init__(self, server: str, folder: Path, marker: bytes) -> None:
        self.cut = 0
        self._server, self._marker = server, marker
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                marked = threading.Event()
                for source, sink, is_request in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._forward, args=(source, sink, marked, is_request), daemon=True
                    ).start()

    def _forward(
        self, source: socket.socket, sink: socket.socket, marked: threading.Event, request: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if request and self._marker in data and not self.cut:
                    marked.set()
                if not request and marked.is_set():
                    # The server has done the work: this is its answer, and nobody gets it.
                    self.cut += 1
                    break
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def lossy(docket: Database, route: Route) -> Iterator[Callable[[bytes], tuple[LossyProxy, str]]]:
    """Puts a proxy before the server of the test: lossy(marker) -> proxy, connection string."""
    proxies: list[LossyProxy] = []
    stack = contextlib.ExitStack()

    def start(marker: bytes) -> tuple[LossyProxy, str]:
        parts = conninfo_to_dict(route.to(docket.conninfo))
        port = parts.get("port", "5432")
        # Short: the path of a socket has 107 bytes at most.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pd-", dir="/tmp")))
        proxies.append(LossyProxy(f"{parts['host']}/.s.PGSQL.{port}", folder, marker))
        return proxies[-1], make_conninfo(docket.conninfo, host=str(folder), port="5432")

    yield start
    for proxy in proxies:
        proxy.close()
    stack.close()


def test_a_write_whose_answer_is_lost_is_done_once(
    client: Docket,
    project_id: UUID,
    open_client: OpenClient,
    lossy: Callable[[bytes], tuple[LossyProxy, str]],
) -> None:
    proxy, conninfo = lossy(b"the answer is lost")
    unlucky = open_client(conninfo)
    task = unlucky.create_task(project_id=project_id, title="the answer is lost")
    assert proxy.cut == 1
    assert [each.task_id for each in client.list_tasks(project_id=project_id)] == [task.task_id]


def test_a_completion_whose_answer_is_lost_is_no_lost_lease(
    client: Docket,
    project_id: UUID,
    open_client: OpenClient,
    lossy: Callable[[bytes], tuple[LossyProxy, str]],
) -> None:
    first = client.create_task(project_id=project_id, title="1", priority="critical")
    second = client.create_task(project_id=project_id, title="2")
    third = client.create_task(project_id=project_id, title="3", priority="low")
    held = client.claim_tasks(project_id=project_id, agent="a")[0]
    assert held.attempt_id is not None
    proxy, conninfo = lossy(b"complete_and_claim")
    unlucky = open_client(conninfo)

    claimed = unlucky.complete_and_claim(attempt_id=held.attempt_id, results={"x": 1})

    assert proxy.cut == 1
    assert [task.task_id for task in claimed] == [second.task_id]
    assert client.get_task(task_id=first.task_id).status == "completed"
    assert client.get_task(task_id=third.task_id).status == "pending"


def test_a_claim_whose_answer_is_lost_is_answered_with_what_it_took(
    client: Docket,
    project_id: UUID,
    open_client: OpenClient,
    lossy: Callable[[bytes], tuple[LossyProxy, str]],
) -> None:
    client.create_tasks(
        project_id=project_id, tasks=[{"task_key": f"{n}", "title": "T"} for n in range(5)]
    )
    claims: dict[str, Callable[[Docket], list[Task]]] = {
        "claim_tasks": lambda c: c.claim_tasks(project_id=project_id, agent="a", max_tasks=2),
        "claim_across_projects": lambda c: c.claim_across_projects(agent="a", max_tasks=2),
        "start_task": lambda c: [
            c.start_task(task_id=c.task_id(project_id=project_id, reference="4"), agent="a")
        ],
    }
    for name, claim in claims.items():
        proxy, conninfo = lossy(f"docket.{name}(".encode())
        held = claim(open_client(conninfo))
        assert proxy.cut == 1
        tasks = client.list_tasks(project_id=project_id)
        taken = [task for task in tasks if task.status == "in_progress"]
        assert [task for task in held if task not in taken] == []
    assert len(taken) == 5
    attempts = [client.list_attempts(task_id=task.task_id) for task in taken]
    assert [[attempt.attempt_no for attempt in each] for each in attempts] == [[1]] * 5


def test_a_claim_that_found_nothing_and_was_not_heard_of_is_made_anew(
    client: Docket,
    project_id: UUID,
    open_client: OpenClient,
    lossy: Callable[[bytes], tuple[LossyProxy, str]],
) -> None:
    proxy, conninfo = lossy(b"docket.claim_tasks(")
    unlucky = open_client(conninfo)
    assert unlucky.claim_tasks(project_id=project_id, agent="a") == []
    assert proxy.cut == 1
    client.create_task(project_id=project_id, title="T")
    assert len(unlucky.claim_tasks(project_id=project_id, agent="a")) == 1

"""Eight clients at mixed isolation levels on one graph: afterwards everything is right."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import LiteralString

import psycopg
import pytest
from psycopg import IsolationLevel

from support import graphs, sessions, soak
from support.databases import Database
from support.graphs import Graph
from support.invariants import violations
from support.sessions import Connect, Connection

CLIENTS = 8
SECONDS = soak.size(4.0, 60.0)
PATIENCE = 60.0
TASKS = 24

pytestmark = [pytest.mark.soak, pytest.mark.timeout(soak.PATIENCE)]

# What may happen to a client that keeps a snapshot, or that turns from sharing to changing.
TRY_AGAIN = {"40001", "40P01"}
REFUSED = {"PDCYC", "PD404", "PD409", "PDTRN"}

MOVE: LiteralString = """
update docket.tasks as t
   set status = %s
 where t.task_id = any (%s)
   and (t.status, %s) in (select x.from_status, x.to_status from docket.task_transitions as x)
"""


class Client:
    """One client: random statements in short transactions until the time is over."""

    def __init__(self, connection: Connection, graph: Graph, seed: int) -> None:
        self.connection = connection
        self.graph = graph
        self.random = random.Random(seed)  # noqa: S311 - the same work each time
        self.isolation = sessions.ISOLATION_LEVELS[seed % 3]
        self.committed = 0
        self.unexpected: list[str] = []

    def work(self) -> None:
        deadline = monotonic() + SECONDS
        # Each commits something: the strictest may get its turn only after the others' time.
        while monotonic() < deadline or (not self.committed and monotonic() < deadline + PATIENCE):
            try:
                sessions.begin(self.connection, self.isolation)
                self.act()
                self.connection.execute("commit")
                self.committed += 1
            except psycopg.Error as error:
                self.connection.execute("rollback")
                if error.sqlstate not in TRY_AGAIN | REFUSED:
                    self.unexpected.append(f"{self.isolation.name}: {error}")

    def act(self) -> None:
        """One change, of some kind that is drawn."""
        ids = list(self.graph.ids.values())
        one, other = self.random.sample(ids, 2)
        some = self.random.sample(ids, self.random.randint(1, 4))
        kind = self.random.randrange(10)
        if kind < 3:
            self.connection.execute(graphs.ADD, (one, other))
        elif kind == 3:
            keys = sorted(self.graph.ids)
            pairs = [(self.random.choice(keys), self.random.choice(keys)) for _ in range(4)]
            self.connection.execute(
                "select docket.add_dependencies(%s, %s)",
                (self.graph.project_id, self.graph.batch(pairs)),
            )
        elif kind == 4:
            query = "delete from docket.task_dependencies where task_id = any (%s)"
            self.connection.execute(query, (some,))
        elif kind == 5:
            query = "update docket.tasks set parent_task_id = %s where task_id = %s"
            self.connection.execute(query, (self.random.choice([None, other]), one))
        elif kind == 6:
            self.connection.execute(
                "select docket.claim_tasks(%s, 'agent', 3)", (self.graph.project_id,)
            )
        else:
            status = self.random.choice(["completed", "completed", "pending", "deferred"])
            self.connection.execute(MOVE, (status, some, status))


def test_eight_clients_leave_the_graph_right(docket: Database, connect: Connect) -> None:
    observer = connect(docket)
    graph = graphs.new_graph(observer, [f"t{i:02}" for i in range(TASKS)])
    clients = [Client(connect(docket), graph, seed) for seed in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for future in [pool.submit(client.work) for client in clients]:
            future.result()
    assert [text for client in clients for text in client.unexpected] == []
    assert all(client.committed for client in clients)
    assert {client.isolation for client in clients} == set(IsolationLevel) - {
        IsolationLevel.READ_UNCOMMITTED
    }
    assert graphs.health(observer) == []
    assert violations(observer) == []

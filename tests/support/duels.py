"""Two sessions that meet on one graph, the second with a snapshot from before they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import IsolationLevel

from support import graphs, sessions
from support.graphs import Graph
from support.invariants import violations
from support.sessions import Connection

READ_COMMITTED = IsolationLevel.READ_COMMITTED
CYCLE, TRY_AGAIN = "PDCYC", "40001"

REMOVE: LiteralString = "select docket.remove_dependency(%s, %s)"
SET_STATUS: LiteralString = "update docket.tasks set status = %s where task_id = any (%s)"
SET_PRIORITY: LiteralString = "update docket.tasks set priority = %s where task_id = %s"
SET_PARENT: LiteralString = "update docket.tasks set parent_task_id = %s where task_id = %s"
CLAIM: LiteralString = "select t.task_key from docket.claim_tasks(%s, 'agent', 10) as t"

Statement = tuple[LiteralString, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Duel:
    """Two sessions and one that watches them."""

    observer: Connection
    first: Connection
    second: Connection

    def fight(
        self,
        first: Statement,
        second: Statement,
        first_isolation: IsolationLevel,
        second_isolation: IsolationLevel,
    ) -> str | None:
        """The second waits for the first, which commits. Returns the second's SQLSTATE."""
        sessions.begin(self.first, first_isolation)
        sessions.begin(self.second, second_isolation)
        self.first.execute(*first)
        running = sessions.start_blocked(self.observer, self.second, *second)
        self.first.execute("commit")
        return self.settle(sessions.sqlstate_of(running))

    def follow(
        self, first: Statement, second: Statement, second_isolation: IsolationLevel
    ) -> str | None:
        """The first comes and goes after the second's snapshot. Returns the second's SQLSTATE."""
        sessions.begin(self.second, second_isolation)
        self.first.execute(*first)
        running = sessions.start(self.second, *second)
        return self.settle(sessions.sqlstate_of(running))

    def settle(self, sqlstate: str | None) -> str | None:
        """Ends the second's transaction; the graph is right then."""
        self.second.execute("commit" if sqlstate is None else "rollback")
        self.prove()
        return sqlstate

    def again(self, second: Statement, sqlstate: str | None) -> str | None:
        """Repeats what was told to be tried again. Returns the SQLSTATE of what counts."""
        if sqlstate != TRY_AGAIN:
            return sqlstate
        sqlstate = sessions.sqlstate_of(sessions.start(self.second, *second))
        self.prove()
        return sqlstate

    def prove(self) -> None:
        """Fails unless the graph is right."""
        assert graphs.health(self.observer) == []
        assert violations(self.observer) == []

    def ready(self, graph: Graph) -> set[str]:
        """The keys of the ready tasks."""
        return graphs.ready_keys(self.observer, graph)


def expected(level: IsolationLevel, otherwise: str | None) -> str | None:
    """What the second session is told: to try again, where it keeps its snapshot."""
    return otherwise if level == READ_COMMITTED else TRY_AGAIN

"""Random work on a graph, against networkx: after each step the database agrees with the model.

The invariants are recounted three times over: by support.invariants, by docket.graph_health()
and from the model. Everything of one example happens in a transaction that is rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from psycopg.types.json import Jsonb

from support import graphs, soak
from support.databases import Database
from support.duels import SET_STATUS
from support.graph_model import Model
from support.graphs import Edge
from support.invariants import violations
from support.sessions import Connect, Connection

KEYS = [f"t{i}" for i in range(7)]
key = st.sampled_from(KEYS)
some_keys = st.lists(key, min_size=1, max_size=4, unique=True)
downhill = (
    st.tuples(key, key)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: (max(pair), min(pair)))
)
# Mostly along one order, or hardly anything but cycles would be tried.
edge = downhill | downhill | downhill | st.tuples(key, key)
satisfied_by = st.sampled_from([None, None, "completed", "merged", "validated"])
asking = st.tuples(edge, satisfied_by)
TYPES = ["tests", "style"]

PROPOSE: LiteralString = "select docket.record_pull_request(%s, 'acme/shop', %s, %s)"

# A dependency, and what satisfies it; None leaves it as it is.
Asked = tuple[Edge, str | None]

RULES = settings(
    max_examples=soak.size(50, 300),
    stateful_step_count=soak.size(20, 40),
    deadline=None,
    derandomize=not soak.LONG,
    suppress_health_check=list(HealthCheck),
)


class Work(Model, RuleBasedStateMachine):
    """What people and agents do with the tasks of one project."""

    connection: Connection

    @initialize(families=st.lists(downhill, max_size=4))
    def begin(self, families: list[Edge]) -> None:
        self.connection.execute("begin")
        self.graph = graphs.new_graph(self.connection, KEYS)
        self.begin_model(KEYS)
        for number in self.proposals:
            assert self.attempt(PROPOSE, (self.graph.project_id, number, Jsonb({}))) is None
        for task, parent in families:
            query = "update docket.tasks set parent_task_id = %s where task_id = %s"
            assert self.attempt(query, (self.graph.ids[parent], self.graph.ids[task])) is None
            self.parent[task] = parent

    def teardown(self) -> None:
        self.connection.execute("rollback")

    # What happens

    def attempt(self, query: str, parameters: Sequence[object]) -> psycopg.Error | None:
        """Runs a statement; when it fails, everything is as before."""
        try:
            with self.connection.transaction():
                self.connection.execute(query, parameters)
        except psycopg.Error as error:
            return error
        return None

    def follow(self, error: psycopg.Error | None, asked: Sequence[Asked]) -> None:
        """The statement did what the model says; of a pair that is named twice the first counts."""
        added = [pair for pair, _ in asked]
        if self.is_refused(added):
            assert error is not None, f"{added} was not refused"
            assert error.sqlstate == "PDCYC", error
            self.judge_cycle(error, added)
            return
        assert error is None, error
        for pair, by in dict(reversed(asked)).items():
            if by is not None or not self.edges.has_edge(*pair):
                self.edges.add_edge(*pair, by=by or "completed")

    def judge_cycle(self, error: psycopg.Error, added: Sequence[Edge]) -> None:
        """The cycle that the error tells is one, and goes through what was added."""
        if error.diag.constraint_name != "task_dependencies_acyclic":
            assert error.diag.constraint_name == "task_dependencies_not_on_kin"
            return
        told = json.loads(error.diag.message_detail or "")
        names = {str(task_id): name for name, task_id in self.graph.ids.items()}
        path = [names[task_id] for task_id in told["path"]]
        steps = list(zip(path, [*path[1:], path[0]], strict=True))
        assert steps[0] in added
        assert steps[0] == (names[told["edge"]["task"]], names[told["edge"]["depends_on"]])
        assert all(step in added or self.edges.has_edge(*step) for step in steps)
        assert len(path) == told["length"] == len(set(path))

    @rule(asked=asking)
    def add_one(self, asked: Asked) -> None:
        pair, by = asked
        query = "select docket.add_dependency(%s, %s, satisfied_by => %s)"
        self.follow(self.attempt(query, (*self.graph.pair(pair), by)), [asked])

    @rule(
        asked=st.lists(st.tuples(downhill, satisfied_by), min_size=2, max_size=6)
        | st.lists(asking, min_size=2, max_size=4)
    )
    def add_many(self, asked: list[Asked]) -> None:
        query = "select docket.add_dependencies(%s, %s)"
        batch = self.graph.batch([pair for pair, _ in asked], [by for _, by in asked])
        self.follow(self.attempt(query, (self.graph.project_id, batch)), asked)

    @rule(pair=edge)
    def relate(self, pair: Edge) -> None:
        """Other types order nothing."""
        query = "select docket.add_dependency(%s, %s, 'related')"
        error = self.attempt(query, self.graph.pair(pair))
        assert (error is not None) == (pair[0] == pair[1])

    @rule(data=st.data())
    def remove_one(self, data: st.DataObject) -> None:
        if self.edges.edges:
            pair = data.draw(st.sampled_from(sorted(self.edges.edges)))
            query = "select docket.remove_dependency(%s, %s)"
            assert self.attempt(query, self.graph.pair(pair)) is None
            self.edges.remove_edge(*pair)

    @rule(tasks=some_keys)
    def remove_all_of(self, tasks: list[str]) -> None:
        query = "delete from docket.task_dependencies where task_id = any (%s)"
        assert self.attempt(query, ([self.graph.ids[task] for task in tasks],)) is None
        self.edges.remove_edges_from(list(self.edges.edges(tasks)))

    @rule(
        tasks=some_keys, status=st.sampled_from(["completed", "pending", "deferred", "cancelled"])
    )
    def move(self, tasks: list[str], status: str) -> None:
        """Several at once, as far as the state machine allows."""
        query = """
            select t.task_key
              from docket.tasks as t
             where t.task_id = any (%s)
               and (t.status, %s) in (select x.from_status, x.to_status
                                        from docket.task_transitions as x)
        """
        ids = [self.graph.ids[task] for task in tasks]
        moved = [row[0] for row in self.connection.execute(query, (ids, status)).fetchall()]
        error = self.attempt(SET_STATUS, (status, [self.graph.ids[task] for task in moved]))
        if status == "completed" and self.claimed.intersection(moved):
            assert error is not None  # whoever holds it completes it
            assert error.sqlstate == "PDTRN"
            return
        if status == "completed" and any(self.unmet_gates(task) for task in moved):
            assert error is not None
            assert error.sqlstate == "PDGAT"
            return
        assert error is None, error
        self.status.update(dict.fromkeys(moved, status))
        self.claimed.difference_update(moved)

    @rule(tasks=some_keys, kinds=st.lists(st.sampled_from(TYPES), min_size=1))
    def require(self, tasks: list[str], kinds: list[str]) -> None:
        query = "select docket.require_validations(%s, %s)"
        assert self.attempt(query, ([self.graph.ids[task] for task in tasks], kinds)) is None
        for task in tasks:
            self.required[task].update(kinds)

    @rule(task=key, kind=st.sampled_from(TYPES))
    def waive(self, task: str, kind: str) -> None:
        query = "select docket.waive_validation(%s, %s, 'never mind')"
        if kind in self.required[task]:
            assert self.attempt(query, (self.graph.ids[task], kind)) is None
            self.required[task].discard(kind)

    @rule(
        said=st.lists(
            st.tuples(
                key,
                st.sampled_from(TYPES),
                st.sampled_from(["passed", "passed", "warning", "failed", "running"]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    def validate(self, said: list[tuple[str, str, str]]) -> None:
        results = [
            {"task_id": str(self.graph.ids[task]), "validation_type": kind, "status": status}
            for task, kind, status in said
        ]
        query = "select docket.record_validations(%s)"
        assert self.attempt(query, (Jsonb(results),)) is None
        for task, kind, status in said:
            self.said[task][kind] = status

    @rule(task=key, number=st.integers(1, 3))
    def link(self, task: str, number: int) -> None:
        linked = (task, number) in self.links
        query: LiteralString = "select docket.{}link_pull_request(%s, %s)".format(
            "un" if linked else ""
        )
        pull_request = self.connection.execute(
            "select pull_request_id from docket.pull_requests"
            " where project_id = %s and number = %s",
            (self.graph.project_id, number),
        ).fetchone()
        assert pull_request is not None
        assert self.attempt(query, (self.graph.ids[task], pull_request[0])) is None
        self.links ^= {(task, number)}

    @rule(number=st.integers(1, 3), status=st.sampled_from(["draft", "open", "closed", "merged"]))
    def propose(self, number: int, status: str) -> None:
        changes = Jsonb({"status": status})
        error = self.attempt(PROPOSE, (self.graph.project_id, number, changes))
        if self.proposals[number] == "merged" and status != "merged":
            assert error is not None
            assert error.sqlstate == "PDTRN"
        else:
            assert error is None
            self.proposals[number] = status

    @rule(at_most=st.integers(1, 3))
    def claim(self, at_most: int) -> None:
        query = "select t.task_key from docket.claim_tasks(%s, 'agent', %s) as t"
        rows = self.connection.execute(query, (self.graph.project_id, at_most)).fetchall()
        taken = {row[0] for row in rows}
        assert taken <= self.ready()
        assert len(taken) == min(at_most, len(self.ready()))
        self.claimed |= taken
        self.status.update(dict.fromkeys(taken, "in_progress"))

    @rule(tasks=some_keys)
    def put_away(self, tasks: list[str]) -> None:
        query = """
            update docket.tasks
               set archived_at = case when archived_at is null then docket.clock() end
             where task_id = any (%s)
        """
        assert self.attempt(query, ([self.graph.ids[task] for task in tasks],)) is None
        self.archived ^= set(tasks)

    @rule(task=key, parent=key | key | key | st.none())
    def reparent(self, task: str, parent: str | None) -> None:
        before = dict(self.parent)
        self.parent.pop(task, None)
        if parent is not None:
            self.parent[task] = parent
        looped = task == parent or any(one in self.ancestors(one) for one in self.parent)
        refused = looped or any(self.are_kin(*pair) for pair in self.edges.edges)
        query = "update docket.tasks set parent_task_id = %s where task_id = %s"
        error = self.attempt(
            query, (None if parent is None else self.graph.ids[parent], self.graph.ids[task])
        )
        assert (error is not None) == refused, error
        if error is not None:
            assert error.sqlstate == ("23514" if task == parent else "PDCYC")
            self.parent = before

    @rule(task=key)
    def replace(self, task: str) -> None:
        """Deletes a task that has no subtasks; one with the same key takes its place."""
        if task in self.parent.values():
            return
        query = "delete from docket.tasks where task_id = %s"
        assert self.attempt(query, (self.graph.ids[task],)) is None
        graphs.add_tasks(self.connection, self.graph, [task])
        self.edges.remove_node(task)
        self.edges.add_node(task)
        self.required[task], self.said[task] = set(), {}
        self.links = {each for each in self.links if each[0] != task}
        self.parent.pop(task, None)
        self.status[task] = "pending"
        self.archived.discard(task)
        self.claimed.discard(task)

    @rule(tasks=some_keys, priority=st.integers(1, 10))
    def hurry(self, tasks: list[str], priority: int) -> None:
        query = "update docket.tasks set priority = %s where task_id = any (%s)"
        ids = [self.graph.ids[task] for task in tasks]
        assert self.attempt(query, (priority, ids)) is None

    # What is asked

    @rule(tasks=some_keys)
    def ask(self, tasks: list[str]) -> None:
        """What each waits for directly, and what would be ready if all were completed."""
        query = "select b.blocker_key from docket.blockers(%s, 1) as b"
        for task in tasks:
            rows = self.connection.execute(query, (self.graph.ids[task],)).fetchall()
            assert {row[0] for row in rows} == self.blockers(task)
        ids = [self.graph.ids[task] for task in tasks]
        rows = self.connection.execute(
            "select t.task_key from docket.simulate_completion(%s) as t", (ids,)
        ).fetchall()
        done = [task for task in tasks if self.status[task] != "completed"]
        waiting = {
            task
            for task in set(KEYS) - set(done) - self.archived
            if self.status[task] == "pending" and self.blockers(task)
        }
        assert {row[0] for row in rows} == {
            task for task in waiting if not self.blockers(task, done)
        }

    # What holds

    @invariant()
    def the_database_agrees(self) -> None:
        if not hasattr(self, "graph"):
            return
        assert graphs.ready_keys(self.connection, self.graph) == self.ready()
        stored = graphs.stored_satisfactions(self.connection, self.graph)
        assert stored == {(a, b): by for a, b, by in self.edges.edges(data="by")}
        assert graphs.health(self.connection, self.graph) == []

    @invariant()
    def the_stored_order_is_topological(self) -> None:
        if not hasattr(self, "graph"):
            return
        rows = self.connection.execute(
            "select t.task_key from docket.topological_order(%s) as t", (self.graph.project_id,)
        ).fetchall()
        place = {row[0]: i for i, row in enumerate(rows)}
        assert set(place) == set(self.status) - self.archived
        for task, depends_on in self.edges.edges:
            if task in place and depends_on in place:
                assert place[depends_on] < place[task]


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE + 180)
def test_random_work_keeps_the_graph_right(docket: Database, connect: Connect) -> None:
    connection = connect(docket)

    class Session(Work):
        pass

    Session.connection = connection
    run_state_machine_as_test(Session, settings=RULES)
    assert graphs.health(connection) == []
    assert violations(connection) == []

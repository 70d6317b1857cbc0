"""What analytics say of random work is what comes out when Python reckons it anew, row by row."""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, cast

import networkx
import psycopg
import pytest
from psycopg.rows import dict_row

from support.databases import Database

Session = psycopg.Connection[dict[str, Any]]
Rows = list[dict[str, Any]]

TASKS = 160
STATUSES = ["completed", "completed", "completed", "failed", "pending", "cancelled"]

# Stored behind the triggers' back; the graph is made from it afterwards.
FILL: LiteralString = """
insert into docket.tasks (
    task_id, project_id, task_key, title, workflow_id, status, priority, tags, assigned_to,
    created_at, completed_at, archived_at)
select docket_private.new_id(%(project)s, %(place)s), %(project)s, %(key)s, 'A task', %(workflow)s,
       %(status)s, %(priority)s, %(tags)s, %(agent)s, %(created_at)s, %(completed_at)s,
       %(archived_at)s
returning task_id
"""
HELD: LiteralString = """
insert into docket.task_attempts (
    attempt_id, project_id, task_id, attempt_no, agent, lease_expires_at, created_at, ended_at,
    outcome, failure_class)
select docket_private.new_id(%(project)s), %(project)s, %(task)s, %(number)s, %(agent)s,
       %(began_at)s, %(began_at)s, %(ended_at)s, %(outcome)s, %(failure)s
"""
TALKED: LiteralString = """
insert into docket.ai_interactions (
    interaction_id, project_id, task_id, agent_name, interaction_type, response_model, success,
    input_tokens, cost_amount, cost_currency, cost_source, conventions_version, created_at)
select docket_private.new_id(%(project)s), %(project)s, %(task)s, %(agent)s, 'code', %(model)s,
       %(success)s, %(tokens)s, %(cost)s, 'EUR', 'reported', '1', %(at)s
"""
WORKED: LiteralString = """
select t.task_id, t.task_key, t.workflow_id, t.status, t.priority, t.tags, t.assigned_to,
       t.created_at, t.completed_at, t.archived_at
  from docket.tasks as t
"""
ATTEMPTS: LiteralString = "select a.* from docket.task_attempts as a"
DEPENDENCIES: LiteralString = "select d.task_id, d.depends_on_id from docket.task_dependencies as d"


@pytest.fixture
def session(own_docket: Database) -> Session:
    """A session of a superuser, with random work of the last weeks, counted."""
    connection = cast(
        Session, psycopg.connect(own_docket.conninfo, autocommit=True, row_factory=dict_row)
    )
    connection.execute("set time zone 'UTC'")
    fill(connection, random.Random(9))  # noqa: S311 - the same work each time
    connection.execute("select docket.repair_graph()")
    counted = rows(connection, "select problem from docket.refresh_tallies()")
    assert {row["problem"] for row in counted} == {None}
    return connection


def rows(session: Session, statement: LiteralString, *given: object) -> Rows:
    """What a statement returns."""
    return session.execute(statement, given).fetchall()


def fill(session: Session, dice: random.Random) -> None:
    """Tasks with attempts, dependencies and interactions, of some weeks before now."""
    (made,) = rows(session, "select project_id from docket.create_project('shop')")
    project = made["project_id"]
    flows = [
        rows(session, "select (docket.create_workflow(%s, %s)).workflow_id", project, name)[0]
        for name in ("one", "two")
    ]
    session.execute("set session_replication_role = replica")
    ids = []
    for place in range(TASKS):
        created = datetime.now(UTC) - timedelta(seconds=dice.uniform(9e4, 5e6))
        status = dice.choice(STATUSES)
        wait, work = (timedelta(seconds=dice.expovariate(1 / 4000)) for _ in range(2))
        agents = [dice.choice("abc") for _ in range(dice.randint(status == "failed", 3))]
        task = {
            "project": project, "place": place, "key": f"t{place}", "status": status,
            "workflow": dice.choice([None, *(flow["workflow_id"] for flow in flows)]),
            "priority": dice.randint(1, 10), "tags": dice.sample("uvwxyz", dice.randint(0, 3)),
            "agent": agents[-1] if agents and status == "completed" else None,
            "created_at": created,
            "completed_at": created + wait + work if status == "completed" else None,
            "archived_at": created if dice.random() < 0.1 else None,
        }  # fmt: skip
        (row,) = session.execute(FILL, task).fetchall()
        ids.append(row["task_id"])
        for number, agent in enumerate(agents, 1):
            last = number == len(agents)
            good = last and status == "completed"
            outcome = "completed" if good else dice.choice(["failed", "released", "lease_expired"])
            part = work / len(agents)
            session.execute(HELD, {
                "project": project, "task": ids[-1], "number": number, "agent": agent,
                "began_at": created + wait + part * (number - 1),
                "ended_at": created + wait + part * number, "outcome": outcome,
                "failure": {"failed": "bug", "lease_expired": "lease_expired"}.get(outcome),
            })  # fmt: skip
        if place:
            for other in {dice.randrange(place) for _ in range(dice.randint(0, 2))}:
                session.execute(
                    "insert into docket.task_dependencies (task_id, project_id, depends_on_id)"
                    " values (%s, %s, %s)",
                    (ids[-1], project, ids[other]),
                )
        session.execute(TALKED, {
            "project": project, "task": ids[-1], "agent": dice.choice("abc"),
            "model": dice.choice(["large", "small", None]), "success": dice.random() < 0.8,
            "tokens": dice.randint(1, 5000), "cost": dice.randint(1, 900) / 1000, "at": created,
        })  # fmt: skip
    session.execute("set session_replication_role = origin")


def milliseconds(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))


def least(values: Iterable[int], share: float) -> int:
    """The least value that so many of all do not exceed."""
    ordered = sorted(values)
    return next(x for x in ordered if sum(y <= x for y in ordered) >= share * len(ordered))


def summary(times: list[int]) -> tuple[int | None, ...]:
    """Mean, median and 95 of 100."""
    if not times:
        return None, None, None
    return round(statistics.fmean(times)), statistics.median_low(times), least(times, 0.95)


def labels(task: Mapping[str, Any], latest: Mapping[Any, str], by: str) -> list[str | None]:
    """What a task is counted under."""
    return {
        "project": [None],
        "status": [task["status"]],
        "priority": [str(task["priority"])],
        "agent": [task["assigned_to"] or latest.get(task["task_id"])],
        "workflow": [task["workflow_id"] and str(task["workflow_id"])],
        "tag": [*task["tags"]] or [None],
    }[by]


def test_how_tasks_stand_and_how_long_they_take(session: Session) -> None:
    tasks = [task for task in rows(session, WORKED) if task["archived_at"] is None]
    attempts = sorted(rows(session, ATTEMPTS), key=lambda each: each["attempt_no"])
    latest = {each["task_id"]: each["agent"] for each in attempts}
    first = {each["task_id"]: each["created_at"] for each in attempts if each["attempt_no"] == 1}
    for by in ("status", "priority", "agent", "workflow", "tag"):
        expected: dict[str | None, Counter[str]] = defaultdict(Counter)
        for task in tasks:
            for label in labels(task, latest, by):
                expected[label][task["status"]] += 1
        answer = rows(session, "select * from docket.task_breakdown(null, %s, 1000)", by)
        assert {row["label"]: row["tasks"] for row in answer} == {
            label: counts.total() for label, counts in expected.items()
        }
        for row in answer:
            counts = expected[row["label"]]
            assert [row[s] for s in ("completed", "failed", "pending", "cancelled")] == [
                counts[s] for s in ("completed", "failed", "pending", "cancelled")
            ]
            ended = counts["completed"] + counts["failed"]
            rate = row["success_rate"]
            assert (
                rate is None
                if not ended
                else float(rate) == pytest.approx(counts["completed"] / ended, abs=1e-4)
            )
    for by in ("project", "priority", "agent", "workflow", "tag"):
        for days in (7, 30, 90):
            since = datetime.now(UTC) - timedelta(days=days)
            lead, cycle = defaultdict(list), defaultdict(list)
            for task in tasks:
                if task["completed_at"] is None or task["completed_at"] < since:
                    continue
                for label in labels(task, {}, by):
                    lead[label].append(milliseconds(task["completed_at"] - task["created_at"]))
                    if begun := first.get(task["task_id"]):
                        cycle[label].append(milliseconds(task["completed_at"] - begun))
            answer = rows(session, "select * from docket.task_times(null, %s, %s, 1000)", by, days)
            assert {row["label"] for row in answer} == set(lead)
            for row in answer:
                for kind, times in (("lead", lead), ("cycle", cycle)):
                    found = tuple(row[f"{kind}_{what}_ms"] for what in ("mean", "p50", "p95"))
                    assert found == pytest.approx(summary(times[row["label"]]), abs=1), (by, days)
                assert row["cycles"] == len(cycle[row["label"]])


def test_how_work_goes_and_what_it_costs(session: Session) -> None:
    tasks = [task for task in rows(session, WORKED) if task["archived_at"] is None]
    ended = rows(session, ATTEMPTS)
    for period, back in (("day", 60), ("week", 84)):
        answer = rows(
            session,
            "select * from docket.work_trends(null, %s, now() - make_interval(days => %s))",
            period, back,
        )  # fmt: skip
        length = timedelta(days=7 if period == "week" else 1)
        for row in answer:
            begin, end = row["period_start"], row["period_start"] + length
            done = [t for t in tasks if t["completed_at"] and begin <= t["completed_at"] < end]
            assert row["tasks_created"] == sum(begin <= t["created_at"] < end for t in tasks)
            assert row["tasks_completed"] == len(done)
            lead = [milliseconds(t["completed_at"] - t["created_at"]) for t in done]
            found = (row["lead_mean_ms"], row["lead_p50_ms"], row["lead_p95_ms"])
            assert found == pytest.approx(summary(lead), abs=1)
            outcomes = Counter(a["outcome"] for a in ended if begin <= a["ended_at"] < end)
            failed = outcomes["failed"] + outcomes["lease_expired"]
            assert row["attempts"] == outcomes["completed"] + failed
            assert row["attempts_failed"] == failed
        assert sum(row["tasks_created"] for row in answer) == len(tasks)
    said = rows(session, "select * from docket.ai_interactions")
    for by, column in (("agent", "agent_name"), ("model", "response_model")):
        answer = rows(
            session,
            "select * from docket.cost_breakdown(null, %s, now() - interval '90 days')",
            by,
        )
        for row in answer:
            mine = [each for each in said if each[column] == row["label"]]
            assert row["cost"] == sum(each["cost_amount"] for each in mine)
            assert row["interactions"] == len(mine)
            assert row["input_tokens"] == sum(each["input_tokens"] for each in mine)
        assert sum(row["interactions"] for row in answer) == len(said) == TASKS


def test_workflows_against_a_graph_in_python(session: Session) -> None:
    attempts = rows(session, ATTEMPTS)
    edges = [(each["depends_on_id"], each["task_id"]) for each in rows(session, DEPENDENCIES)]
    for flow in rows(session, "select workflow_id from docket.workflows"):
        tasks = {
            task["task_id"]: task
            for task in rows(session, WORKED)
            if task["workflow_id"] == flow["workflow_id"]
            and task["archived_at"] is None
            and task["status"] != "cancelled"
        }
        held = [each for each in attempts if each["task_id"] in tasks]
        took = {
            task: sum((a["ended_at"] - a["created_at"] for a in held if a["task_id"] == task),
                      timedelta())
            for task in tasks
        }  # fmt: skip
        graph = networkx.DiGraph()
        graph.add_nodes_from(tasks)
        # The weight of an edge is that of the task it leads to; all begin at the same place.
        graph.add_weighted_edges_from(
            [(a, b, took[b] / timedelta(milliseconds=1)) for a, b in edges if {a, b} <= set(tasks)]
            + [("start", task, took[task] / timedelta(milliseconds=1)) for task in tasks]
        )
        busy, until = timedelta(), None
        for each in sorted(held, key=lambda a: a["created_at"]):
            start = max(each["created_at"], until or each["created_at"])
            busy += max(each["ended_at"] - start, timedelta())
            until = max(each["ended_at"], until or each["ended_at"])
        (row,) = rows(session, "select * from docket.workflow_efficiency(%s)", flow["workflow_id"])
        assert (row["tasks"], row["completed"]) == (
            len(tasks), sum(t["status"] == "completed" for t in tasks.values())
        )  # fmt: skip
        assert row["critical_path_ms"] == pytest.approx(
            networkx.dag_longest_path_length(graph), abs=1
        )
        assert row["worked_ms"] == pytest.approx(
            milliseconds(sum(took.values(), timedelta())), abs=1
        )
        assert row["busy_ms"] == pytest.approx(milliseconds(busy), abs=1)
        elapsed = row["elapsed_ms"]
        assert float(row["idle_share"]) == pytest.approx(1 - row["busy_ms"] / elapsed, abs=1e-3)
        done = [t for t in tasks.values() if t["status"] == "completed"]
        lead = sum((t["completed_at"] - t["created_at"] for t in done), timedelta())
        touched = sum((took[t["task_id"]] for t in done), timedelta())
        assert float(row["flow_efficiency"]) == pytest.approx(touched / lead, abs=1e-3)

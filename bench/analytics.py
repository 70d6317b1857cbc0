"""The tiles of a dashboard over a year of work, and what it costs to count it anew.

python -m bench analytics [TASKS]        default 1000000

Each tile is asked for again and again, as a dashboard does, by a client that sees the project. The
floor of counting anew is the plainest query that counts the project's tasks by their status.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, LiteralString

import psycopg

from bench.analytics_load import FILL
from bench.harness import AGENT, Bench, Row, bench

TASKS = 1_000_000
CALLS = 40
# What takes a second is asked for less often.
SLOW_CALLS = 8
SECOND_MS = 500.0

Connection = psycopg.Connection[tuple[Any, ...]]

TILES: dict[str, LiteralString] = {
    "task_breakdown, status": "select * from docket.task_breakdown(%(project)s)",
    "task_breakdown, tag": "select * from docket.task_breakdown(%(project)s, 'tag')",
    "task_breakdown, workflow": "select * from docket.task_breakdown(%(project)s, 'workflow')",
    "task_times": "select * from docket.task_times(%(project)s)",
    "task_times, agent": "select * from docket.task_times(%(project)s, 'agent')",
    "work_trends, day": "select * from docket.work_trends(%(project)s)",
    "work_trends, week": "select * from docket.work_trends(%(project)s, 'week')",
    "cost_breakdown, model": "select * from docket.cost_breakdown(%(project)s, 'model')",
    "cost_breakdown, agent, a year": """select * from docket.cost_breakdown(
        %(project)s, 'agent', now() - interval '365 days')""",
    "error_rates": "select * from docket.error_rates(%(project)s)",
    "context_usage": "select * from docket.context_usage(%(project)s)",
    "component_trends": "select * from docket.component_trends(%(project)s)",
    "performance_dashboard": "select * from docket.performance_dashboard",
    "workflow_efficiency, 1,000 tasks": "select * from docket.workflow_efficiency(%(workflow)s)",
    "task_performance, one task": """select * from docket.task_performance
        where task_id = %(task)s and project_id = %(project)s""",
    "compare_to_baseline": "select * from docket.compare_to_baseline(%(project)s)",
    "optimizations": "select * from docket.optimizations(%(project)s)",
    "get_task_metrics": "select * from docket.get_task_metrics(%(project)s)",
    "dora_metrics": "select * from docket.dora_metrics(%(project)s)",
}
PLAIN: LiteralString = "select status, count(*) from docket.tasks group by status"


def statements(script: str) -> list[str]:
    """The statements of a script, in which bodies stand between dollars."""
    found, current, is_body = [], "", False
    for line in script.splitlines(keepends=True):
        current += line
        is_body ^= line.count("$$") % 2 == 1
        if line.rstrip().endswith(";") and not is_body:
            found.append(current)
            current = ""
    return found


def fill(owner: Connection, tasks: int) -> None:
    """A project of so many tasks, nine of ten of them completed within a year."""
    owner.execute("set jit = off")
    for statement in statements(
        FILL.format(agent=AGENT, tasks=tasks, workflows=max(tasks // 1000, 1))
    ):
        owner.execute(statement.encode())
    owner.execute("select docket.repair_graph()")


def timed(connection: Connection, query: LiteralString, given: list[dict[str, Any]]) -> list[float]:
    """Milliseconds of each call, sorted."""
    taken: list[float] = []
    for each in given:
        if len(taken) >= SLOW_CALLS and taken[0] > SECOND_MS:
            break
        began = perf_counter()
        connection.execute(query, each).fetchall()
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken)


def asked(owner: Connection) -> list[dict[str, Any]]:
    """What the tiles are asked about, differently each time."""
    ((project,),) = owner.execute("select project_id from bench.project").fetchall()
    workflows = owner.execute("select workflow_id from bench.workflows limit %s", (CALLS,))
    tasks = owner.execute("select task_id from bench.tasks order by md5(place::text) limit 40")
    each = list(zip(workflows.fetchall(), tasks.fetchall(), strict=False))
    return [
        {"project": project, "workflow": workflow, "task": task}
        for (workflow,), (task,) in (each[n % len(each)] for n in range(CALLS))
    ]


def measure(machine: Bench, tasks: int) -> list[Row]:
    """What is asked of so many tasks."""
    conninfo = machine.database()
    agent_conninfo = machine.agent(conninfo)
    size = f"{tasks:,} tasks"
    with psycopg.connect(conninfo, autocommit=True) as owner:
        fill(owner, tasks)
        given = asked(owner)
        plain = timed(owner, PLAIN, given)[0] / 1000
        began = perf_counter()
        owner.execute("select count(*) from docket.refresh_tallies()")
        rows = [
            Row("all tallies counted anew", size, perf_counter() - began, plain, "s",
                "counting tasks by status")
        ]  # fmt: skip
        owner.execute("vacuum analyze")
        with psycopg.connect(agent_conninfo, autocommit=True) as agent:
            for name, query in TILES.items():
                taken = timed(agent, query, given)
                p95 = taken[round(0.95 * (len(taken) - 1))]
                rows.append(Row(f"{name}: p95", size, p95, 100.0, "ms", "100 ms", at_most=1))
    return rows


def main(*sizes: int) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return [row for tasks in sizes or (TASKS,) for row in measure(machine, tasks)]

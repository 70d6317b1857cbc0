"""The record of delivery on a large history: findings taken in, runs ended, the pipeline looked at.

python -m bench delivery [EXECUTIONS TASKS]        default 10000000 and 1000000

Each is done on a hundredth of the history and a tenth of the tasks too: it has to stay flat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bench.context import at
from bench.harness import Bench, Row, bench

Connection = psycopg.Connection[dict[str, object]]

EXECUTIONS, TASKS, FINDINGS = 10_000_000, 1_000_000, 50_000
MONTHS = 12
# Tasks that are worked on, whatever the number of all.
BUSY = 200
CALLS = 300
FLAT = 1.5

# Stored behind the triggers' back: what they would keep of it is not read here.
FILL: LiteralString = """
create schema bench;
create table bench.project as select project_id from docket.create_project('bench');
insert into docket.members (organization_id, project_id, principal, access)
select p.organization_id, p.project_id, '{agent}', 'writer'
  from docket.projects as p;
do $$
begin
    for i in reverse {months} .. 0 loop
        perform set_config('docket.fake_now', (now() - make_interval(months => i))::text, true);
        perform docket_private.ensure_partitions();
    end loop;
end;
$$;
set session_replication_role = replica;
insert into docket.tasks (project_id, task_id, task_key, title, status)
select p.project_id, docket_private.new_id(p.project_id, i), 't' || i, 'Task ' || i, 'pending'
  from bench.project as p
 cross join generate_series(1, {tasks}) as i;
create table bench.tasks as
select t.task_id, row_number() over (order by t.task_id)::integer as place
  from docket.tasks as t;
create unique index on bench.tasks (place);
insert into docket.execution_history (
    execution_id, project_id, task_id, execution_type, status, started_at, completed_at,
    duration_ms, exit_code, stdout_preview, first_execution_id, lease_seconds, created_at)
select e.execution_id, e.project_id, t.task_id, 'test', 'completed', w.created_at,
       w.created_at + interval '1 second', 1000, 0, 'ok', e.execution_id, 3600, w.created_at
  from bench.project as p
 cross join generate_series(1, {executions}) as i
 cross join lateral (
           select docket_private.id_at(
                      p.project_id,
                      now() - interval '{months} months' + i * (interval '{months} months'
                                                                / ({executions} + 1.0)))
                      as execution_id, p.project_id
            offset 0
       ) as e
 cross join lateral (select docket_private.time_of_id(e.execution_id) as created_at) as w
  join bench.tasks as t on t.place = 1 + i::bigint * 7919 % {tasks};
set session_replication_role = origin;
vacuum analyze docket.tasks;
select docket.repair_graph();
select docket.start_task(t.task_id, 'agent')
  from bench.tasks as t
 where t.place <= {busy};
vacuum analyze;
checkpoint
"""
FLOOR: LiteralString = """
create table bench.findings (
    finding_id bigint generated always as identity primary key,
    rule_id text not null, severity text not null, path text, start_line integer, message text
)
"""
BARE: LiteralString = """
insert into bench.findings (rule_id, severity, path, start_line, message)
select r ->> 'ruleId', r ->> 'level', r #>> '{locations,0,physicalLocation,artifactLocation,uri}',
       (r #>> '{locations,0,physicalLocation,region,startLine}')::integer, r #>> '{message,text}'
  from jsonb_array_elements(%s::jsonb #> '{runs,0,results}') as r
"""
START: LiteralString = "select (docket.start_execution(%s, 'test', %s)).execution_id as it"
FINISH: LiteralString = "select docket.finish_execution(%s, exit_code => 0, stdout_preview => 'ok')"
PIPELINE: LiteralString = "select count(*) from docket.cicd_pipeline_status where project_id = %s"
PAGE: LiteralString = "select count(*) from docket.tasks_with_cicd_status(%s)"
INGEST: LiteralString = "select * from docket.ingest_sarif(%s, %s, root => '')"
SUMMARY: LiteralString = "select * from docket.task_execution_summary where task_id = %s"


@dataclass(frozen=True, slots=True)
class Site:
    """A database with a history, and what to ask it for."""

    owner: Connection
    agent: Connection
    project: UUID
    tasks: Sequence[UUID]


def opened(machine: Bench, stack: ExitStack, executions: int, tasks: int) -> Site:
    """A history of so many executions of so many tasks."""
    conninfo = machine.database()
    agent = machine.agent(conninfo)

    def connect(to: str) -> Connection:
        return stack.enter_context(psycopg.connect(to, autocommit=True, row_factory=dict_row))

    owner = connect(conninfo)
    given: dict[str, object] = {
        "agent": agent.split("user=")[1].split()[0],
        "months": MONTHS,
        "tasks": tasks,
        "executions": executions,
        "busy": BUSY,
    }
    owner.execute("set jit = off")
    run_all(owner, FILL.format(**given))
    project = owner.execute("select project_id as it from bench.project").fetchall()[0]["it"]
    chosen = owner.execute(
        "select task_id as it from bench.tasks where place > %s order by md5(task_id::text)"
        " limit %s", (BUSY, CALLS),
    ).fetchall()  # fmt: skip
    return Site(owner, connect(agent), UUID(str(project)), [UUID(str(row["it"])) for row in chosen])


def run_all(owner: Connection, script: str) -> None:
    """Runs statements one by one: a vacuum can't be in a transaction with others."""
    begun: list[str] = []
    inside = False
    for line in script.splitlines():
        begun.append(line)
        inside ^= line.count("$$") % 2 == 1
        if line.endswith(";") and not inside:
            owner.execute("\n".join(begun).encode())
            begun = []
    if begun and "\n".join(begun).strip():
        owner.execute("\n".join(begun).encode())


def timed(
    sites: Sequence[Site], call: Callable[[Site, int], object], times: int
) -> list[list[float]]:
    """Milliseconds of each of so many calls at each site, in turn."""
    taken: list[list[float]] = [[] for _ in sites]
    for number in range(-10, times):
        for site, found in zip(sites, taken, strict=True):
            began = perf_counter()
            call(site, number)
            if number >= 0:
                found.append((perf_counter() - began) * 1000)
    return taken


def one(connection: Connection, statement: LiteralString, *given: object) -> object:
    """The column `it` of the first row, or whatever comes."""
    rows = connection.execute(statement, given, prepare=True).fetchall()
    return rows[0].get("it") if rows else None


def executions(small: Site, large: Site, size: str) -> list[Row]:
    """Runs that are begun and ended, beside few and beside many."""
    begun: dict[int, list[object]] = {id(small): [], id(large): []}

    def start(site: Site, number: int) -> None:
        begun[id(site)].append(one(site.agent, START, site.project, site.tasks[number]))

    def finish(site: Site, _: int) -> None:
        one(site.agent, FINISH, begun[id(site)].pop(0))

    few, many = (timed((small, large), call, CALLS) for call in (start, finish))
    return [
        row
        for name, (floor, ours) in (("start_execution", few), ("finish_execution", many))
        for row in flat(name, size, ours, floor, "a hundredth of the history")
    ]


def reads(small: Site, large: Site, size: str) -> list[Row]:
    """The pipeline as it is, a page of tasks, and what was run for one."""
    looks: tuple[tuple[str, Callable[[Site, int], object], int], ...] = (
        ("cicd_pipeline_status", lambda s, _: one(s.agent, PIPELINE, s.project), 30),
        ("tasks_with_cicd_status, a page", lambda s, _: one(s.agent, PAGE, s.project), 30),
        ("task_execution_summary", lambda s, n: one(s.agent, SUMMARY, s.tasks[n]), CALLS),
    )
    rows = []
    for name, call, times in looks:
        floor, ours = timed((small, large), call, times)
        rows += flat(name, size, ours, floor, "a tenth of the tasks")
    return rows


def flat(
    name: str, size: str, ours: Sequence[float], floor: Sequence[float], named: str
) -> list[Row]:
    """The median and the ninety-fifth of a hundred, of the large against the small."""
    return [
        Row(f"{name}: {word}", size, at(part, ours), at(part, floor), "ms", named, at_most=FLAT)
        for word, part in (("median", 0.5), ("p95", 0.95))
    ]


def sarif(findings: int, first: int = 0) -> Jsonb:
    """A run of a tool with so many results, each of its own."""
    results = [
        {
            "ruleId": f"R{i % 50}",
            "level": ("error", "warning", "note")[i % 3],
            "message": {"text": f"Something is wrong with name_{i}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": f"src/module_{i % 500}.py"},
                        "region": {"startLine": 1 + i % 900, "snippet": {"text": f"name_{i} = 1"}},
                    }
                }
            ],
        }
        for i in range(first, first + findings)
    ]
    driver = {"name": "bench", "rules": [{"id": f"R{i}"} for i in range(50)]}
    return Jsonb({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]})


def findings(site: Site) -> list[Row]:
    """A large document taken in: all new, all known, and all fixed; against bare rows of it."""
    site.owner.execute(FLOOR.encode())
    few, many, none = sarif(FINDINGS // 10), sarif(FINDINGS), sarif(0)

    def seconds(call: Callable[[], object]) -> float:
        began = perf_counter()
        call()
        return perf_counter() - began

    def taken(task: UUID, document: Jsonb) -> float:
        return seconds(lambda: site.agent.execute(INGEST, (task, document)).fetchall())

    bare = seconds(lambda: site.owner.execute(BARE, (many,)))
    tenth = taken(site.tasks[0], few)
    size = f"{FINDINGS:,} findings"
    new, known, fixed = (taken(site.tasks[1], each) for each in (many, many, none))
    return [
        Row("ingest_sarif, all new", size, new, bare, "s", "an insert of the bare rows"),
        Row("ingest_sarif, all new", size, new, tenth * 10, "s", "ten times a tenth", at_most=FLAT),
        Row("ingest_sarif, all known", size, known, bare, "s", "an insert of the bare rows"),
        Row("ingest_sarif, all fixed", size, fixed, bare, "s", "an insert of the bare rows"),
    ]


def main(executions_stored: int = EXECUTIONS, tasks: int = TASKS) -> list[Row]:
    """The rows of this benchmark."""
    size = f"{executions_stored:,} executions, {tasks:,} tasks"
    with bench() as machine, ExitStack() as stack:
        small = opened(machine, stack, executions_stored // 100, tasks // 10)
        large = opened(machine, stack, executions_stored, tasks)
        return [
            *executions(small, large, size), *reads(small, large, size), *findings(small)
        ]  # fmt: skip

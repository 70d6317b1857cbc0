"""What the queue costs as it grows: making tasks, WAL, a million tasks, thousands of cycles."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from bench.harness import AGENT, Bench, Row, interleaved, warm
from bench.queue_load import MEMBER, Load, open_load

SMALL = 10_000
WAL_LIMIT = 2_500
BACKLOG = 2_000

# Behind the triggers' back: tasks, three dependencies for each, and what is derived from them.
# Half of a small queue is ready, a tenth of a large one; the others are completed.
STORE = """
set session_replication_role = replica;

create temporary table stored as
select i, docket_private.new_id(%(project)s, i) as task_id, i <= %(done)s as is_done
  from generate_series(1, %(tasks)s) as i;
create unique index on stored (i);
analyze stored;

insert into docket.tasks (project_id, task_id, task_key, title, description, priority, status,
                          completed_at, results)
select %(project)s, s.task_id, 't' || s.i, 'Task ' || s.i, repeat('What is to be done. ', 10),
       1 + s.i %% 10, case when s.is_done then 'completed' else 'pending' end,
       case when s.is_done then docket.clock() end,
       case when s.is_done then '{"ok": true}'::jsonb end
  from stored as s;

insert into docket.task_attempts (attempt_id, project_id, task_id, attempt_no, agent,
                                  lease_expires_at, outcome, ended_at)
select docket_private.new_id(%(project)s, s.i), %(project)s, s.task_id, 1, 'bench',
       docket.clock(), 'completed', docket.clock()
  from stored as s
 where s.is_done;

insert into docket.task_dependencies (project_id, task_id, depends_on_id)
select %(project)s, s.task_id, d.task_id
  from stored as s
 cross join (values (1), (7), (40)) as e (earlier)
  join stored as d on d.i = least(s.i, %(done)s) - e.earlier;

insert into docket_private.task_nodes (project_id, task_id, rank, unmet)
select %(project)s, s.task_id, s.i << 32, 0
  from stored as s;
update docket_private.project_graphs
   set top = %(tasks)s::bigint << 32
 where project_id = %(project)s;

insert into docket.ready_tasks (project_id, task_id, priority, urgency)
select %(project)s, s.task_id, 1 + s.i %% 10,
       docket_private.urgency(null, (1 + s.i %% 10)::smallint, null)
  from stored as s
 where not s.is_done;
set session_replication_role = origin;
"""

SIZE = """
select sum(pg_total_relation_size(name::regclass))::bigint
  from unnest(array['docket.tasks', 'docket.ready_tasks', 'docket_private.task_nodes',
                    'docket_private.task_search']) as name
"""


# Which table each byte of WAL was for: its own rows, or those of its indexes.
WAL_BY_TABLE = """
select coalesce(regexp_replace(t.relname, '_[0-9]{4}_[0-9]{2}$', ''), 'commits and others'),
       sum(w.record_length)::float8
  from pg_get_wal_records_info(%s, %s) as w
  left join pg_class as c
    on c.relfilenode = substring(w.block_ref from 'rel [0-9]+/[0-9]+/([0-9]+)')::oid
  left join pg_index as i on i.indexrelid = c.oid
  left join pg_class as t on t.oid = coalesce(i.indrelid, c.oid)
 group by 1
 order by 2 desc
 limit 5
"""


def create(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """Tasks per second into the database, in one call, against COPY of the same rows."""
    load = open_load(machine, folder)
    items = json.dumps(
        [{"title": f"task {place}", "description": "To be done. " * 20} for place in range(tasks)]
    )
    (project,) = load.execute(MEMBER, AGENT)[0]
    load.execute("create table public.plain (like docket.tasks including all)")
    with psycopg.connect(load.agent, autocommit=True) as agent:
        # A session that has made tasks before.
        agent.execute(
            "select from docket.create_tasks(%s, %s)", (project, '[{"title": "the first"}]')
        )

        def ours() -> float:
            begun = time.perf_counter()
            agent.execute("select count(*) from docket.create_tasks(%s, %s)", (project, items))
            return tasks / (time.perf_counter() - begun)

        ours()
        with psycopg.connect(load.owner, autocommit=True) as owner:
            with owner.cursor().copy("copy docket.tasks to stdout") as copy:
                rows = b"".join(bytes(block) for block in copy)

            def floor() -> float:
                owner.execute("truncate public.plain")
                begun = time.perf_counter()
                with owner.cursor().copy("copy public.plain from stdin") as copy:
                    copy.write(rows)
                return tasks / (time.perf_counter() - begun)

            copied, made = interleaved(floor, ours)
    size, name = f"{tasks:,} tasks in one call", "COPY without triggers"
    return [Row("create_tasks", size, made, copied, "tasks/s", name, 0.1)]


def wal(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """Bytes of WAL for each task, without the page images that follow a checkpoint."""
    load = open_load(machine, folder)
    project = load.project(4 * tasks)
    load.fill_raw(4 * tasks)
    machine.set(load.owner, full_page_writes="off")

    def written(script: Path) -> Callable[[], float]:
        def run() -> float:
            before = place(load)
            load.rate(script, clients=1, transactions=tasks)
            row = load.execute("select (pg_current_wal_insert_lsn() - %s::pg_lsn)::float8", before)
            return float(str(row[0][0])) / tasks

        return run

    before = place(load)
    load.rate(load.script("ours", project), clients=1, transactions=tasks)
    parts = wal_by_table(load, before)
    raw, ours = interleaved(written(load.script("raw")), written(load.script("ours", project)))
    machine.set(load.owner, full_page_writes="on")
    size, name = f"{tasks:,} tasks, page images apart", "WAL, claim_tasks + complete_task"
    return [
        Row(name, size, ours, WAL_LIMIT, "B", "2.5 kB", at_most=1),
        Row(name, size, ours, raw, "B", "raw SQL"),
        *(
            Row(f"WAL for {table}", size, part / tasks, ours, "B", "all WAL")
            for table, part in parts
        ),
    ]


def place(load: Load) -> str:
    """Where the WAL ends."""
    return str(load.execute("select pg_current_wal_insert_lsn()::text")[0][0])


def wal_by_table(load: Load, begin: str) -> list[tuple[str, float]]:
    """For which tables, indexes included, WAL was written since then; none where none can tell."""
    try:
        load.execute("create extension if not exists pg_walinspect")
    except psycopg.Error:
        return []
    end = place(load)
    load.execute("select pg_switch_wal()")  # what is read has to be on disk
    return [(str(n), float(str(size))) for n, size in load.execute(WAL_BY_TABLE, begin, end)]


def store(load: Load, tasks: int) -> str:
    """A project that holds so many tasks already; its id."""
    (project,) = load.execute(MEMBER, AGENT)[0]
    done = tasks - max(tasks // 10, SMALL // 2)
    values = {"project": project, "tasks": tasks, "done": done}
    with psycopg.connect(load.owner, autocommit=True, cursor_factory=psycopg.ClientCursor) as own:
        own.execute("set maintenance_work_mem = '512MB'")
        own.execute(STORE.encode(), values)
        own.execute("vacuum analyze")
    load.execute("checkpoint")
    return str(project)


def latency(machine: Bench, folder: Path, stored: int) -> list[Row]:
    """A claim's time, and tasks per second, with many tasks stored against few."""
    loads = [open_load(machine, folder) for _ in range(2)]
    projects = [store(load, count) for load, count in zip(loads, (SMALL, stored), strict=True)]

    def median(load: Load, project: str) -> float:
        script = load.script("claim", project)
        taken = machine.transactions(load.agent, script, clients=1, transactions=200)
        return statistics.median(each.took for each in warm(taken)[1]) * 1e6

    def rate(load: Load, project: str) -> float:
        return load.rate(load.script("ours", project), clients=8, transactions=1_000)

    both = list(zip(loads, projects, strict=True))
    few, many = interleaved(*(lambda b=each: median(*b) for each in both))
    slow, fast = interleaved(*(lambda b=each: rate(*b) for each in reversed(both)))
    size, name = f"{stored:,} tasks, 3 dependencies each", f"{SMALL:,} tasks"
    return [
        Row("claim_tasks, latency", size, many, few, "us", name, at_most=1.3),
        Row("claim_tasks + complete_task, 8 workers", size, slow, fast, "tasks/s", name),
    ]


def steady(machine: Bench, folder: Path, cycles: int) -> list[Row]:
    """Size and throughput after many cycles over the same tasks: claimed, completed, reopened."""
    load = open_load(machine, folder)
    machine.set(load.owner, autovacuum_naptime="5s")
    project = load.project(BACKLOG)
    script = load.script("ours", project)
    reopen = "update docket.tasks set status = 'pending' where project_id = %s and status = %s"
    rates, sizes = [], []
    for _ in range(max(cycles // BACKLOG, 6) + 1):
        rates.append(load.rate(script, clients=8, transactions=BACKLOG))
        load.execute(reopen, project, "completed")
        sizes.append(float(str(load.execute(SIZE)[0][0])) / 2**20)
    # The first round is where pages take up the room that they keep for updates.
    first, last = (statistics.median(some) for some in (rates[1:4], rates[-3:]))
    size, start = f"{cycles:,} cycles over {BACKLOG:,} tasks", "the first rounds"
    return [
        Row("steady state, size", size, sizes[-1], sizes[0], "MiB", "the first round", at_most=2),
        Row("steady state, throughput", size, last, first, "tasks/s", start, at_least=0.8),
    ]

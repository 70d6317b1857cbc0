"""Claim and complete, against the plainest correct SQL: one SKIP LOCKED update each way.

python -m bench.queue [TASKS]
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg

from bench.harness import Bench, Row, bench, interleaved

RAW_SETUP = """
create table public.raw_tasks (
    id         bigint generated always as identity primary key,
    status     text not null default 'ready',
    priority   integer not null,
    payload    jsonb not null default '{}',
    updated_at timestamptz
);
create index on public.raw_tasks (priority desc, id) where status = 'ready';
"""

RAW = r"""
update public.raw_tasks set status = 'running', updated_at = now()
 where id = (select id from public.raw_tasks where status = 'ready'
              order by priority desc, id limit 1 for update skip locked)
returning id \gset
update public.raw_tasks set status = 'done', updated_at = now() where id = :id;
"""

CLAIM_COMPLETE = r"""
select attempt_id from docket.claim_tasks('{project}', 'bench') \gset
select 1 from docket.complete_task(:attempt_id);
"""

COMPLETE_AND_CLAIM = r"""
\if :has
select attempt_id as attempt from docket.complete_and_claim(:attempt) \gset
\else
select attempt_id as attempt from docket.claim_tasks('{project}', 'bench') \gset
\set has 1
\endif
"""


def fill(conninfo: str, tasks: int) -> str:
    """Fills both queues with the same tasks; the id of our project."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(
            "select project_id from docket.create_project('bench-' || gen_random_uuid())"
        ).fetchone()
        if row is None:
            raise RuntimeError("no project was made")
        for _ in range(0, tasks, 10_000):
            connection.execute(
                "select count(*) from docket.create_tasks(%s, (select jsonb_agg(jsonb_build_object("
                "'title', 'task ' || i, 'priority', 1 + i %% 10)) from generate_series(1, %s) i))",
                (row[0], min(tasks, 10_000)),
            )
        connection.execute(
            "insert into public.raw_tasks (priority)"
            " select 1 + i %% 10 from generate_series(1, %s) as i",
            (tasks,),
        )
        connection.execute("vacuum analyze")
    return str(row[0])


def measure(machine: Bench, tasks: int) -> list[Row]:
    """Tasks per second of ours and of raw SQL, one at a time, at 1 and 8 workers."""
    conninfo = machine.database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(RAW_SETUP)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for clients in (1, 8):
            project = fill(conninfo, tasks)
            scripts = []
            for name, text in (
                ("raw", RAW),
                ("claim", CLAIM_COMPLETE),
                ("fused", COMPLETE_AND_CLAIM),
            ):
                path = Path(folder) / f"{name}-{clients}.sql"
                path.write_text(text.replace("{project}", project))
                scripts.append(path)

            def run(script: Path, clients: int = clients) -> float:
                return machine.pgbench(conninfo, script, clients=clients, transactions=tasks // 8)

            raw, claim, fused = interleaved(*(lambda s=s: run(s) for s in scripts))
            size = f"{tasks} tasks, {clients} worker{'s' if clients > 1 else ''}"
            rows.append(Row("claim_tasks + complete_task", size, claim, raw, "tasks/s", "raw SQL"))
            rows.append(Row("complete_and_claim", size, fused, raw, "tasks/s", "raw SQL"))
    return rows


def main(tasks: int = 20_000) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return measure(machine, tasks)

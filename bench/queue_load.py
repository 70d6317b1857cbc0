"""The queue's load: the same work for pgdocket and the plainest correct SQL, as pgbench does it.

Raw SQL is one SKIP LOCKED update to claim and one update to complete; it keeps no history, asks
for no lease and knows no project. Ours runs as a role that is a docket_agent, with everything on.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.harness import AGENT, Bench

RAW_SETUP = """
create table public.raw_tasks (
    id         bigint generated always as identity primary key,
    status     text not null default 'ready',
    priority   integer not null,
    unmet      integer not null default 0,
    payload    jsonb not null default '{}',
    updated_at timestamptz
);
create index on public.raw_tasks (priority desc, id) where status = 'ready';
create table public.raw_edges (
    depends_on bigint not null,
    task_id    bigint not null,
    primary key (depends_on, task_id)
);

create function public.raw_complete_and_claim(done bigint) returns bigint
language plpgsql as $$
declare
    v_next bigint;
begin
    update public.raw_tasks set status = 'done', updated_at = clock_timestamp() where id = done;
      with freed as materialized (
          select t.id
            from public.raw_edges as e
            join public.raw_tasks as t on t.id = e.task_id
           where e.depends_on = done
           order by t.id
             for update of t
      )
    update public.raw_tasks as t
       set unmet = t.unmet - 1, status = case when t.unmet = 1 then 'ready' else t.status end
      from freed as f
     where t.id = f.id;
    update public.raw_tasks set status = 'running', updated_at = clock_timestamp()
     where id = (select id from public.raw_tasks where status = 'ready'
                  order by priority desc, id limit 1 for update skip locked)
    returning id into v_next;
    return v_next;
end;
$$;
grant all on public.raw_tasks, public.raw_edges to public;
"""

RAW_CLAIM = """update public.raw_tasks set status = 'running', updated_at = clock_timestamp()
 where id = (select id from public.raw_tasks where status = 'ready'
              order by priority desc, id limit 1 for update skip locked)
returning id"""

RAW_COMPLETE = """update public.raw_tasks set status = 'done', updated_at = clock_timestamp()
 where id = :id;"""

# With a counter: what the task blocks is counted down, in one order, and ready at none.
RAW_COMPLETE_COUNTED = """with done as (
    update public.raw_tasks set status = 'done', updated_at = clock_timestamp() where id = :id
), freed as materialized (
    select t.id from public.raw_edges as e join public.raw_tasks as t on t.id = e.task_id
     where e.depends_on = :id order by t.id for update of t
)
update public.raw_tasks as t
   set unmet = t.unmet - 1, status = case when t.unmet = 1 then 'ready' else t.status end
  from freed as f where t.id = f.id;"""

SCRIPTS = {
    "raw": f"{RAW_CLAIM} \\gset\n{RAW_COMPLETE}\n",
    "raw chain": f"{RAW_CLAIM} \\gset\n{RAW_COMPLETE_COUNTED}\n",
    "raw fused": (
        "\\if :has\nselect public.raw_complete_and_claim(:id) as id \\gset\n"
        f"\\else\n{RAW_CLAIM} \\gset\n\\set has 1\n\\endif\n"
    ),
    "raw 100": """
with picked as materialized (
    select id from public.raw_tasks where status = 'ready'
     order by priority desc, id limit 100 for update skip locked
), claimed as (
    update public.raw_tasks as t set status = 'running', updated_at = clock_timestamp()
      from picked as p where t.id = p.id returning t.id
)
select array_agg(id) as ids from claimed \\gset
update public.raw_tasks set status = 'done', updated_at = clock_timestamp()
 where id = any (:ids::bigint[]);
""",
    "raw drain": (
        f"with claimed as ({RAW_CLAIM})\n"
        "select count(*) as has, coalesce(min(id), 0) as id from claimed \\gset\n"
        f"\\if :has\n{RAW_COMPLETE_COUNTED}\n\\else\n\\sleep 1 ms\n\\endif\n"
    ),
    "claim": "select attempt_id from docket.claim_tasks('{project}', 'bench') \\gset\n",
    "ours": """
select attempt_id from docket.claim_tasks('{project}', 'bench') \\gset
select 1 from docket.complete_task(:attempt_id);
""",
    "fused": """
\\if :has
select attempt_id as attempt from docket.complete_and_claim(:attempt) \\gset
\\else
select attempt_id as attempt from docket.claim_tasks('{project}', 'bench') \\gset
\\set has 1
\\endif
""",
    "100": """
select jsonb_agg(jsonb_build_object('attempt_id', t.attempt_id)) as held
  from docket.claim_tasks('{project}', 'bench', 100) as t \\gset
select count(*) from docket.complete_tasks(:held::jsonb);
""",
    "drain": """
select count(*) as has, coalesce(min(t.attempt_id::text), 'none') as attempt
  from docket.claim_tasks('{project}', 'bench') as t \\gset
\\if :has
select 1 from docket.complete_task(:attempt);
\\else
\\sleep 1 ms
\\endif
""",
    "fused drain": """
\\if :has
select count(*) as has, coalesce(min(t.attempt_id::text), 'none') as attempt
  from docket.complete_and_claim(:attempt) as t \\gset
\\else
select count(*) as has, coalesce(min(t.attempt_id::text), 'none') as attempt
  from docket.claim_tasks('{project}', 'bench') as t \\gset
\\if :has
\\else
\\sleep 1 ms
\\endif
\\endif
""",
}

# A new project in which somebody may write.
MEMBER = """
with made as (
    select * from docket.create_project('bench-' || gen_random_uuid())
), member as (
    insert into docket.members (organization_id, project_id, principal, access)
    select organization_id, project_id, %s, 'writer' from made
)
select project_id::text from made
"""

Edges = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Load:
    """A database with both queues in it, reached as its superuser and as an agent."""

    machine: Bench
    owner: str
    agent: str
    folder: Path

    def script(self, name: str, project: str = "") -> Path:
        """The file of a script, for a project."""
        path = self.folder / f"{name.replace(' ', '-')}-{uuid.uuid4().hex[:8]}.sql"
        path.write_text(SCRIPTS[name].replace("{project}", project))
        return path

    def execute(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Runs a statement as the superuser; its rows."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def project(self, count: int, edges: Edges = ()) -> str:
        """A new project with so many tasks, made by the agent; an edge is (task, depends on)."""
        depends_on: dict[int, list[str]] = {}
        for task, before in edges:
            depends_on.setdefault(task, []).append(f"t{before}")
        tasks = [
            {
                "task_key": f"t{place}",
                "title": f"task {place}",
                # Whoever waits for others is as urgent as they are.
                "priority": 5 if edges else 1 + place % 10,
                "depends_on": depends_on.get(place, []),
            }
            for place in range(count)
        ]
        (project,) = self.execute(MEMBER, AGENT)[0]
        with psycopg.connect(self.agent, autocommit=True) as connection:
            for begin in range(0, count, 10_000):
                connection.execute(
                    "select count(*) from docket.create_tasks(%s, %s)",
                    (project, json.dumps(tasks[begin : begin + 10_000])),
                )
        self.execute("vacuum analyze")
        return str(project)

    def fill_raw(self, count: int, edges: Edges = ()) -> None:
        """Puts so many tasks, and nothing else, into raw SQL's tables."""
        self.execute("truncate public.raw_tasks, public.raw_edges restart identity")
        self.execute(
            "insert into public.raw_tasks (priority)"
            " select case when %s then 5 else 1 + i %% 10 end"
            "   from generate_series(0, %s - 1) as i",
            bool(edges), count,
        )  # fmt: skip
        self.execute(
            "insert into public.raw_edges (task_id, depends_on)"
            " select 1 + t, 1 + d from unnest(%s::bigint[], %s::bigint[]) as e (t, d)",
            [task for task, _ in edges], [before for _, before in edges],
        )  # fmt: skip
        self.execute(
            "update public.raw_tasks as t set status = 'waiting', unmet = e.unmet"
            "  from (select task_id, count(*) as unmet from public.raw_edges group by 1) as e"
            " where e.task_id = t.id"
        )
        self.execute("vacuum analyze public.raw_tasks")

    def rate(self, script: Path, *, clients: int, transactions: int) -> float:
        """Transactions of a script per second, by the agent."""
        return self.machine.pgbench(self.agent, script, clients=clients, transactions=transactions)


def open_load(machine: Bench, folder: Path) -> Load:
    """A new database with both queues, empty."""
    owner = machine.database()
    load = Load(machine, owner, machine.agent(owner), folder)
    load.execute(RAW_SETUP)
    return load

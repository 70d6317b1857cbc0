"""The plans of the hottest statements, kept in bench/plans/ as they ran inside the functions.

python -m bench explain            writes bench/plans/ anew

Each call of the front door is made as an agent would make it, in a project of 20,000 tasks, and
auto_explain tells the plan of each statement that ran in it: the function's own, those of the
triggers that it set off, and the checks of foreign keys. tests/test_plans.py says when a
statement of a call stops using an index that is named in its file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.harness import AGENT, bench
from bench.queue_growth import STORE
from bench.queue_load import MEMBER

PLANS = Path(__file__).parent / "plans"
TASKS = 20_000
BIG = 3_000  # rows from which on nothing should be read from end to end

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Connection = psycopg.Connection[Any]

# Behind the triggers' back too: an expired lease for each hundredth of the ready tasks, words to
# search for, and work for the tasks that are claimed here: each has dependents.
REST = """
set session_replication_role = replica;
insert into docket_private.task_search (task_id, project_id, title, language, search_vector, tags,
                                        affected_files, requirements, metadata)
select t.task_id, t.project_id, w.words, 'english',
       docket_private.task_vector('english', w.words, t.tags, '', '', ''),
       t.tags, t.affected_files, t.requirements, t.metadata
  from stored as s
  join docket.tasks as t on t.task_id = s.task_id
 cross join lateral (
     select regexp_replace(md5(s.i::text), '(.{6})', '\1 ', 'g') as words) as w;

insert into docket.task_contexts (task_id, project_id, context_type, version, data, content_hash,
                                  byte_size)
select t.task_id, t.project_id, k.kind, v.version, to_jsonb(md5(s.i::text)), sha256(''), 34
  from stored as s
  join docket.tasks as t on t.task_id = s.task_id
 cross join unnest(array['ai', 'requirements']) as k (kind)
 cross join generate_series(1, 3) as v (version)
 where s.i % 4 = 0;
insert into docket_private.context_search (task_id, project_id, context_type, version,
                                           language, search_vector, paths)
select c.task_id, c.project_id, c.context_type, c.version, 'english',
       docket_private.words_of('english', regexp_replace(c.data #>> '{}', '(.{6})', '\1 ', 'g')),
       array['src/' || (c.data #>> '{}')]
  from docket.task_contexts as c
 where c.version = 3;

insert into docket.task_dependencies (project_id, task_id, depends_on_id)
select d.project_id, t.task_id, d.task_id
  from stored as t
  join stored as s on s.i = t.i - 500
  join docket.tasks as d on d.task_id = s.task_id
 where not t.is_done
   and not s.is_done;
update docket_private.task_nodes as n
   set unmet = 1
  from docket.task_dependencies as e
  join docket.tasks as d on d.task_id = e.depends_on_id
 where e.task_id = n.task_id
   and d.status <> 'completed';
delete from docket.ready_tasks as r
 using docket_private.task_nodes as n
 where n.task_id = r.task_id
   and n.unmet > 0;
set session_replication_role = origin;
"""

TELL = """
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_nested_statements = on;
set auto_explain.log_level = 'notice';
set client_min_messages = 'notice';
"""

# Each name is that of a file. "held" and "idle" are ids that the call is given.
CALLS = {
    "claim_tasks": "select * from docket.claim_tasks(%(project)s, 'agent')",
    "claim_tasks_100": "select * from docket.claim_tasks(%(project)s, 'agent', 100)",
    "complete_task": "select docket.complete_task(%(held)s)",
    "complete_tasks_100": "select * from docket.complete_tasks(%(batch)s)",
    "complete_and_claim": "select * from docket.complete_and_claim(%(held)s)",
    "heartbeats": "select * from docket.heartbeats(array[%(held)s]::uuid[])",
    "fail_task": "select docket.fail_task(%(held)s, 'broken')",
    "sweep_leases": "select * from docket.sweep_leases(%(project)s)",
    "next_tasks": "select * from docket.next_tasks(%(project)s)",
    "list_tasks": "select * from docket.list_tasks(%(project)s, page_size => 20)",
    "why_blocked": "select * from docket.why_blocked(%(waiting)s)",
    "search_tasks": "select * from docket.search_tasks(%(project)s, 'c4ca42')",
    "get_context": "select * from docket.get_context(%(known)s, 'ai')",
    "latest_contexts": "select * from docket.latest_contexts(%(known)s)",
    "put_context": "select docket.put_context(%(known)s, 'ai', '[1]')",
    "search_contexts": "select * from docket.search_contexts(%(project)s, 'a87ff6')",
    "tasks_touching": "select * from docket.tasks_touching(%(project)s, 'src/login.py')",
    "add_dependency": "select docket.add_dependency(%(waiting)s, %(idle)s)",
    "create_tasks": """select * from docket.create_tasks(%(project)s, '[{"title": "one"}]')""",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that ran, and its plan without costs."""

    query: str
    plan: str

    @property
    def indexes(self) -> set[str]:
        """The indexes that the plan uses."""
        found = re.findall(r"(?:Index(?: Only)? Scan(?: Backward)? using|Index Scan on) (\S+)",
                           self.plan)  # fmt: skip
        return set(found) | set(re.findall(r"Bitmap Index Scan on (\S+)", self.plan))

    @property
    def index_conditions(self) -> list[tuple[str, str]]:
        """Each index that is scanned, with the condition that it is entered by, if any."""
        return re.findall(
            r"(?:Index(?: Only)? Scan(?: Backward)? using|Bitmap Index Scan on) (\S+)[^\n]*"
            r"(?:\n +Index Cond: ([^\n]*))?",
            self.plan,
        )

    @property
    def read_whole(self) -> set[str]:
        """The tables that the plan reads from end to end."""
        never = r"One-Time Filter: false\n +->  Seq Scan on \S+"
        return set(re.findall(r"Seq Scan on (\S+)", re.sub(never, "", self.plan)))


def fill(connection: Connection, agent: str, tasks: int = TASKS) -> str:
    """Makes the project that the plans are for, in which a role may write; its id."""
    row = connection.execute(MEMBER.encode(), (agent,)).fetchone()
    if row is None:
        raise RuntimeError("no project was made")
    values = {"project": row[0], "tasks": tasks, "done": tasks // 2}
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(STORE.encode(), values)
        cursor.execute(REST.encode())
    # Until then whoever searches has to read what the GIN indexes have not sorted in yet.
    connection.execute("vacuum analyze")
    return str(row[0])


def arguments(session: Connection, project: str) -> dict[str, object]:
    """What the calls are given: attempts that the agent holds, and tasks that wait or do not."""

    def one(query: str) -> object:
        row = session.execute(query.encode(), (project,)).fetchone()
        return None if row is None else row[0]

    task = (
        "select t.task_id from docket.tasks as t where t.project_id = %s and t.status = 'pending'"
    )
    ready = "exists (select from docket.ready_tasks as r where r.task_id = t.task_id)"
    return {
        "project": project,
        "held": one("select attempt_id from docket.claim_tasks(%s, 'agent')"),
        "batch": one(
            "select jsonb_agg(jsonb_build_object('attempt_id', t.attempt_id))::text"
            "  from docket.claim_tasks(%s, 'agent', 100) as t"
        ),
        "waiting": one(f"{task} and not {ready} order by t.task_key limit 1"),
        "idle": one(f"{task} and {ready} order by t.task_key limit 1"),
        "known": one(
            "select c.task_id from docket.task_contexts as c where c.project_id = %s limit 1"
        ),
    }


def explain(session: Connection, agent: str, project: str) -> dict[str, list[Statement]]:
    """The statements of each call, each once, by a superuser's session in the role of an agent.

    Nothing is kept but the claims that the calls need: each call is rolled back.
    """
    told: list[str] = []
    session.execute(sql.SQL("set role {}").format(sql.Identifier(agent)))
    given = arguments(session, project)
    session.execute("reset role")
    session.execute(TELL)
    session.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    found = {}
    for name, query in CALLS.items():
        session.execute("begin")
        if name == "sweep_leases":
            session.execute("set local docket.fake_now = '2100-01-01'")
        session.execute(sql.SQL("set local role {}").format(sql.Identifier(agent)))
        # The plan of a statement is told when the next one comes.
        session.execute("select")
        told.clear()
        session.execute(query.encode(), given)
        session.execute("select")
        found[name] = statements(told)
        session.execute("rollback")
    return found


def statements(told: Sequence[str]) -> list[Statement]:
    """What auto_explain has told, without costs and times, each statement and plan once."""
    found: dict[Statement, None] = {}
    for message in told:
        match = re.fullmatch(r"duration: \S+ ms  plan:\nQuery Text: (.*)", message, re.DOTALL)
        if match:
            # The plan begins with the first line that has a cost.
            lines = re.sub(UUID, "<id>", match[1]).splitlines()
            begin = next(i for i, line in enumerate(lines) if re.search(r"\(cost=\S+ rows=", line))
            query = "\n".join(
                line.rstrip() for line in lines[:begin] if not line.startswith("Query Parameters:")
            ).strip()
            plan = "\n".join(re.sub(r"  \(cost=[^)]*\)", "", line) for line in lines[begin:])
            found[Statement(query, plan)] = None
    return list(found)


def big_tables(connection: Connection) -> set[str]:
    """The tables that hold many rows."""
    rows = connection.execute(
        "select c.relname from pg_catalog.pg_class as c where c.relkind = 'r' and c.reltuples >= %s"
        " and c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)",
        (BIG,),
    )
    return {row[0] for row in rows}


def kept_indexes(name: str) -> set[str]:
    """The indexes that the file of a call names."""
    return Statement("", (PLANS / f"{name}.txt").read_text()).indexes


def text(name: str, found: Sequence[Statement]) -> str:
    """The file of a call, as it is kept."""
    head = f"{CALLS[name]}\n\nWritten by `python -m bench explain`: what ran in it.\n"
    return head + "".join(f"\n{'-' * 78}\n{each.query}\n\n{each.plan}\n" for each in found)


def main() -> list[object]:
    """Writes bench/plans/ anew."""
    PLANS.mkdir(exist_ok=True)
    with bench() as machine:
        conninfo = machine.database()
        machine.agent(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as session:
            project = fill(session, AGENT)
            for name, found in explain(session, AGENT, project).items():
                (PLANS / f"{name}.txt").write_text(text(name, found))
    return []

"""The journal says exactly what PostgreSQL's own log says was written, value by value."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from support import databases, sessions, soak
from support.databases import Database
from support.decoding import Change, begin_decoding, told, written
from support.servers import VERSIONS, open_private_server
from support.sessions import Connection

ROUNDS = soak.size(4, 200)
WRITERS, TRANSACTIONS = soak.size((5, 25), (12, 1500))
ALLOWED = {
    "PDLSE", "PD409", "PDTRN", "PDCYC", "PD404", "PDGAT", "PDVER", "PD422", "23001", "23502",
    "23503", "23505", "23514",
}  # fmt: skip

TASK: LiteralString = "(select t.task_id from docket.tasks as t order by random() limit 1)"
PROJECT: LiteralString = "(select p.project_id from docket.projects as p order by random() limit 1)"
ATTEMPT: LiteralString = (
    "(select a.attempt_id from docket.task_attempts as a order by a.outcome is not null, random()"
    " limit 1)"
)
PULL: LiteralString = (
    "(select r.pull_request_id from docket.pull_requests as r order by random() limit 1)"
)
NAME: LiteralString = "substr(md5(random()::text), 1, 6)"

# What clients may do, by the functions.
CALLS: tuple[LiteralString, ...] = (
    f"select docket.create_project({NAME}, description => E'it''s\n\\\\ [a]:''b'' new-tuple: ')",
    f'select docket.update_project({PROJECT}, \'{{"description": "another"}}\')',
    f"select docket.create_workflow({PROJECT}, {NAME})",
    f"select docket.create_task({PROJECT}, {NAME}, tags => array['a,b', '\"', null])",
    f'select docket.create_tasks({PROJECT}, \'[{{"title": "one", "task_key": "k1"}},'
    ' {"title": "two", "depends_on": ["k1"]}, {"title": "three", "parent": "k1"}]\')',
    f"select docket.update_task({TASK}, jsonb_build_object('title', {NAME}, 'details',"
    " repeat(md5(random()::text), 200)))",
    f'select docket.update_task({TASK}, \'{{"priority": 7, "due_at": null}}\')',
    f"select docket.update_task_status({TASK}, 'cancelled')",
    f"select docket.update_task_status({TASK}, 'pending')",
    f"select docket.mark_task_completed({TASK}, '{{\"a\": [1, null]}}')",
    f"select docket.delete_task({TASK})",
    f"select docket.purge_task({TASK})",
    f"select docket.fork(array[{TASK}])",
    f"select docket.add_dependency({TASK}, {TASK})",
    f"select docket.supersede({TASK}, {TASK})",
    f"select docket.claim_tasks({PROJECT}, 'agent', 1)",
    f"select docket.claim_tasks({PROJECT}, 'agent', 4)",
    "select docket.claim_across_projects('agent', max_tasks => 2)",
    "select docket.start_task((select r.task_id from docket.ready_tasks as r limit 1), 'agent')",
    f"select docket.heartbeat({ATTEMPT})",
    f"select docket.complete_task({ATTEMPT}, '{{\"ok\": true}}', actual_effort => 1.50)",
    f"select docket.complete_tasks(jsonb_build_array(jsonb_build_object('attempt_id', {ATTEMPT})))",
    f"select docket.complete_and_claim({ATTEMPT})",
    f"select docket.fail_task({ATTEMPT}, 'no', 'bug', '{{\"line\": 1}}')",
    f"select docket.release_task({ATTEMPT}, 'later')",
    "update docket.task_attempts set lease_expires_at = '2000-01-01' where outcome is null;"
    f" select docket.sweep_leases({PROJECT})",
    "select docket.retry_failed((select t.project_id from docket.tasks as t"
    " where t.status = 'failed' limit 1))",
    f"select docket.put_context({TASK}, 'note', to_jsonb({NAME}))",
    f"select docket.put_context_raw({TASK}, 'note', convert_to(random()::text || ' ', 'UTF8'))",
    f"select docket.patch_context({TASK}, 'plan', jsonb_build_object({NAME}, 1))",
    "select docket.delete_context(c.task_id, c.context_type) from docket.task_contexts as c"
    " where not c.is_tombstone"
    "   and c.version = (select max(n.version) from docket.task_contexts as n"
    " where n.task_id = c.task_id and n.context_type = c.context_type) limit 1",
    "select docket.pin_context(c.task_id, c.context_type, c.version, 'x')"
    " from docket.task_contexts as c limit 1",
    f"select docket.register_context_type({PROJECT}, {NAME}, keep_versions => 1)",
    f"select docket.register_context_type({PROJECT}, 'plan', keep_versions => 1),"
    f" docket.patch_context({TASK}, 'plan', jsonb_build_object({NAME}, 2)),"
    f" docket.prune_contexts({PROJECT})",
    f"select docket.put_session({PROJECT}, {NAME}, '{{\"step\": 1}}')",
    f"select docket.record_usage({TASK}, 10, 0.5)",
    f"select docket.record_interaction({TASK}, 'ann', 'chat', true, '{{\"a\": 1}}',"
    " input_tokens => 5, cost_amount => 0.1)",
    f"select docket.put_knowledge({PROJECT}, 'guide', {NAME}, '# One', tags => '{{a,b}}')",
    f"select docket.put_artifact({TASK}, 'a.py', convert_to({NAME}, 'UTF8'))",
    "select docket.delete_artifact(a.artifact_id) from docket.code_artifacts as a limit 1",
    "select docket.archive_knowledge(k.knowledge_id) from docket.knowledge_base as k limit 1",
    f"select docket.put_template({PROJECT}, 'flow', 'workflow', '{{\"name\": \"{{{{n}}}}\","
    ' "tasks": [{"title": "T", "task_key": "t"}, {"title": "U", "depends_on": ["t"]}]}\')',
    f"select docket.instantiate_workflow(t.template_id, jsonb_build_object('n', {NAME}))"
    " from docket.templates as t limit 1",
    f"select docket.record_learning({PROJECT}, 'hunch', random() < 0.5, 'It is so')",
    "select docket.record_learning(t.project_id, 'hunch', true, 'It is so', task_id => t.task_id)"
    " from docket.tasks as t limit 1",
    f"select docket.set_budget({PROJECT}, max_tokens => 1000)",
    f"select docket.record_pull_request({PROJECT}, 'acme/shop', (random() * 5)::bigint,"
    ' \'{"title": "t"}\')',
    f"select docket.link_pull_request({TASK}, {PULL})",
    f"select docket.require_validation({TASK}, 'tests')",
    f"select docket.record_validation({TASK}, 'tests', 'passed')",
    f"select docket.record_validation({TASK}, 'style', 'failed')",
    f"select docket.enter_workflow_state('review', task_id => {TASK})",
    f"select docket.pause_project({PROJECT}), docket.resume_project({PROJECT})",
    f"select docket.grant_access({NAME}, 'reader', {PROJECT})",
    f'select docket.import_tasks_json({NAME}, \'f\', \'{{"master": {{"tasks": [{{"id": 1,'
    ' "title": "a", "subtasks": [{"id": 1, "title": "b"}]}]}}\')',
)

# What only an owner may do, by hand; the triggers are no respecters of persons.
BY_HAND: tuple[LiteralString, ...] = (
    f"update docket.tasks set title = title where task_id = {TASK}",
    f'update docket.tasks set metadata = \'{{"b": 1, "a": 2}}\' where task_id = {TASK}',
    "update docket.tasks set estimated_effort = 0.1 + coalesce(estimated_effort, 0)",
    f"insert into docket.tasks (project_id, title) select {PROJECT}, 'many'"
    " from generate_series(1, 9)",
    f"delete from docket.tasks where task_id = {TASK}",
    "delete from docket.projects as p where p.project_id = (select t.project_id from docket.tasks"
    " as t group by t.project_id having count(t.parent_task_id) = 0 limit 1)",
    f"insert into docket.settings (setting_key, value, description) values ({NAME}, '1', 'one')",
    "insert into docket.settings (setting_key, value, description) values ('twice', '1', 'one')"
    " on conflict (setting_key) do update set value = to_jsonb(random()), description = 'again'",
    "insert into docket.settings (setting_key, value, description) values ('twice', '1', 'one')"
    " on conflict do nothing",
    "merge into docket.settings as s using (values ('twice'), ('thrice')) as v (k)"
    " on s.setting_key = v.k and random() < 0.5"
    " when matched and random() < 0.5 then delete"
    " when matched then update set description = s.description || '.'"
    " when not matched and v.k not in (select k.setting_key from docket.settings as k)"
    " then insert (setting_key, value, description) values (v.k, 'null', '')",
    "with moved as (update docket.settings set version = version + 1 where setting_key = 'twice'"
    " returning setting_key) delete from docket.settings where setting_key ~ '^[0-7]'",
    "update docket.retry_policies set backoff_seconds = backoff_seconds + 1, jitter = 0.25",
    "truncate docket.budgets, docket.task_contexts, docket.context_contents, docket.context_pins",
    "truncate docket.pull_requests cascade",
)


# Everything but what takes a lock on a whole table, for which many would only wait.
AT_ONCE = (
    *CALLS,
    *(each for each in BY_HAND if not each.startswith("truncate")),
    "select docket.maintain()",
)
# One of two who met: the server undid its transaction. A project that an owner deletes by hand is
# gone for the policies (42501) before the foreign keys are asked.
UNDONE = {"40001", "40P01", "55P03", "42501"}

# What writes into the journal by itself, and not by a trigger.
MUST = tuple(
    each
    for each in CALLS
    if any(word in each for word in ("claim", "complete_", "fail_task", "release", "sweep"))
)


@pytest.fixture(params=list(VERSIONS))
def decoded(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[Database]:
    """The whole schema on a server of its own, whose log can be decoded."""
    settings = {"wal_level": "logical", "max_replication_slots": "2"}
    try:
        server = open_private_server(run_folder, request.param, settings)
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    databases.deploy(database)
    yield database
    server.local.stop("immediate")


def step(session: Connection, statement: LiteralString, done: Counter[str]) -> None:
    """One statement, in a savepoint of its own, which it may fail in."""
    try:
        with session.transaction():
            if session.execute(statement).rowcount != 0:
                done[statement] += 1
    except psycopg.Error as error:
        if error.sqlstate not in ALLOWED:
            raise


def copy(session: Connection, chance: random.Random) -> None:
    """Rows by COPY, with what COPY has to quote."""
    statement = "copy docket.settings (setting_key, value, description) from stdin"
    with session.cursor().copy(statement) as rows:
        for number in range(3):
            rows.write_row((f"copied {chance.random()}", str(number), "tab\tand\nline \\"))


def write(session: Connection, chance: random.Random) -> Counter[str]:
    """Statements of all kinds, in transactions of all lengths, some undone; what went well."""
    done: Counter[str] = Counter()
    for statement in CALLS:
        step(session, statement, done)
    for number in range(10 * ROUNDS):
        if number >= ROUNDS and not missed(done, MUST):
            break
        statements = [*CALLS, *BY_HAND]
        chance.shuffle(statements)
        while statements:
            with session.transaction(force_rollback=chance.random() < 0.1):
                for _ in range(min(chance.choice((1, 1, 1, 3, 10)), len(statements))):
                    with session.transaction(force_rollback=chance.random() < 0.1):
                        step(session, statements.pop(), done)
                copy(session, chance)
    return done


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_the_journal_says_what_the_log_of_the_database_says(decoded: Database) -> None:
    with psycopg.connect(decoded.conninfo, autocommit=True) as session:
        session.execute("update docket.retry_policies set backoff_seconds = 0, max_attempts = 1")
        last = session.execute("select max(audit_id) from docket.audit_log").fetchone()
        begin_decoding(session)
        done = write(session, random.Random(5))  # noqa: S311
        from_log, from_journal = Counter(written(session)), Counter(told(session, last[0]))

    assert missed(done, MUST) == []
    assert len(missed(done, (*CALLS, *BY_HAND))) <= 5
    missing, invented = shown(from_log - from_journal), shown(from_journal - from_log)
    assert (missing, invented) == ([], []), f"missing: {missing}\ninvented: {invented}"
    assert len({(each.table, each.operation) for each in from_log}) > 30
    assert len(from_log) > 500


def write_beside(session: Connection, chance: random.Random) -> int:
    """Transactions beside those of others, at any isolation; how many were committed."""
    session.execute("set synchronous_commit = on")  # only what was flushed is decoded
    committed = 0
    for _ in range(TRANSACTIONS):
        session.isolation_level = chance.choice(sessions.ISOLATION_LEVELS)
        try:
            with session.transaction(force_rollback=chance.random() < 0.1):
                for _ in range(chance.choice((1, 1, 1, 3, 6))):
                    step(session, chance.choice(AT_ONCE), Counter())
        except psycopg.Error as error:
            if error.sqlstate not in UNDONE:
                raise
        else:
            committed += 1
    return committed


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_it_says_so_too_of_many_sessions_at_once(decoded: Database) -> None:
    with ExitStack() as stack:
        session, *writers = (
            stack.enter_context(closing(psycopg.connect(decoded.conninfo, autocommit=True)))
            for _ in range(1 + WRITERS)
        )
        session.execute("update docket.retry_policies set backoff_seconds = 0, max_attempts = 2")
        for _ in range(3):
            for statement in CALLS[:6]:
                step(session, statement, Counter())
        last = session.execute("select max(audit_id) from docket.audit_log").fetchone()
        begin_decoding(session)
        running = [
            sessions.start_work(writer, partial(write_beside, writer, random.Random(number)))  # noqa: S311
            for number, writer in enumerate(writers)
        ]
        committed = sum(each.result(soak.PATIENCE) for each in running)
        from_log, from_journal = Counter(written(session)), Counter(told(session, last[0]))

    assert committed > WRITERS * TRANSACTIONS / 4
    missing, invented = shown(from_log - from_journal), shown(from_journal - from_log)
    assert (missing, invented) == ([], []), f"missing: {missing}\ninvented: {invented}"
    assert len(from_log) > WRITERS * TRANSACTIONS


def missed(done: Counter[str], statements: Sequence[str]) -> list[str]:
    """The statements that have not gone well once."""
    return [each for each in statements if not done[each]]


def shown(changes: Counter[Change]) -> list[str]:
    """Some of the changes, for a message."""
    return [
        f"{each.operation} of {each.table} {each.key}: {sorted(each.old)} to {sorted(each.new)}"
        for each in list(changes)[:10]
    ]

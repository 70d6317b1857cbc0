"""What a DBA asks from the shell: each question, a chain of locks, a plan, and an index to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pgdocket.files import project_files
from support import databases
from support.clients import Run, RunJson, eventually, run_at
from support.databases import Database
from support.servers import open_private_server
from support.sessions import Connect, start_work

NAMES = sorted(path.stem for path in (project_files() / "sql" / "ops").glob("*.sql"))
LOCK = "lock table docket.retry_policies in access exclusive mode"
MANY = (
    "create table docket.many as select i as a, i % 7 as b from generate_series(1, 30000) as i;"
    "analyze docket.many"
)


def test_every_question_is_listed_and_answered(
    run: Run, run_json: RunJson, docket: Database, connect: Connect
) -> None:
    listed = run_json("ops")
    assert [each["question"] for each in listed] == NAMES
    assert all(each["asks"].endswith("?") for each in listed)
    session = connect(docket)
    for name in set(NAMES) - {"slow_statements"}:
        assert isinstance(run_json("ops", name), list)
        # As psql would run it, too.
        session.execute((project_files() / "sql" / "ops" / f"{name}.sql").read_bytes())
    told = run("ops", "table_sizes")
    assert told.exit_code == 0
    assert "audit_log" in told.output
    assert run("ops", "wishes").exit_code == 4
    assert run("ops", "slow_statements").exit_code == 4


def test_a_chain_of_locks_is_told_from_its_root(
    run_json: RunJson, docket: Database, connect: Connect
) -> None:
    root, middle, last = (connect(docket) for _ in range(3))
    pids = [each.info.backend_pid for each in (root, middle, last)]
    root.execute("begin")
    root.execute("lock table docket.settings in access exclusive mode")
    middle.execute("begin")
    middle.execute(LOCK)
    works = [
        start_work(middle, lambda: middle.execute("table docket.settings")),
        start_work(last, lambda: last.execute("table docket.retry_policies")),
    ]
    eventually(lambda: len(run_json("ops", "blocking")) == 2, "two wait")
    first, second = run_json("ops", "blocking")
    assert [(first["root_pid"], first["pid"], first["depth"])] == [(pids[0], pids[1], 1)]
    assert (second["root_pid"], second["blocked_by_pid"], second["pid"]) == tuple(pids)
    assert first["waits_for"] == "AccessShareLock on relation docket.settings"
    assert first["root_state"] == "idle in transaction"
    root.execute("rollback")
    works[0].result(10)
    middle.execute("rollback")
    works[1].result(10)
    assert run_json("ops", "blocking") == []


def test_a_table_that_is_read_whole_again_and_again_is_told(
    run_json: RunJson, docket: Database, connect: Connect
) -> None:
    session = connect(docket)
    session.execute(MANY)
    for _ in range(60):
        session.execute("select sum(m.b) from docket.many as m")
    session.execute("select pg_stat_force_next_flush()")
    rows = run_json("ops", "missing_indexes")
    assert [each["table_name"] for each in rows if each["may_lack_an_index"]] == ["many"]


def test_a_plan_is_shown_and_nothing_is_run(
    run: Run, run_json: RunJson, docket: Database, connect: Connect
) -> None:
    session = connect(docket)
    session.execute(MANY)
    found = run_json("explain", "delete from docket.many where b = 3 and a = 7")
    assert found["plan"][1]["node"] == "> Seq Scan on many"
    assert "try an index" in found["plan"][1]["advice"]
    assert session.execute("select count(*) from docket.many").fetchone() == (30000,)
    for wrong in ("select 1; drop table docket.many", "selec 1", "select * from docket.nowhere"):
        refused = run("explain", wrong)
        assert refused.exit_code == 3
        assert "has no plan" in refused.output


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Database]:
    """A docket on a server that counts statements."""
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    try:
        server = open_private_server(tmp_path, "pg15", settings)
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    databases.deploy(database)
    yield database
    server.local.stop()


def test_with_their_extensions_slow_statements_are_told_and_an_index_is_proven(
    counted: Database, connect: Connect
) -> None:
    run, session = run_at(counted), connect(counted)
    asked = ("explain", "select * from docket.many where a = 7")
    index = ("--index", "create index on docket.many (a)")
    session.execute(MANY)
    assert run(*asked, *index).exit_code == 4
    session.execute("create extension hypopg")
    told = run(*asked, *index)
    assert told.exit_code == 0
    assert "Index Scan" in told.output
    assert "with the index" in told.output
    made = "select count(*) from pg_indexes where tablename = 'many'"
    assert session.execute(made).fetchone() == (0,)

    session.execute("create extension pg_stat_statements")
    session.execute("select count(pg_sleep(0.5)), 'slow'")
    told = run("ops", "slow_statements")
    assert told.exit_code == 0, told.output
    assert "pg_sleep" in told.output
    query = (
        "select s.calls, s.mean_ms from docket.slow_statements(1000) as s where s.statement ~ %s"
    )
    (found,) = session.execute(query, ("pg_sleep",)).fetchall()
    assert found[0] == 1
    assert found[1] >= 500

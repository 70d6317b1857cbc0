"""Statements that go to the server together end as if each had gone alone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgdocket.sqitch.connection import connect
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.joining import joined
from pgdocket.sqitch.wire import Wire
from support.changes import (
    Project,
    deployed,
    execute,
    is_running,
    known_statements,
    query,
    tables,
    wait_until,
)
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]


class Printed:
    """What a script prints, in its order."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def out(self, text: str) -> None:
        self.text.append(text)

    def err(self, text: str) -> None:
        self.text.append(text)


@pytest.fixture
def database(server: TestServer, new_database: NewDatabase) -> Database:
    return new_database(server)


@pytest.fixture
def pipelines(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went together, each time that some did."""
    seen: list[int] = []
    pipeline = Wire.pipeline

    def spy(
        wire: Wire, queries: list[bytes], turn: Callable[[int], None]
    ) -> tuple[int, psycopg.pq.abc.PGresult]:
        seen.append(len(queries))
        return pipeline(wire, queries, turn)

    monkeypatch.setattr(Wire, "pipeline", spy)
    return seen


def run(database: Database, path: Path, text: str, *, is_muted: bool = False) -> list[str]:
    """Runs a script as a deploy does; returns what it prints."""
    path.write_text(text)
    printed = Printed()
    with contextlib.closing(connect(database.conninfo)) as connection:
        session = ScriptSession(connection, printed)
        session.run(path, {}, known_statements(path, {}), is_muted=is_muted)
    return printed.text


def groups(path: Path, text: str, *, is_muted: bool = False) -> list[list[str]]:
    """The first words of the statements that go together."""
    path.write_text(text)
    found = joined(known_statements(path, {}) or (), is_muted=is_muted)
    return [[each.text.split()[0] for each in group] for _, group in found]


def test_the_statements_of_a_block_go_together(
    database: Database, tmp_path: Path, pipelines: list[int]
) -> None:
    text = "begin;" + "create table a (a int); comment on table a is 'x'; drop table a;" + "commit;"
    assert run(database, tmp_path / "a.sql", text) == []
    assert pipelines == [3]


@pytest.mark.parametrize(
    "alone",
    [
        "copy t to stdout",
        "commit work",
        "savepoint s",
        "select 1\\; select 2",
        "select $1",
        f"create table {'x' * 64} (a int)",
        f'create table "{"x " * 40}" (a int)',
        f"create table {'ä' * 32} (a int)",
        "create global temp table g (a int)",
        "select '1'::timestamp(7)",
        "/* create */ copy t to stdout",
        "insert into t values (1)",
        "with a as (select 1) insert into t select * from a",
        "create function begin() returns int language sql as 'x'; select 1",
        "create function f() returns int language sql begin atomic select begin from a; end;"
        " select 1",
        f"select '{'x' * 70_000}'",
    ],
)
def test_what_might_differ_goes_alone(tmp_path: Path, alone: str) -> None:
    text = f"create table a (); create table b (); {alone};"
    word = alone.split()[0]
    assert groups(tmp_path / "a.sql", text) == [["create", "create"], [word]]


@pytest.mark.parametrize(
    "with_others",
    [
        "create function f() returns int language sql begin atomic select 1; select 2; end",
        "create function f() returns int language sql begin atomic"
        " select case when true then 1 end; end",
        "create function f() returns int language plpgsql as $$ begin return 1; end $$",
        f"comment on table a is '{'word ' * 50}'",
        "do $$ begin perform 1; end $$",
        "select 'x'::timestamp(6)",
    ],
)
def test_what_cannot_differ_goes_with_others(tmp_path: Path, with_others: str) -> None:
    text = f"create table a (); {with_others}; drop table a;"
    assert len(groups(tmp_path / "a.sql", text, is_muted=True)) == 1


def test_rows_to_print_end_a_group(tmp_path: Path) -> None:
    text = "create table a (); select 1; select 2; insert into a default values; drop table a;"
    path = tmp_path / "a.sql"
    assert groups(path, text) == [["create", "select"], ["select"], ["insert"], ["drop"]]
    assert groups(path, text, is_muted=True) == [["create", "select", "select", "insert", "drop"]]


def test_a_group_is_not_endless(tmp_path: Path) -> None:
    text = f"select '{'x' * 1000}';" * 500
    sizes = [len(group) for group in groups(tmp_path / "a.sql", text, is_muted=True)]
    assert sum(sizes) == 500
    assert max(sizes) < 70


def test_nothing_runs_after_an_error(database: Database, tmp_path: Path) -> None:
    execute(database, "create sequence s; create table t (a int)")
    text = "begin; alter table t add b int; select nextval('s');\n alter table t add b int;"
    text += "select nextval('s'); do $$ begin perform nextval('s'); end $$; commit;"
    with pytest.raises(ScriptError) as caught:
        run(database, tmp_path / "a.sql", text, is_muted=True)
    assert (caught.value.sqlstate, caught.value.line) == ("42701", 2)
    assert query(database, "select last_value, is_called from s") == [(1, True)]


def test_each_statement_has_its_own_timeout(database: Database, tmp_path: Path) -> None:
    pause = "do $$ begin perform pg_sleep(0.15); end $$;\n"
    text = f"begin; set local statement_timeout = 250;\n{pause * 4}commit;"
    assert run(database, tmp_path / "a.sql", text) == []
    text = f"begin; set local statement_timeout = 100;\ncreate table t ();\n{pause}drop table t;"
    with pytest.raises(ScriptError, match="statement timeout") as caught:
        run(database, tmp_path / "a.sql", text + "commit;")
    assert caught.value.line == 3


def test_notices_come_while_a_later_statement_runs(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text("begin;\ndo $$ begin raise notice 'early'; end $$;\nselect pg_sleep(60);\n")
    heard = threading.Event()

    class Listening(Printed):
        def err(self, text: str) -> None:
            super().err(text)
            heard.set()

    printed = Listening()
    with contextlib.closing(connect(database.conninfo)) as connection:
        session = ScriptSession(connection, printed)

        def end() -> None:
            assert heard.wait(30)
            wait_until(database, is_running("pg_sleep(60)"))
            connection.cancel_safe()

        thread = threading.Thread(target=end)
        thread.start()
        with pytest.raises(ScriptError, match="user request"):
            session.run(path, {}, known_statements(path, {}))
        thread.join()
    assert printed.text == [f"psql:{path}:2: NOTICE:  early\n"]


def test_an_interrupt_stops_the_statement_and_all_after_it(
    database: Database, tmp_path: Path
) -> None:
    execute(database, "create sequence s")
    path = tmp_path / "a.sql"
    path.write_text("begin; create table t ();\ndo $$ begin perform pg_sleep(60); end $$;\n"
                    "do $$ begin perform nextval('s'); end $$; commit;")  # fmt: skip

    def interrupt() -> None:
        wait_until(database, is_running("perform pg_sleep(60)"))
        os.kill(os.getpid(), signal.SIGINT)

    with contextlib.closing(connect(database.conninfo)) as connection:
        session = ScriptSession(connection, Printed())
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            session.run(path, {}, known_statements(path, {}))
        thread.join()
        path.write_text("begin; create table u (); create table v (); commit;")
        session.run(path, {}, known_statements(path, {}))  # the session is still good
    assert tables(database) == {"u", "v"}
    assert query(database, "select is_called from s") == [(False,)]


def test_a_lost_server_is_an_error_not_a_hang(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text("begin; create table t ();\n"
                    "do $$ begin perform pg_terminate_backend(pg_backend_pid()); end $$;\n"
                    "create table u (); commit;")  # fmt: skip
    with contextlib.closing(connect(database.conninfo)) as connection:
        session = ScriptSession(connection, Printed())
        with pytest.raises(ScriptError) as caught:
            session.run(path, {}, known_statements(path, {}))
    assert (caught.value.sqlstate, caught.value.line) == ("57P01", 2)
    assert tables(database) == set()


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A script whose statements and answers are far larger than any buffer between."""
    text = f"-- {'x' * 1000}\n"
    shout = f"do $$ begin {text}raise notice '%', repeat('n', 60000); end $$;\n"
    rows = "select repeat('r', 1000) from generate_series(1, 1000);\n"
    large = f"do $$ begin {text * 1200} perform 1; end $$;\n"
    path = tmp_path / "big.sql"
    path.write_text("begin;\n" + (shout * 3 + rows) * 15 + large + shout + "commit;\n")
    return path


@pytest.mark.parametrize("is_muted", [True, False])
def test_large_statements_and_answers_pass(database: Database, big: Path, is_muted: bool) -> None:
    printed = run(database, big, big.read_text(), is_muted=is_muted)
    notices = [text for text in printed if "NOTICE" in text]
    assert len(notices) == 46
    lines = [int(text.split(":")[2]) for text in notices]
    assert lines == sorted(set(lines))
    assert sum(len(text) for text in printed if text.startswith("r")) == (
        0 if is_muted else 15 * 1001 * 1000
    )


def test_a_failure_at_the_commit_is_told_and_leaves_nothing(
    database: Database, tmp_path: Path
) -> None:
    project = Project(tmp_path / "shop", "shop").change("one").change("two").save()
    project.write("two", "verify", "begin; create table v (); insert into public.one values (1);"
        "select count(*) from public.one; rollback;",
    )  # fmt: skip
    assert project.ours(database, "deploy", "--to", "one").code == 0
    execute(database, "create function public.no() returns trigger language plpgsql as"
        " 'begin raise exception ''not %'', new.change; end'; create constraint trigger no"
        " after insert on sqitch.changes deferrable initially deferred"
        " for each row execute function public.no()",
    )  # fmt: skip
    told = project.ours(database, "deploy", "--verify")
    assert told.code == 2
    assert "not two" in told.stderr
    assert "Verify script" not in told.stderr
    assert (deployed(database), tables(database)) == (["one"], {"one"})


def test_a_settled_constraint_is_no_failure_of_the_verify_script(
    database: Database, tmp_path: Path
) -> None:
    project = Project(tmp_path / "shop", "shop").change("one").save()
    project.write("one", "deploy", "begin; create table public.one (a int unique deferrable"
        " initially deferred); insert into public.one values (1), (1); commit;",
    )  # fmt: skip
    told = project.ours(database, "deploy", "--verify")
    assert told.code == 2
    assert "duplicate key value violates unique constraint" in told.stderr
    assert "Verify script" not in told.stderr
    assert tables(database) == set()

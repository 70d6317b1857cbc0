"""Scripts run as psql would run them: results, messages, errors and sessions."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pgdocket.sqitch.connection import connect
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.failure import ScriptError
from support.changes import known_statements
from support.databases import Database
from support.servers import TestServer

NewDatabase = Callable[[TestServer], Database]

OUTPUTS = [
    "select 1, null, 'a|b', true;\nselect 'x\ny';",
    "select 1 where false; create table t (a int, b text); insert into t values (1, 'x');",
    "copy t_copy from stdin;\n1\tone\n2\t\\N\n\\.\nselect * from t_copy order by 1; select 3;",
    'copy t_copy from stdin with (format csv);\n1,"a\nb"\n\\.\ncopy t_copy to stdout;',
    "select 5 as five, 'six' as six \\gset\nselect :five + 1, :'six';",
    "select 1 as a, null as b \\gset p_\nselect :p_a, :{?p_b};",
    "select format('select %s', i) from generate_series(1, 3) as i \\gexec\nselect 9;",
    "select 1 as a \\gset\n\\if :a\n\\echo yes :a\n\\else\n\\echo no\n\\endif",
    "insert into t_copy values (1), (2);\n\\echo :ROW_COUNT rows",
    "select 1\\; select 2;",
    "create function atomic_f() returns int language sql begin atomic select 4; end;\n"
    "select atomic_f();",
    "do $$ begin raise notice 'hello %', 1; end $$;",
    "do $$ begin\n raise warning 'careful' using detail = 'why', hint = 'how';\nend $$;\nselect 1;",
    "\n\nselect 1\n  +\n;\nselect broken from nowhere;",
    "select 1;\n\nselect\n  nocolumn\nfrom pg_class;",
    "do $$ begin\n  perform 1 / 0;\nend $$;",
    "do $$ begin\n  perform no_function(1);\nend $$;",
    "create table d (a int); create table d (a int);",
    "drop table if exists never_there;",
    "insert into t_copy values ('x');\nselect 2;",
    "\\i included.sql\nselect :from_include;",
    "\\ir included.sql\n\\i nowhere.sql\nselect 1;",
    "select :'registry', :'user_set', :'SERVER_VERSION_NUM' = :SERVER_VERSION_NUM::text;",
    "begin; create table in_block (a int); commit; select count(*) from in_block;",
    "select 1 \\gset\nselect 2, 3 \\gset a\nselect 1 where false \\gset\nselect 4;",
    "vacuum; create index concurrently i on t_copy (a); select 1;",
    "begin;\ncreate table a (a int);\ndo $$ begin raise notice 'first'; end $$;\nselect 'one';\n"
    "do $$ begin raise notice 'second'; end $$;\ndrop table if exists n;\nselect 'two';\ncommit;",
    "begin;\ncreate table a (a int);\nselect 'shown';\ncomment on table a is 'x';\n\n"
    "alter table a\n  add b\n  nonsense;\ndo $$ begin raise notice 'never'; end $$;\ncommit;",
    "begin; create table a (a int); select 1 +; select 'never'; commit;",
    "begin; create table a (a int); create table b (a int); select $1; commit;",
    "begin; create table a (a int); set client_min_messages = debug1; create table b (a serial);"
    "commit;",
    f"begin; select 'before'; create table a (a int);\ncreate table {'x' * 64} (a int);\n"
    f"select 'after' as \"{'y' * 64}\"; commit;",
    "begin; create table a (a int); create rule r as on insert to t_copy do also select 'rule';\n"
    "comment on table a is 'x'; insert into t_copy values (1); commit;",
    "begin; savepoint s; create table a (a int); create table a (a int); rollback to s; commit;",
    "begin; create table a (a int);\ncreate function begin() returns int language sql as"
    " 'select 1'; create table b (a int);\nselect begin(), count(*) from b;\ncommit;",
    "begin; create table a (a int); create global temp table b (a int); commit; select 1;",
    "begin; create table a (a int primary key deferrable initially deferred);\n"
    "create table b (a int); alter table a add b int;\ninsert into a values (1), (1);\n"
    "comment on table a is 'x';\ncommit;\nselect 'never';",
]
VARIABLES = {"user_set": "it's", "registry": "sqitch"}


class Collected:
    """Keeps what a script prints."""

    def __init__(self) -> None:
        self.stdout: list[str] = []
        self.stderr: list[str] = []

    def out(self, text: str) -> None:
        self.stdout.append(text)

    def err(self, text: str) -> None:
        self.stderr.append(text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a script to include."""
    (tmp_path / "included.sql").write_text("\\set from_include 42\nselect 'included';\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_psql(database: Database, script: Path) -> tuple[str, str, int]:
    """psql with the options that Sqitch gives it."""
    line = ["psql", "--set", "user_set=it's", "--quiet", "--no-psqlrc", "--no-align"]
    line += ["--tuples-only", "--set", "ON_ERROR_STOP=1", "--set", "registry=sqitch"]
    done = subprocess.run(
        [*line, "--file", str(script)],
        env=database.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr, done.returncode


def prepare(database: Database) -> None:
    """The table that the scripts copy into."""
    with connect(database.conninfo) as connection:
        connection.execute("create table t_copy (a int, b text)")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", OUTPUTS)
def test_output_and_messages_are_psqls(
    server15: TestServer, new_database: NewDatabase, text: str
) -> None:
    script = Path("script.sql")
    script.write_text(text)
    first, second = new_database(server15), new_database(server15)
    for database in (first, second):
        prepare(database)
    stdout, stderr, code = run_psql(first, script)
    printed = Collected()
    with connect(second.conninfo) as connection:
        session = ScriptSession(connection, printed)
        try:
            session.run(script, VARIABLES, known_statements(script, VARIABLES))
            failure = None
        except ScriptError as error:
            failure = error
    assert "".join(printed.stdout) == stdout
    assert (failure is None) == (code == 0)
    said = "".join(printed.stderr) + (f"{failure.text}\n" if failure else "")
    assert comparable(said) == comparable(stderr)


def comparable(text: str) -> list[str]:
    """Messages without what differs on purpose.

    LINE counts in the file here, in the statement there; SQLSTATE is ours alone; psql's own
    errors have another head.
    """
    lines = []
    for line in text.splitlines():
        if line.startswith("SQLSTATE:"):
            continue
        if line.startswith("LINE "):
            line = "LINE" + line[line.index(":") :]
        if line.strip() == "^":
            line = "^"
        lines.append(line.removeprefix("psql:"))
    return lines


@pytest.mark.usefixtures("folder")
def test_an_error_names_file_line_column_and_sqlstate(
    server: TestServer, new_database: NewDatabase
) -> None:
    script = Path("wrong.sql")
    script.write_text(
        "-- a comment\nselect 1;\n\nselect 2,\n\tnowhere.column_x\n  from pg_class;\n"
    )
    with connect(new_database(server).conninfo) as connection:
        with pytest.raises(ScriptError) as caught:
            ScriptSession(connection, Collected()).run(script, {})
        error = caught.value
        assert (error.path, error.line, error.column, error.sqlstate) == (script, 5, 2, "42P01")
        assert "LINE 5:  nowhere.column_x\n         ^" in error.text
        assert error.text.startswith("psql:wrong.sql:6: ERROR:")


def test_each_script_has_a_session_of_its_own(
    server: TestServer, new_database: NewDatabase, folder: Path
) -> None:
    (folder / "a.sql").write_text(
        "set search_path = pg_temp; create temp table leak (a int);\n"
        "prepare p as select 1; set work_mem = '1234kB'; select pg_advisory_lock(1);"
    )
    (folder / "b.sql").write_text(
        "select to_regclass('pg_temp.leak'), current_setting('work_mem') = '1234kB';\n"
        "select count(*) from pg_prepared_statements;\n"
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid();"
    )
    printed = Collected()
    with connect(new_database(server).conninfo) as connection:
        session = ScriptSession(connection, printed)
        session.run(Path("a.sql"), {}, is_muted=True)
        session.run(Path("b.sql"), {})
    assert "".join(printed.stdout) == "|f\n0\n0\n"


def test_a_failed_script_leaves_the_next_one_a_clean_session(
    server: TestServer, new_database: NewDatabase, folder: Path
) -> None:
    (folder / "a.sql").write_text("begin; select 1 / 0;")
    (folder / "b.sql").write_text("select 1;")
    printed = Collected()
    with connect(new_database(server).conninfo) as connection:
        session = ScriptSession(connection, printed)
        with pytest.raises(ScriptError):
            session.run(Path("a.sql"), {})
        session.run(Path("b.sql"), {})
    assert printed.stdout == ["1\n"]

"""The server's log shows the same statements, whoever runs a script: psql, the engine, or psql
what the engine has written down of it."""

from __future__ import annotations

import contextlib
import random
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from pgdocket.sqitch.connection import connect
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.sql_script import SqlScript
from support import databases, soak
from support.changes import execute, known_statements
from support.databases import Database
from support.servers import TestServer, open_private_server

VARIABLES = {"v": "it's :w \\", "w": "7", "cond": "true", "Ünï": "select"}

# Every form that psql treats in a way of its own. Each leaves the session as it found it.
FORMS = [
    r"""select 'a;b', 'it''s;', 'two

lines;', E'it\'s;\\', e'x\
;', 'a'
  'b;';""",
    r"select U&'d\0061;t' as u, b'01', x'1F', n';', U&'x!0061' uescape '!';",
    "select $$;$$, $a$ $$;$$ $b$ $a$, $_é$;$_é$; select 1 as a$b$c; select 'x'as\"q;\"\"x\";",
    "/* a ; /* ; */ still ; */ select 2*/* b ; */3; -- c ;\n--\n",
    "select 4 --;\n , 5 /* open\n; */ ;",
    "select 5 - -3, 5+-3, '1'::text, (array[1,2,3])[1:2], (array[1,2,3])[:w-5:3];",
    "do $do$ begin perform 1; end $do$;",
    """create or replace function f(a int default 1) returns int language sql
begin atomic
    select case when a = 1 then 2 else 3 end;
    select a;
end; select f(a := 2);drop function f;""",
    "create or replace procedure \"begin\"() language sql begin atomic; end; call \"begin\"();"
    "drop procedure \"begin\";",
    "create function begin_end() returns int language sql as 'select 1; select 2'; select 1;"
    "drop function begin_end;",
    "create table public.r (a int); create rule r as on insert to public.r do also"
    " (select 1; select 2);\ndrop table public.r;",
    "begin; select 1; savepoint s; rollback to s; rollback;",
    "select 1\\; select 2\\; select 3; select 4\\;\n;",
    "select :w, :'v', :\"v\" from (select 1 as :\"v\") as s(:\"v\");\n"
    "select :{?v}, :{?nothing}, ':w', \":w\", $$:w$$ from (select 1 as \":w\") as s;",
    ":Ünï :w -- :w\n;",
    "\\set x 'a''b' :w \\\\ select :'x';\n\\unset x\nselect :{?x};",
    "\\set half 'select 1, '\n:half 2;",
    "\\if :cond\nselect 'yes';\n\\if false\nselect 'never;\n';\n\\elif off\nselect :nothing;\n"
    "\\else\nselect 'inner else';\n\\endif\n\\else\nselect 'no';\n\\endif",
    "\\if :{?nothing}\nselect 1;\n\\elif :cond\nselect 'elif'\n\\endif\n;",
    "select\n\\if :cond\n1 -- ;\n\\else\n2\n\\endif\n;",
    "select 1 as a, 'x''y' as b, null as c \\gset p_\nselect :p_a, :'p_b', :{?p_c};",
    "select 'select ' || i || ';' as one, 'select ''b''' as two from generate_series(1, 2) as i"
    " \\gexec\n",
    "select 6 \\g\nselect 7\n\\g\n",
    "\\i included.sql\n",
    "\\ir folder/relative.sql\nselect :inside;",
    "create table public.c (a text, b int);\ncopy public.c from stdin;\nx;y\t1\n\\\\.\t2\n'\t\\N\n"
    "\\.\ncopy public.c (a) from stdin with (format csv);\n\"a;\nb\"\n\\.\nselect * from public.c;"
    "copy public.c to stdout;drop table public.c;",
    "set standard_conforming_strings = off;\nset escape_string_warning = off;\n"
    "select 'a\\';b', E'\\'', $$\\$$;\nreset all;\nselect 'a\\', 'b;';",
    "\\echo :w 'a b' :'v'\n\\qecho -n x\n\\warn y\n",
    "select 1;;; ;\n",
    "set search_path = pg_catalog;show search_path;reset search_path;",
    "select 'ROW', :ROW_COUNT;",
    "vacuum pg_catalog.pg_am; create table public.i(a int);"
    "create index concurrently on public.i (a); drop table public.i;",
    "begin;\ncreate table public.j (a int); comment on table public.j is ';';\n/* x */ grant select"
    " on public.j to public;create index on public.j (a);\ninsert into public.j values (1);"
    " select * from public.j;select 2;create view public.w as select $1$a$1$::text;\ndo $$ begin"
    " perform 1; end $$;create function public.begin() returns int language sql as 'select 1';"
    " select 3;\ncommit;drop schema public cascade; create schema public;",
    "begin; create table public.l (a int); copy public.l from stdin;\n1\n\\.\nrollback;",
]  # fmt: skip
BROKEN = [
    "select 1; select 1/0; select 2;",
    "select 'unterminated;\nselect 1;",
    "select (1; select 2;\n",
    "begin; select nonsense; commit; select 3;",
    "begin; create table public.k (a int); select 1; alter table public.k add b int; comment on"
    " table public.no is 'x'; drop table public.k; create table public.m (); commit; select 3;",
    "\\if true\nselect 1;\n",
    "select 1; \\endif\n select 2;",
    "select 1 where false \\gset\nselect 2;",
    "copy public.nowhere from stdin;\n1\n\\.\nselect 3;",
    "select 'select 1; select 1/0' \\gexec\nselect 4;",
    "\\i nowhere.sql\nselect 1;",
]
SEEDS = range(soak.size(30, 120))


@dataclass(slots=True)
class Printed:
    """What a script prints."""

    text: list[str] = field(default_factory=list)

    def out(self, text: str) -> None:
        self.text.append(text)

    def err(self, text: str) -> None:
        """Messages are compared elsewhere."""


@pytest.fixture(scope="module")
def logging(run_folder: Path) -> Iterator[Database]:
    """A database on a server that logs every statement, with the application that sent it."""
    try:
        server = open_private_server(run_folder, "pg15")
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute("alter system set log_line_prefix = '@@%a@@ '")
        connection.execute("alter system set log_statement = 'all'")
        connection.execute("alter system set log_min_messages = 'log'")
        connection.execute("alter system set log_min_error_statement = 'panic'")
        connection.execute("select pg_reload_conf()")
    yield database
    server.local.stop("immediate")


def statements(server: TestServer) -> dict[str, list[str]]:
    """The statements in the log, by the application that sent them."""
    found: dict[str, list[str]] = {}
    entries = re.split(r"^@@", server.local.log.read_text(errors="replace"), flags=re.MULTILINE)
    for entry in entries:
        sent = re.match(r"(\S+)@@ LOG:  (?:statement|execute \S+): (.*)\n\Z", entry, re.DOTALL)
        if sent is not None:
            found.setdefault(sent[1], []).append(sent[2].replace("\n\t", "\n"))
    return found


def scripts() -> list[str]:
    """Each form, broken scripts, and forms in random company, glued in different ways."""
    found = [*FORMS, *BROKEN]
    for seed in SEEDS:
        choice = random.Random(seed)  # noqa: S311 - not for secrets
        parts = choice.choices(FORMS, k=choice.randint(2, 6))
        parts += choice.choices(BROKEN, k=choice.random() < 0.2)
        glue = choice.choice(["\n", "\r\n", "\n\n-- between; 'em\n", "\n/* ; */\n"])
        found.append(choice.choice(["", "\ufeff", "\n"]) + glue.join(parts))
    return found


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scripts, and what they include in the present folder."""
    (tmp_path / "included.sql").write_text("select 'included', :w;\n\\i folder/deep.sql\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "deep.sql").write_text("select 'deep'")
    (tmp_path / "folder" / "relative.sql").write_text("\\set inside 3\n\\ir deep.sql\n")
    monkeypatch.chdir(tmp_path)
    return scripts()


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_the_log_shows_what_psql_would_have_sent(
    logging: Database, tmp_path: Path, corpus: list[str]
) -> None:
    printed: dict[int, tuple[tuple[bool, str], tuple[bool, str]]] = {}
    for number, text in enumerate(corpus):
        path = tmp_path / f"{number}.sql"
        path.write_bytes(text.encode())
        by_script(logging, path, number)
        printed[number] = by_psql(logging, path, number), by_engine(logging, path, number)
    logged = statements(logging.server)
    for number, text in enumerate(corpus):
        first, *engine = logged[f"engine-{number}"]
        assert first.startswith("set client_connection_check_interval")
        if not printed[number][1][0] and engine[-1:] == ["rollback"]:
            engine.pop()  # where psql only hangs up
        assert logged.get(f"psql-{number}", []) == engine, text
        if (tmp_path / f"written-{number}.sql").exists():
            assert logged.get(f"written-{number}", []) == engine, text
        assert printed[number][0] == printed[number][1], text
    assert len(list(tmp_path.glob("written-*.sql"))) > len(corpus) / 2
    assert sum(map(len, logged.values())) > 30 * len(SEEDS)


def by_script(database: Database, path: Path, number: int) -> None:
    """Writes the script down without variables and commands, where that can be done; runs that."""
    script = SqlScript()
    with contextlib.closing(connect(database.conninfo)) as connection:
        try:
            script.add(connection, Path(path.name), VARIABLES)
        except ScriptError:
            return
    written = path.with_name(f"written-{number}.sql")
    written.write_text(script.text)
    by_psql(database, written, number, {}, "written")


def by_psql(
    database: Database,
    path: Path,
    number: int,
    variables: Mapping[str, str] = VARIABLES,
    program: str = "psql",
) -> tuple[bool, str]:
    """Whether psql runs the script to its end, and what it prints."""
    line = [str(database.server.binaries / "psql"), "--quiet", "--no-psqlrc", "--no-align"]
    line += ["--tuples-only", "--set", "ON_ERROR_STOP=1", "--file", path.name]
    for name, value in variables.items():
        line += ["--set", f"{name}={value}"]
    environment = database.environment | {"PGAPPNAME": f"{program}-{number}"}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    clean(database)
    return done.returncode == 0, done.stdout


def by_engine(database: Database, path: Path, number: int) -> tuple[bool, str]:
    """The same for the engine."""
    printer = Printed()
    ok = False
    conninfo = f"{database.conninfo} application_name=engine-{number}"
    with contextlib.closing(connect(conninfo)) as connection:
        session = ScriptSession(connection, printer)
        with contextlib.suppress(ScriptError):
            session.run(Path(path.name), VARIABLES, known_statements(Path(path.name), VARIABLES))
            ok = True
    clean(database)
    return ok, "".join(printer.text)


def clean(database: Database) -> None:
    """Takes away what a broken script has left."""
    execute(database, "drop schema public cascade; create schema public")

"""Scripts are cut, filled in and run as psql does it: every case is compared with psql itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgdocket.sqitch.inspection import Shape, inspect
from pgdocket.sqitch.lexer import is_copy_from_stdin
from pgdocket.sqitch.script import Execute, NeedsPsql, Variables, Walk, split, walk
from support.servers import VERSIONS, binaries_of
from support.wire import statements_of_psql

SCRIPTS = [
    "select 1; select 2;",
    "select 1",
    "select 1\n",
    ";;\n ;",
    "",
    "\n\n  \n",
    "\ufeffselect 1;",
    "select 1;\r\nselect 2\r\n, 3;\r\n",
    "-- only a comment",
    "/* only a comment */",
    "-- before\n\n  -- again\nselect 1 -- inside ; here\n\n  , 2; -- after\n-- end",
    "/* a ; b */ select /* c /* nested ; */ d ; */ 1;\nselect 2 /* open\n; \n */;",
    "select 2*/* comment ; */3; select 4 --;\n;",
    "select 'a;b'; select 'it''s; ok';",
    "select 'two\n\nlines;', 'x';",
    "select 'a\\'; select 'b';",
    "select E'a\\';b'; select e'\\\\'; select 1;",
    "select E'line\\\n;end'; select 2;",
    "select 'a'\n'b;c'; select E'a'\n'b\\';' ;",
    "select b'01;', x'0f;', n'a;', B'1', X'1', N';';",
    "select U&'d\\0061;t', u&\"d\\0061;\", U&'x' uescape '!';",
    'select "a;b", "it""s;"; select ";',
    "select $$a;b$$; select $x$ $$ ; $y$ ; $x$;",
    "select $a$b$ c$a$; select $1; select $_é$;$_é$;",
    "select foo$bar$baz; select 1$a$;$a$; select $a;$b$;$b$",
    "select (1;2); select ((;));); select 3;",
    "create rule r as on insert to t do also (insert into a values (1); delete from b); select 1;",
    "select a[1:2], b::text, c := 1, x::y::z; select ':not', \":not\", $$:not$$;",
    "do $$ begin perform 1; end $$; select 1;",
    "create function f() returns int begin atomic select 1; select 2; end; select 3;",
    "create or replace function f() returns int language sql begin atomic "
    "select case when true then 1; else 2 end; select 2; end; select 3;",
    "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC; SELECT 1; END; SELECT 2;",
    "create function begin_it() returns int as 'select 1; select 2' language sql; select 1;",
    "create table case_end (begin int); begin; select 1; end;",
    "create view v as select case when a then 'x' end from t; select 1;",
    "create or replace view f as select 1; begin; end; select 1;",
    "select 1\\; select 2; select 3\\; -- c\n;",
    "copy t from stdin;\n1\t2\n;\n'\n\\.\nselect 1;",
    "copy t (a, b) from stdin with (format csv); select 2;\na;b\n\\.\nselect 3;\nselect 4;",
    "/* c */ COPY t FROM STDIN;\n\\.\ncopy u to stdout; copy v from '/x';select 1;",
    "copy t from stdin;\nno end\n",
    "copy (select 'from stdin') to stdout; select 1;",
    "select 'unterminated; select 1;\n",
    "select $tag$ never; closed\nselect 1;",
    "/* never closed ; select 1;",
    "select (1; select 2;",
    "select 'ünïcödé;', \"naïve;\", é$é$;$é$;$é$;",
    "select '\u00a0;'\u00a0; select\u00a01;",
    "vacuum; create index concurrently i on t (a); select 1;",
    "\tselect\t1\v;\fselect 2;",
    "select -1 - -2 --3;\n; select 1/2/*;*/;",
    "select a<-b, c*-d, @-@e;-- x\nselect '--', \"--\", $$--$$;",
    "begin; savepoint a; rollback to a; commit;",
    "select 1 ; select 2 ; -- trailing\n   \n-- more\n",
    "select 0x1F, 1e5, 1_000, 1.5e-3, .5, 1a; select $1a;",
    "select :a, :'a', :\"a\", :{?a}; select :{a}, :'b c', :\"x, : y;",
]

VARIABLE_SCRIPTS = [
    "select :v, :'v', :\"v\", :{?v}, :{?none};",
    "select :q, :'q', :\"q\"; select :b, :'b', :\"b\";",
    "select ':v', \":v\", $$:v$$, E':v', /* :v */ 1; -- :v",
    "select :undefined, :'undefined', :\"undefined\", a[1:v], a[:v];",
    "select :two; select 3;",
    "select :open ' ; select 1;",
    "select x::v, y:::v, z:=v;",
    "select :self; select :loop1;",
    ":stmt\n:stmt ;",
    "\\set x 1\nselect :x;\n\\set x :x 2 'three; ''3''' \\\\ select :x, :'x';",
    "\\set e 'a\\tb\\n\\x41\\101\\'c'\nselect :'e';\\unset e\nselect :e, :{?e};",
    "select 1 \\set a 5\n, :a;\nselect 2\n\\set b 6\n;",
    "\\if true\nselect 1;\n\\else\nselect 2;\n\\endif\nselect 3;",
    "\\if :{?v}\nselect :'v';\n\\elif yes\nselect 2;\n\\else\nselect 3;\n\\endif",
    "\\if off\nselect 1;\n\\elif :no\nselect 2;\n\\elif on\nselect 3;\n\\else\nselect 4;\n\\endif",
    "select \\if 0 \\\\ 1 \\else \\\\ 2 \\endif \\\\ ;",
    "select (\n\\if false\n1); select (\n\\else\n2);\n\\endif\nselect 3;",
    "\\if no\n\\if yes\nselect 1;\n\\endif\n\\set v changed\n\\echo `false`\n\\endif\nselect :v;",
    "\\if false\nselect 'unbalanced\n\\endif\n'; select 1;\n\\endif\nselect 2;",
    "\\if nonsense\nselect 1;\n\\else\nselect 2;\n\\endif",
    "select 1 \\g\nselect 2\n\\g\n\\g\nselect 3;",
    "\\echo hello\n\\qecho -n 'a b' :v\n\\warn careful\nselect 1;",
]
VARIABLES = {
    "v": "value",
    "q": 'it\'s "quoted"',
    "b": "back\\slash",
    "two": "1; select 2",
    "open": "'never closed",
    "self": "1 + :self",
    "loop1": ":loop2",
    "loop2": ":loop1",
    "stmt": "select 7;",
    "no": "0",
}


@pytest.fixture(scope="module", params=list(VERSIONS))
def psql(request: pytest.FixtureRequest) -> Path:
    """psql of each version of the matrix; both are newer than 14, whose rules were others."""
    try:
        return binaries_of(request.param).directory / "psql"
    except LookupError as error:
        pytest.skip(str(error))


def native(script: str, variables: dict[str, str] | None = None) -> tuple[list[str], list[str]]:
    """What the engine would send, and the data it would copy."""
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    path = folder / f"native-{os.getpid()}.sql"
    path.write_bytes(script.encode("utf-8", "surrogateescape"))
    queries, copied = [], []
    try:
        for step in walk(path, Walk(Variables(variables or {}))):
            if isinstance(step, Execute):
                text = step.statement.text
                queries.append(text)
                if is_copy_from_stdin(text) and step.reader is not None:
                    copied.append("".join(step.reader.copy_data()))
    finally:
        path.unlink()
    return queries, copied


def compare(psql: Path, scripts: Sequence[str], variables: dict[str, str] | None = None) -> None:
    """Asserts that psql sends for each script what the engine does."""
    sent = statements_of_psql(psql, [script.encode() for script in scripts], variables)
    assert len(sent) == len(scripts)
    for script, (queries, copied) in zip(scripts, sent, strict=True):
        ours, data = native(script, variables)
        assert ours == [query.decode() for query in queries], script
        # psql before 18 sends the mark of the end along; the server ignores it.
        sent_data = [part.removesuffix(b"\\.\n") for part in copied]
        assert [part.encode() for part in data] == sent_data, script


def test_every_quoting_form_is_cut_as_psql_cuts_it(psql: Path) -> None:
    compare(psql, SCRIPTS)


def test_variables_and_conditions_fill_in_what_psql_fills_in(psql: Path) -> None:
    compare(psql, VARIABLE_SCRIPTS, VARIABLES)


def test_backslashes_escape_where_the_server_says_so(psql: Path) -> None:
    script = "select 'a\\';b'; select n'\\';' ; select b'\\'; select E'\\';';"
    (sent, _), *_ = statements_of_psql(psql, [script.encode()], standard_strings=False)
    state = Walk(Variables(), standard_strings=lambda: False)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"strings-{os.getpid()}.sql"
    path.write_text(script)
    try:
        steps = [step for step in walk(path, state) if isinstance(step, Execute)]
    finally:
        path.unlink()
    assert [step.statement.text.encode() for step in steps] == sent


PIECES = st.sampled_from(
    [
        *("select 1 ", "begin", "atomic", "end", "case", "create function f()", "create", "or"),
        *("replace", "procedure", "language sql", "x", "é", "1 ", "$1 ", "$", "$$", "$a$", "$b$"),
        *("'", "''", "E'", "e'", "U&'", 'u&"', "b'", "x'", "n'", '"', '""', "\\'", "\\;"),
        *(";", ";", ";\n", "(", ")", "--", "-- c\n", "/*", "*/", "/", "*", "-", "::", ":=", ":"),
        *(" ", "\n", "\n\n", "\t", "\r\n", ",", ".", "a$b", "@", "|", "[", "]", "{", "}", "?"),
    ]
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_text_is_cut_as_psql_cuts_it(psql: Path, data: st.DataObject) -> None:
    pieces = st.lists(PIECES, max_size=25).map("".join)
    scripts = data.draw(st.lists(pieces, min_size=40, max_size=60))
    compare(psql, [script for script in scripts if _is_plain(script)])


def _is_plain(script: str) -> bool:
    """Whether no backslash command is in it: an unknown one stops both programs."""
    try:
        split(script)
    except NeedsPsql:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "shape", "commits"),
    [
        ("begin; select 1; commit;", Shape.BLOCK, True),
        (
            "-- head\n/* x */\nBEGIN WORK;\nselect 1;\nEND TRANSACTION;\n-- tail\n",
            Shape.BLOCK,
            True,
        ),
        ("start transaction; select 1; commit", Shape.BLOCK, True),
        ("begin; select 1; rollback;", Shape.BLOCK, False),
        ("begin; savepoint a; rollback to a; release a; commit;", Shape.BLOCK, True),
        ("begin; do $$ begin commit; end $$; commit;", Shape.BLOCK, True),
        ("\\set a 1\nbegin; select :a;\n\\if :a\nselect 2;\n\\endif\ncommit;", Shape.BLOCK, True),
        ("begin; prepare p as select 1; commit;", Shape.BLOCK, True),
        ("begin; copy t from stdin;\ncommit;\n\\.\ncommit;", Shape.BLOCK, True),
        ("select 1;", Shape.BARE, False),
        ("", Shape.BARE, False),
        ("create index concurrently i on t (a);", Shape.BARE, False),
        ("begin; select 1;", Shape.OTHER, False),
        ("begin; commit; select 1;", Shape.OTHER, False),
        ("select 1; begin; commit;", Shape.OTHER, False),
        ("begin; commit; begin; commit;", Shape.OTHER, False),
        ("begin isolation level serializable; select 1; commit;", Shape.OTHER, False),
        ("begin; select 1; commit and chain;", Shape.OTHER, False),
        ("begin\\; select 1; commit;", Shape.OTHER, False),
        ("begin; prepare transaction 'x';", Shape.OTHER, False),
        ("\\if true\nbegin;\n\\endif\nselect 1; commit;", Shape.OTHER, False),
        ("begin; select 1; commit \\g", Shape.BLOCK, True),
        ("begin; select 'commit' \\gexec\ncommit;", Shape.BLOCK, True),
    ],
)
def test_the_shape_of_a_script_decides_how_it_runs(
    tmp_path: Path, text: str, shape: Shape, commits: bool
) -> None:
    path = tmp_path / "script.sql"
    path.write_text(text)
    found = inspect(path, Variables())
    assert (found.shape, found.ends_with_commit) == (shape, commits)
    assert found.obstacle is None


@pytest.mark.parametrize(
    ("text", "command", "line"),
    [
        ("select 1;\n\\c other\n", "\\c", 2),
        ("\\set x `date`\n", "\\set with a command in backticks", 1),
        ("begin;\n\n\\copy t from 'x'\ncommit;", "\\copy", 3),
        ("select 1 \\g out.txt", "\\g out.txt", 1),
        ("\\set ON_ERROR_STOP off", "\\set ON_ERROR_STOP", 1),
        ("\\if false\n\\! rm\n\\endif", "\\!", 2),
        ("\\pset format csv", "\\pset", 1),
    ],
)
def test_what_only_psql_can_do_is_found_before_it_runs(
    tmp_path: Path, text: str, command: str, line: int
) -> None:
    path = tmp_path / "script.sql"
    path.write_text(text)
    obstacle = inspect(path, Variables()).obstacle
    assert obstacle is not None
    assert (obstacle.command, obstacle.line, obstacle.path) == (command, line, path)


def test_an_obstacle_in_an_included_file_is_found_there(tmp_path: Path) -> None:
    (tmp_path / "inner.sql").write_text("select 1;\n\\timing\n")
    path = tmp_path / "outer.sql"
    path.write_text("\\ir inner.sql\n")
    obstacle = inspect(path, Variables()).obstacle
    assert obstacle is not None
    assert (obstacle.path, obstacle.line) == (tmp_path / "inner.sql", 2)

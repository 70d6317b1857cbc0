"""Linters are tests: no findings. What a linter is told to overlook stands in its configuration,
one by one with the reason: .sqlfluff, .squawk.toml, pyproject.toml, and below.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgdocket.sqitch.plan import load_plan
from support import databases, lint
from support.catalog import nothing
from support.databases import ROOT
from support.servers import TestServer
from support.sessions import Connection

# Findings of plpgsql_check that are meant: (function, message without its line) and why.
MEANT_PLPGSQL = {
    (
        "docket_private.analyze_partitioned()",
        'error: syntax error at or near "only"',
    ): "15, which is asked, does not know what is said to 18 alone",
}


def test_ruff_finds_nothing() -> None:
    assert lint.run("ruff", "check", "--output-format=concise", ".") == ""


def test_python_is_formatted() -> None:
    assert lint.run("ruff", "format", "--check", ".") == ""


def test_mypy_finds_nothing() -> None:
    assert lint.run("mypy", "--strict", "runner") == ""


def test_the_tests_are_typed_too() -> None:
    assert lint.run("mypy", "--strict", "tests/conftest.py", "tests/support") == ""


def test_sqlfluff_finds_nothing() -> None:
    nothing(lint.sqlfluff(lint.scripts("deploy", "revert", "verify", "pgtap")))


def test_lines_are_short() -> None:
    nothing(lint.long_lines(lint.scripts("deploy", "revert", "verify", "pgtap")))


def test_squawk_finds_nothing() -> None:
    files = [str(path.relative_to(ROOT)) for path in lint.scripts("deploy")]
    assert lint.run("squawk", "--reporter=gcc", *files) == ""


@pytest.mark.parametrize(
    "path",
    lint.scripts("deploy"),
    ids=lambda path: path.relative_to(ROOT / "deploy").with_suffix("").as_posix(),
)
def test_pgspot_finds_nothing(path: Path) -> None:
    nothing(lint.pgspot(path))


@pytest.mark.parametrize(
    ("script", "finding"),
    [
        ("create function a.f() returns int language sql security definer as 'select 1';", "PS003"),
        ("create function a.f() returns int language sql as 'select 1';", "PS005"),
        ("create schema if not exists a;", "PS010"),
        ("create table if not exists a.t (i int);", "PS012"),
    ],
)
def test_pgspot_finds_what_it_is_there_for(script: str, finding: str, tmp_path: Path) -> None:
    path = tmp_path / "deploy.sql"
    atomic = "create function a.g() returns int language sql begin atomic select 1; end;\n"
    path.write_text(atomic + script)
    assert finding in "".join(lint.pgspot(path, tmp_path))


@pytest.fixture
def checked(server15: TestServer, run_folder: Path) -> Iterator[Connection]:
    database = databases.create(server15, databases.template(server15, run_folder))
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        available = connection.execute(
            "select from pg_catalog.pg_available_extensions where name = 'plpgsql_check'"
        ).fetchone()
        if available is None:
            pytest.skip("plpgsql_check is not installed (Debian: postgresql-15-plpgsql-check)")
        connection.execute("create extension plpgsql_check")
        yield connection
    database.drop()


def plpgsql_findings(connection: Connection) -> list[tuple[str, str, int]]:
    """What plpgsql_check says of every function: function, finding and line.

    Trigger functions are checked on each of their tables.
    """
    return connection.execute(
        r"""
        with target as (
            select p.oid,
                   p.oid::regprocedure::text as label,
                   p.prosrc as source,
                   coalesce(g.tgrelid, 0)::regclass as relation,
                   g.tgoldtable,
                   g.tgnewtable
              from pg_catalog.pg_proc as p
              join pg_catalog.pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
              join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
              left join (select distinct on (tgfoid, tgrelid) *
                           from pg_catalog.pg_trigger
                          where not tgisinternal and tgparentid = 0) as g
                on g.tgfoid = p.oid
             where n.nspname in ('docket', 'docket_private')
               and (p.prorettype <> 'trigger'::regtype or g.tgrelid is not null)
        )
        select distinct
               target.label,
               format('%s: %s', found.level, found.message),
               found.lineno
          from target
         cross join lateral plpgsql_check_function_tb(
                   target.oid,
                   relid => target.relation,
                   oldtable => target.tgoldtable,
                   newtable => target.tgnewtable,
                   fatal_errors => false,
                   security_warnings => true,
                   compatibility_warnings => true) as found
         -- An empty array, '{}', is a text to it.
         where not (found.sqlstate = '42804'
                    and found.detail ~ '^cast "text" value to ".*\[\]" type$'
                    and found.context like 'during statement block local variable %'
                    and target.source ~ (
                            '(?in)^ *' || substring(found.context from 'variable "(\w+)"')
                            || ' +\S+\[\] *:= ''{}'';$'))
        """
    ).fetchall()


def test_plpgsql_check_finds_nothing(checked: Connection) -> None:
    found = plpgsql_findings(checked)
    nothing(
        f"{label} line {line}: {message}"
        for label, message, line in found
        if (label, message) not in MEANT_PLPGSQL
    )
    assert set(MEANT_PLPGSQL) <= {each[:2] for each in found}, "an exception is no longer needed"


def test_plpgsql_check_finds_what_it_is_there_for(checked: Connection) -> None:
    checked.execute(
        """
        create function docket.broken(key text) returns void language plpgsql as
        $$ begin execute 'drop table ' || broken.key; insert into nowhere values (1); end $$
        """
    )
    messages = [message for label, message, _ in plpgsql_findings(checked) if "broken" in label]
    assert any("does not exist" in message for message in messages)
    assert any("not sanitized" in message for message in messages)


def test_every_trigger_function_is_on_a_table(checked: Connection) -> None:
    nothing(
        row[0]
        for row in checked.execute(
            """
            select p.oid::regprocedure::text
              from pg_catalog.pg_proc as p
              join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
             where n.nspname in ('docket', 'docket_private')
               and p.prorettype = 'trigger'::regtype
               and not exists (select from pg_catalog.pg_trigger as g where g.tgfoid = p.oid)
            """
        )
    )


# The layout of the house


def test_every_change_has_its_four_files() -> None:
    names = {change.name for change in load_plan(ROOT / "sqitch.plan").changes}
    nothing(
        f"{folder}/{name}.sql is missing"
        for name in names
        for folder in ("deploy", "revert", "verify", "pgtap")
        if not (ROOT / folder / f"{name}.sql").is_file()
    )


def test_every_script_belongs_to_a_change() -> None:
    names = {change.name for change in load_plan(ROOT / "sqitch.plan").changes}
    nothing(
        f"{path.relative_to(ROOT)} is in no plan"
        for folder in ("deploy", "revert", "verify")
        for path in lint.scripts(folder)
        if path.relative_to(ROOT / folder).with_suffix("").as_posix().partition("@")[0] not in names
    )


@pytest.mark.parametrize(
    ("folder", "verb", "preposition"),
    [("deploy", "Deploy", "to"), ("revert", "Revert", "from"), ("verify", "Verify", "on")],
)
def test_every_script_says_what_it_is_and_is_one_transaction(
    folder: str, verb: str, preposition: str
) -> None:
    end = "rollback;" if folder == "verify" else "commit;"
    problems = []
    for path in lint.scripts(folder):
        name = path.relative_to(ROOT / folder).with_suffix("").as_posix()
        lines = path.read_text().splitlines()
        if lines[0] != f"-- {verb} pgdocket:{name} {preposition} pg":
            problems.append(f"{folder}/{name}: first line")
        if lines.count("begin;") != 1 or lines.count(end) != 1 or lines[-1] != end:
            problems.append(f"{folder}/{name}: not one block from begin to {end}")
    nothing(problems)


def test_a_deploy_script_requires_what_the_plan_says() -> None:
    problems = []
    for change in load_plan(ROOT / "sqitch.plan").changes:
        text = (ROOT / "deploy" / f"{change.name}.sql").read_text()
        said = [line.split(": ")[1] for line in text.splitlines() if line.startswith("-- requires")]
        if sorted(said) != sorted(each.as_string for each in change.requires):
            problems.append(f"{change.name}: says {said}, the plan {change.format_dependencies}")
    nothing(problems)


def test_a_change_requires_its_own_domain_and_those_above_it() -> None:
    order = [
        "platform", "access", "projects", "tasks", "graph", "queue", "context", "delivery",
        "observability", "knowledge", "exchange", "analytics", "ops",
    ]  # fmt: skip
    plan = load_plan(ROOT / "sqitch.plan").changes
    rank = {change.name: order.index(change.name.partition("/")[0]) for change in plan}
    nothing(
        f"{change.name} requires {each.as_string}"
        for change in plan
        for each in change.requires
        if each.change is not None and rank[each.change] > rank[change.name]
    )
    domains = [rank[change.name] for change in plan]
    assert domains == sorted(domains), "the plan is not in the order of the domains"


def test_pgtap_files_promise_in_their_first_line_and_roll_back() -> None:
    problems = []
    for path in lint.scripts("pgtap"):
        if path.parent == ROOT / "pgtap" / "support":
            continue
        lines = path.read_text().splitlines()
        name = path.relative_to(ROOT)
        if not lines[0].startswith("-- "):
            problems.append(f"{name}: the first line is no sentence")
        if lines.count("begin;") != 1 or lines[-1] != "rollback;":
            problems.append(f"{name}: not one block from begin to rollback")
        problems += [
            f"{name}:{number}: throws_ok without a SQLSTATE"
            for number, text in enumerate(lines, 1)
            if "throws_ok(" in text and lint.first_sqlstate("\n".join(lines[number - 1 :])) is None
        ]
    nothing(problems)

"""The client is what the catalog says: current, typed, and able to say what it can't write."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from pgdocket.codegen import generated_code
from pgdocket.codegen.catalog import Catalog, read_catalog
from pgdocket.codegen.python import API_FILE, ROWS_FILE, client_files
from pgdocket.codegen.types import row_name
from pgdocket.errors import DependencyCycle, Error, IllegalTransition, LeaseLost, SchemaMissing
from pgdocket.snapshot import differences
from support.databases import ROOT, Database
from support.servers import TestServer
from support.sessions import Connect

Changed = Callable[[str], Catalog]


@pytest.fixture
def changed(shared_docket18: Database, connect: Connect) -> Changed:
    """Reads the catalog after a change that is undone: changed(statements)."""
    connection = connect(shared_docket18, autocommit=False)

    def read(statements: str) -> Catalog:
        connection.execute(statements)
        return read_catalog(connection)

    return read


def test_the_client_is_current(shared_docket: Database) -> None:
    with psycopg.connect(shared_docket.conninfo) as connection:
        found = differences(ROOT, generated_code(ROOT, connection))
    assert found == [], "run: ./dev snapshot"


PRAISE = r'''
create function docket.praise(
    task_id uuid, "from" text default $$a 'friend'$$, loud boolean default false,
    words text[] default null, page_size integer default 7, facts jsonb default $${}$$
) returns table (said_at timestamptz, "class" text, weight numeric)
language sql stable as $$ select null::timestamptz, null, null::numeric $$;
comment on function docket.praise is
$$Says """well done""" to C:\temp.

weight and class may be null. Raises PD404.$$;
'''


def test_a_new_function_is_a_method(changed: Changed) -> None:
    catalog = changed(PRAISE)
    files = client_files(catalog)
    methods = {
        node.name: ast.unparse(node)
        for node in ast.walk(ast.parse(files[API_FILE]))
        if isinstance(node, ast.FunctionDef)
    }
    assert methods["praise"].splitlines()[0] == (
        "def praise(self, *, task_id: Id, from_: str | None=\"a 'friend'\","
        " loud: bool | None=False, words: Sequence[str] | None=None, page_size: int | None=7,"
        " facts: Json=None) -> list[PraiseRow]:"
    )
    assert "Raises NotFound." in methods["praise"]
    rows = {
        node.name: [ast.unparse(each) for each in node.body[1:]]
        for node in ast.parse(files[ROWS_FILE]).body
        if isinstance(node, ast.ClassDef)
    }
    assert rows["PraiseRow"] == [
        "said_at: datetime",
        "class_: str | None",
        "weight: Decimal | None",
    ]


def test_a_function_named_as_a_part_of_the_client_steps_aside(changed: Changed) -> None:
    catalog = changed(
        "create function docket.stats() returns text language sql stable as $$ select 'x' $$"
    )
    assert "def stats_(" in client_files(catalog)[API_FILE]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "create function docket.f(a inet) returns text language sql as $$ select 'x' $$",
            "no Python type for inet",
        ),
        (
            "create function docket.get_task(a text) returns text language sql as $$ select a $$",
            "two functions docket.get_task",
        ),
        (
            "comment on function docket.queue_overview(uuid) is 'The moon may be null.'",
            "queue_overview",
        ),
    ],
)
def test_what_has_no_form_is_named(changed: Changed, statement: str, complaint: str) -> None:
    with pytest.raises(Error, match=complaint):
        client_files(changed(statement))


def test_a_database_without_a_docket_has_no_client(
    server18: TestServer, new_database: Callable[[TestServer], Database], connect: Connect
) -> None:
    with pytest.raises(SchemaMissing, match="pgdocket deploy"):
        read_catalog(connect(new_database(server18)))


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("tasks", "Task"),
        ("task_dependencies", "TaskDependency"),
        ("task_cicd_status", "TaskCicdStatus"),
        ("response_cache", "ResponseCache"),
        ("indexes", "Index"),
        ("knowledge_base", "KnowledgeBase"),
        ("access", "Access"),
    ],
)
def test_a_row_is_named_in_the_singular(table: str, row: str) -> None:
    assert row_name(table) == row


def test_an_error_has_its_facts_as_attributes() -> None:
    cycle = DependencyCycle("no", detail='{"path": ["a", "b"], "length": 2}')
    assert (cycle.path, cycle.length, cycle.edge) == (["a", "b"], 2, None)
    assert IllegalTransition("no", detail='{"from": "pending"}').from_ == "pending"
    assert LeaseLost("no", detail="words").task_id is None
    assert LeaseLost("no", detail="[1]").facts == {}


def test_the_command_compares_with_a_database(docket18: Database) -> None:
    def codegen() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pgdocket", "codegen", "--check", "--db", docket18.conninfo],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = codegen()
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(docket18.conninfo, autocommit=True) as connection:
        connection.execute("comment on function docket.clock() is 'Another time.'")
    done = codegen()
    assert done.returncode == 1
    assert "Another time." in done.stdout
    assert "pgdocket codegen" in done.stderr

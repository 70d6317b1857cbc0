"""The root command: lazy, the same options everywhere, and every failure one line."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from click.testing import CliRunner, Result

from pgdocket import __version__, cli
from pgdocket.cli import COMMANDS, SUMMARIES, Options, common_options
from pgdocket.errors import ERROR_CLASSES, ERROR_CODES, Error, SchemaMissing, from_psycopg
from support.servers import TestServer

Register = Callable[[Callable[[Options], None]], Callable[..., Result]]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PG", "DB_", "DATABASE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Adds a command `probe` that does what it is given; answers how to call pgdocket."""

    def add(action: Callable[[Options], None]) -> Callable[..., Result]:
        @click.command()
        @common_options
        @click.pass_obj
        def probe(options: Options) -> None:
            action(options)

        module = types.ModuleType("pgdocket_probe")
        module.probe = probe  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pgdocket_probe", module)
        monkeypatch.setitem(COMMANDS, "probe", "pgdocket_probe:probe")
        monkeypatch.setitem(SUMMARIES, "probe", "Probe.")
        return lambda *arguments: CliRunner().invoke(cli.cli, arguments)

    return add


@pytest.fixture
def seen(register: Register) -> Iterator[Callable[..., Options]]:
    """Calls pgdocket and answers the options that the command got."""
    got: list[Options] = []
    call = register(got.append)

    def options_of(*arguments: str) -> Options:
        result = call(*arguments)
        assert result.exit_code == 0, result.stderr
        return got.pop()

    yield options_of
    assert not got


# --- Commands -------------------------------------------------------------------------------


def existing() -> list[str]:
    return [n for n, t in COMMANDS.items() if importlib.util.find_spec(t.partition(":")[0])]


def test_help_imports_no_command_and_no_driver() -> None:
    script = (
        "import sys; from pgdocket.cli import cli\n"
        "try: cli(['--help'], prog_name='pgdocket')\n"
        "except SystemExit: pass\n"
        "heavy = {'psycopg', 'rich', 'asyncio', 'importlib.metadata'} & set(sys.modules)\n"
        "commands = {m for m in sys.modules if m.startswith('pgdocket.cli.')}\n"
        "sys.exit(f'{heavy} {commands}' if heavy | commands else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Commands:" in done.stdout


def test_help_lists_what_exists_with_a_summary() -> None:
    result = CliRunner().invoke(cli.cli, ["--help"])
    assert set(SUMMARIES) == set(COMMANDS)
    for name in COMMANDS:
        assert (f"\n  {name} " in result.stdout) == (name in existing()), name


@pytest.mark.parametrize("name", existing())
def test_every_command_explains_itself(name: str) -> None:
    module, _, attribute = COMMANDS[name].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    result = CliRunner().invoke(cli.cli, [name, "--help"])
    assert result.exit_code == 0
    assert "xample" in result.stdout, "help comes with an example"
    if name != "sqitch":  # it keeps Sqitch's own options
        for option in ("--db", "--json", "--debug", "--project"):
            assert option in result.stdout


def test_a_command_whose_module_is_missing_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "ghost", "pgdocket_ghost:ghost")
    monkeypatch.setitem(SUMMARIES, "ghost", "Nothing.")
    runner = CliRunner()
    assert "ghost" not in runner.invoke(cli.cli, ["--help"]).stdout
    result = runner.invoke(cli.cli, ["ghost"])
    assert result.exit_code == 2
    assert "No such command 'ghost'" in result.stderr


def test_version_and_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pgdocket", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"pgdocket, version {__version__}"


# --- Options --------------------------------------------------------------------------------


def test_options_before_and_after_the_command_are_the_same(seen: Callable[..., Options]) -> None:
    everything = Options(db="d", json=True, debug=True, project="p")
    words = ["--db", "d", "--json", "--debug", "--project", "p"]
    assert seen("probe") == Options()
    assert seen(*words, "probe") == everything
    assert seen("probe", *words) == everything
    assert seen("--json", "probe", "--db", "d") == Options(db="d", json=True)


def test_options_of_the_command_win(seen: Callable[..., Options]) -> None:
    assert seen("--db", "outer", "probe", "--db", "inner").db == "inner"


# --- Errors ---------------------------------------------------------------------------------


def raising(exc: Exception) -> Callable[[Options], None]:
    def action(_options: Options) -> None:
        raise exc

    return action


@pytest.mark.parametrize("code", ERROR_CODES, ids=lambda code: code.name)
def test_every_error_has_one_line_and_its_exit_code(register: Register, code: Any) -> None:
    error = ERROR_CLASSES[code.sqlstate]("it went\nwrong", detail="some facts", hint="do this")
    result = register(raising(error))("probe")
    assert result.exit_code == code.exit_code
    assert result.stdout == ""
    line = f"pgdocket: it went wrong (some facts) [{code.sqlstate}]"
    assert result.stderr == f"{line}\n    hint: do this\n"


def test_facts_for_programs_are_left_to_json(register: Register) -> None:
    error = ERROR_CLASSES["PD404"]("no task", detail='{"task_id": 7}')
    assert register(raising(error))("probe").stderr == "pgdocket: no task [PD404]\n"
    facts = json.loads(register(raising(error))("probe", "--json").stderr)["error"]["detail"]
    assert facts == '{"task_id": 7}'


def test_an_error_as_json(register: Register) -> None:
    result = register(raising(SchemaMissing("no schema", hint="deploy it")))("probe", "--json")
    assert result.exit_code == 15
    assert json.loads(result.stderr) == {
        "error": {
            "sqlstate": "PDSCM",
            "name": "schema_missing",
            "message": "no schema",
            "detail": None,
            "hint": "deploy it",
        }
    }


def test_an_error_outside_the_table_exits_with_1(register: Register) -> None:
    assert register(raising(Error("other")))("probe").exit_code == 1


def test_a_traceback_comes_with_debug_only(register: Register) -> None:
    call = register(raising(Error("inner trouble")))
    assert isinstance(call("probe").exception, SystemExit)
    assert isinstance(call("probe", "--debug").exception, Error)


def server_error(server: TestServer, statement: str, dbname: str = "postgres") -> psycopg.Error:
    with (
        psycopg.connect(server.conninfo(dbname), autocommit=True) as session,
        pytest.raises(psycopg.Error) as caught,
    ):
        session.execute(statement.encode())
    return caught.value


def test_a_server_s_error_keeps_its_parts(server: TestServer, register: Register) -> None:
    error = server_error(
        server,
        "do $$ begin raise exception 'task 7 is gone' using errcode = 'PDLSE',"
        " detail = 'attempt 3', hint = 'claim again'; end $$",
    )
    result = register(raising(error))("probe", "--db", "whatever")
    assert result.exit_code == 8
    line = "pgdocket: task 7 is gone (attempt 3) [PDLSE]"
    assert result.stderr == f"{line}\n    hint: claim again\n"


@pytest.mark.parametrize("statement", ["table docket.tasks", "select docket.next_task()"])
def test_a_database_without_the_schema(
    server: TestServer, register: Register, statement: str
) -> None:
    result = register(raising(server_error(server, statement)))("probe", "--db", "somewhere")
    assert result.exit_code == 15
    assert "database somewhere has no pgdocket schema; run: pgdocket deploy" in result.stderr


def test_a_missing_function_means_an_older_schema(docket18: Any, register: Register) -> None:
    error = server_error(docket18.server, "select docket.not_yet_written()", docket18.name)
    result = register(raising(error))("probe", "--db", "somewhere")
    assert result.exit_code == 15
    assert "database somewhere has an older pgdocket schema" in result.stderr


def test_a_missing_table_of_somebody_else_s_is_not_our_schema(server: TestServer) -> None:
    error = from_psycopg(server_error(server, "table not_docket_things"))
    assert (error.sqlstate, error.exit_code) == ("42P01", 1)


@pytest.mark.parametrize("database", ["host={0} user=u dbname=d", "host=127.0.0.1 port=1"])
def test_a_connection_that_fails(register: Register, tmp_path: Path, database: str) -> None:
    def action(options: Options) -> None:
        psycopg.connect(options.db or "")

    result = register(action)("probe", "--db", database.format(tmp_path))
    assert result.exit_code == 12
    assert result.stderr.startswith("pgdocket: connection ")
    assert len(result.stderr.splitlines()) == 2


def test_an_unknown_database_is_a_failed_connection(server: TestServer, register: Register) -> None:
    result = register(lambda options: psycopg.connect(options.db or "").close())(
        "probe", "--db", server.conninfo("nowhere_to_be_found")
    )
    assert result.exit_code == 12
    assert 'database "nowhere_to_be_found" does not exist' in result.stderr


def test_an_error_that_nobody_expected_is_not_hidden(register: Register) -> None:
    assert isinstance(register(raising(ZeroDivisionError()))("probe").exception, ZeroDivisionError)

"""Small plans for the tests of the change engine, and both programs that can work on them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from pgdocket.cli import cli
from pgdocket.sqitch.inspection import inspect
from pgdocket.sqitch.script import ScriptSyntaxError, Statement, Variables
from support.databases import Database
from support.outcomes import Outcome
from support.real_sqitch import run_sqitch

WHEN = "2024-05-06T07:08:{:02}Z"
WHO = "Ada Lovelace <ada@example.com>"
PERSON = {"SQITCH_FULLNAME": "Grace Hopper", "SQITCH_EMAIL": "grace@example.com"}


@dataclass(slots=True)
class Project:
    """A folder with a plan and its scripts."""

    folder: Path
    name: str
    lines: list[str] = field(default_factory=list)

    def change(
        self, name: str, dependencies: str = "", *, table: bool = True, note: str = ""
    ) -> Project:
        """Adds a change; its scripts make, drop and look for a table of that name."""
        self._line(f"{name} [{dependencies}]" if dependencies else name, note)
        if table:
            self.scripts(
                name,
                f"begin;\ncreate table public.{name} (id int);\ncommit;\n",
                f"begin;\ndrop table public.{name};\ncommit;\n",
                f"begin;\nselect 1 / count(*) from pg_class where relname = '{name}';\nrollback;\n",
            )
        return self

    def tag(self, name: str) -> Project:
        """Adds a tag."""
        self._line(f"@{name}", f"Tag {name}")
        return self

    def scripts(self, name: str, deploy: str, revert: str, verify: str | None) -> Project:
        """Writes the scripts of a change, `name@tag` for one that was reworked."""
        for kind, text in (("deploy", deploy), ("revert", revert), ("verify", verify)):
            path = self.folder / kind / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink(missing_ok=True)
            else:
                path.write_text(text)
        return self

    def write(self, name: str, kind: str, text: str) -> Project:
        """Replaces one script of a change."""
        (self.folder / kind / f"{name}.sql").write_text(text)
        return self

    def save(self, *pragmas: str) -> Project:
        """Writes plan and configuration."""
        self.folder.mkdir(exist_ok=True)
        head = ["%syntax-version=1.0.0", f"%project={self.name}", *pragmas, ""]
        (self.folder / "sqitch.plan").write_text("\n".join([*head, *self.lines, ""]))
        (self.folder / "sqitch.conf").write_text("[core]\n\tengine = pg\n")
        return self

    def _line(self, text: str, note: str) -> None:
        when = WHEN.format(len(self.lines))
        self.lines.append(f"{text} {when} {WHO}" + (f" # {note}" if note else ""))

    def apart(
        self, database: Database, *arguments: str, answer: str = "", **environment: str
    ) -> Outcome:
        """Runs `pgdocket sqitch` in a process of its own, where that matters."""
        done = subprocess.run(
            [sys.executable, "-m", "pgdocket", "sqitch", *arguments],
            cwd=self.folder,
            env=self.environment(database, environment),
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def ours(
        self, database: Database, *arguments: str, answer: str = "", **environment: str
    ) -> Outcome:
        """Runs `pgdocket sqitch` in this process, which takes a tenth of the time."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.environment(database, environment).items():
                patch.setenv(name, value)
            done = CliRunner().invoke(cli, ["sqitch", *arguments], input=answer)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout, done.stderr)

    def theirs(self, database: Database, *arguments: str, answer: str = "") -> Outcome:
        """Runs the real sqitch; the test is skipped where there is none."""
        return run_sqitch(self.folder, arguments, self.environment(database), answer)

    def environment(
        self, database: Database, more: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The variables that a program sees."""
        nowhere = str(self.folder / "no.conf")
        environment = database.environment | PERSON | dict(more or {})
        return environment | {"SQITCH_USER_CONFIG": nowhere, "SQITCH_SYSTEM_CONFIG": nowhere}


def known_statements(path: Path, variables: Mapping[str, str]) -> tuple[Statement, ...] | None:
    """The statements that the engine need not read again, and sends to the server together."""
    try:
        return inspect(path, Variables(variables)).statements
    except ScriptSyntaxError:
        return None


def query(database: Database, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def execute(database: Database, statement: str) -> None:
    """Runs statements."""
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


def registry_rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that the registry holds, in order, without the times at which it was written."""
    return {
        "projects": query(database, "select project, uri, creator_name, creator_email"
                                    " from sqitch.projects order by project"),
        "changes": query(database, "select change_id, script_hash, change, project, note,"
                                   " committer_name, committer_email, planned_at, planner_name,"
                                   " planner_email from sqitch.changes order by committed_at"),
        "tags": query(database, "select tag_id, tag, project, change_id, note, committer_name,"
                                " committer_email, planned_at, planner_name, planner_email"
                                " from sqitch.tags order by committed_at"),
        "dependencies": query(database, "select * from sqitch.dependencies order by 1, 2, 3"),
        "releases": query(database, "select version, installer_name from sqitch.releases"),
    }  # fmt: skip


def events(database: Database) -> list[tuple[Any, ...]]:
    """What happened, in order, without the times."""
    return query(
        database,
        "select event, change_id, change, project, note, requires, conflicts, tags,"
        " committer_name, committer_email, planned_at, planner_name, planner_email"
        " from sqitch.events order by committed_at",
    )


def tables(database: Database) -> set[str]:
    """The tables and views of schema public."""
    found = query(
        database,
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'v')",
    )
    return {name for (name,) in found}


def deployed(database: Database) -> list[str]:
    """The names of the deployed changes, in order."""
    return [row[2] for row in registry_rows(database)["changes"]]


def happened(database: Database) -> list[tuple[str, str]]:
    """Event and change, in order."""
    return [(row[0], row[2]) for row in events(database)]


@contextmanager
def started(
    project: Project, database: Database, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """The engine in a process of its own, which is not waited for."""
    line = [sys.executable, "-m", "pgdocket", "sqitch", *arguments]
    process = subprocess.Popen(
        line,
        cwd=project.folder,
        env=database.environment | PERSON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(database: Database, condition: str, seconds: float = 20) -> None:
    """Waits until a query over the server's state is true."""
    end = time.monotonic() + seconds
    while not query(database, f"select {condition}")[0][0]:
        assert time.monotonic() < end, f"never came: {condition}"
        time.sleep(0.02)


def is_running(fragment: str) -> str:
    """The condition that some session is at a statement with this text."""
    return (
        "exists (select from pg_stat_activity where datname = current_database()"
        f" and state = 'active' and query like '%{fragment}%' and pid <> pg_backend_pid())"
    )

"""The first rows of a docket: sql/seeds/, one script for each thing that a new one needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pgdocket.errors import SchemaMissing
from pgdocket.files import project_files
from pgdocket.sqitch.connection import connect_control
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.reporter import SilentReporter


@dataclass(frozen=True, slots=True)
class Planted:
    """What the seeds made: the slugs of new projects, none where all were there."""

    projects: tuple[str, ...]


class _Answers(SilentReporter):
    """Keeps what the scripts answer with."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def out(self, text: str) -> None:
        """Keeps the lines of an answer."""
        self.lines += text.splitlines()


def plant(conninfo: str, slug: str | None, default: str) -> Planted:
    """Runs the seeds, as the role that the connection string names.

    A project `slug` is made unless there is one; where it is None, a project `default` unless
    there is any. Raises SchemaMissing where nothing is deployed, ScriptError for a script that
    fails.
    """
    answers = _Answers()
    variables = {"slug": slug or default, "is_chosen": "false" if slug is None else "true"}
    with connect_control(conninfo) as connection:
        row = connection.execute("select pg_catalog.to_regclass('docket.projects')").fetchone()
        if row is None or row[0] is None:
            raise SchemaMissing(
                f"database {connection.info.dbname} has no pgdocket schema",
                hint="run: pgdocket setup",
            )
        session = ScriptSession(connection, answers)
        for path in seed_files():
            session.run(path, variables)
    return Planted(tuple(answers.lines))


def seed_files() -> list[Path]:
    """The scripts, in the order in which they run."""
    return sorted((project_files() / "sql" / "seeds").glob("*.sql"))


def sample_files() -> list[Path]:
    """The task files that make a demo."""
    return sorted((project_files() / "sql" / "samples").glob("*.json"))

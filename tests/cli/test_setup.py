"""setup, seed, reset, lint and snapshot: from nothing to the first rows, and back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pgdocket.cli import cli
from pgdocket.seeds import seed_files
from support.clients import Run, RunJson
from support.databases import Database
from support.servers import TestServer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody's project, in which the commands are called."""
    path = tmp_path / "My Shop"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def slugs(run_json: RunJson) -> list[str]:
    return sorted(project["slug"] for project in run_json("project", "list"))


def test_setup_makes_everything_that_the_first_task_needs_and_again_nothing(
    server15: TestServer, new_database: Callable[[TestServer], Database], folder: Path
) -> None:
    database = new_database(server15)

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pgdocket", *arguments], env=database.environment, cwd=folder,
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    first = call("setup")
    assert "  + ops/schema_migrations" in first
    assert first.endswith("made project my-shop\n")
    assert call("task", "add", "Lay the table") == "added my-shop-1: Lay the table\n"
    again = json.loads(call("setup", "--json"))
    assert (again["projects"], again["deploy"]["changes"]) == ([], [])
    assert len(json.loads(call("task", "list", "--json"))) == 1


def test_seed_makes_a_project_where_there_is_none(run: Run, run_json: RunJson) -> None:
    assert run("seed").stdout == "made project my-shop\n"
    assert run("seed").stdout == "there is a project already: nothing to do\n"
    assert run_json("seed") == {"projects": []}
    assert slugs(run_json) == ["my-shop"]


def test_seed_makes_the_project_that_is_named_once(run: Run, run_json: RunJson) -> None:
    run("project", "add", "other")
    assert run_json("seed", "--project", "it-s") == {"projects": ["it-s"]}
    told = run("seed", "--project", "it-s")
    assert told.stdout == "there is project it-s already: nothing to do\n"
    assert slugs(run_json) == ["it-s", "other"]


def test_a_slug_that_is_none_is_refused_in_one_line(run: Run, run_json: RunJson) -> None:
    told = run("seed", "--project", "It's; drop")
    assert told.exit_code == 3
    assert "a slug has lower-case letters" in told.stderr
    assert len(told.stderr.splitlines()) <= 2
    assert slugs(run_json) == []


def test_seed_needs_the_schema(
    server15: TestServer, new_database: Callable[[TestServer], Database], run: Run
) -> None:
    told = run("seed", "--db", new_database(server15).conninfo)
    assert told.exit_code == 15
    assert "has no pgdocket schema" in told.stderr
    assert "hint: run: pgdocket setup" in told.stderr


def test_the_seeds_run_in_psql_too(docket: Database, run_json: RunJson) -> None:
    for file in seed_files():
        line = [str(docket.server.binaries / "psql"), "-X", "-v", "ON_ERROR_STOP=1"]
        subprocess.run([*line, "-q", "-f", str(file)], env=docket.environment, check=True)
        slug = [*line, "-v", "slug=shop", "-v", "is_chosen=true", "-f", str(file)]
        subprocess.run(slug, env=docket.environment, check=True, stdout=subprocess.DEVNULL)
    assert slugs(run_json) == ["shop", "tasks"]


def test_samples_become_projects_and_again_nothing(run: Run, run_json: RunJson) -> None:
    [report] = run_json("seed", "--samples")["imports"]
    assert report["tasks"] > 30
    assert slugs(run_json) == ["payments"]
    assert run_json("next", "--project", "payments")
    again = run("seed", "--samples").stdout
    assert "nothing to do, imported before" in again


def test_reset_does_nothing_until_the_name_of_the_database_is_typed(
    docket: Database, run: Run, run_json: RunJson
) -> None:
    run("seed")
    unattended = run("reset")
    assert unattended.exit_code == 3
    assert "nothing is reset: nobody is there to answer" in unattended.stderr
    assert f"hint: in a script: --yes {docket.name}" in unattended.stderr
    for answer in ("y\n", "yes\n", "\n", "pgdocket\n"):
        assert run("reset", input=answer).exit_code == 3
    assert run("reset", "--yes", "pgdocket").exit_code == 3
    assert slugs(run_json) == ["my-shop"]
    told = run("reset", input=f"{docket.name}\n")
    assert told.exit_code == 0, told.output
    assert f"Type the name of the database ({docket.name}) to go on:" in told.stderr
    assert slugs(run_json) == []


def test_reset_of_a_script_and_of_a_database_without_the_schema(
    server15: TestServer, new_database: Callable[[TestServer], Database], run: Run
) -> None:
    database = new_database(server15)
    words = ("reset", "--db", database.conninfo, "--yes", database.name, "--json")
    first = json.loads(run(*words).stdout)
    assert {each["action"] for each in first["changes"]} == {"deploy"}
    again = json.loads(run(*words).stdout)
    assert {each["action"] for each in again["changes"]} == {"revert", "deploy"}
    assert len(again["changes"]) == 2 * len(first["changes"])


def test_lint_checks_pgdockets_own_plan_from_anywhere() -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    told = run("lint", "--strict")
    assert told.exit_code == 0, told.stdout
    assert told.stdout.endswith(" changes: no errors, no warnings\n")
    assert json.loads(run("lint", "--sarif").stdout)["version"] == "2.1.0"
    assert "verify-cannot-fail" in run("lint", "--rules").stdout
    assert run("lint", "--disable", "nonsense").exit_code == 2

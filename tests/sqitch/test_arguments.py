"""Arguments, options and settings are understood as by the real program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgdocket import __version__
from support.changes import PERSON, Project, execute, query
from support.configurations import Twins
from support.databases import Database
from support.servers import TestServer

STAMP = "2020-01-02T03:04:05Z Ada <a@x>"
FILES = {
    "sqitch.conf": """[core]
    engine = pg
[target "a"]
    uri = db:pg:a
[target "b"]
    uri = db:pg:b
    plan_file = b.plan
[target "bare"]
    registry = x
[engine "pg"]
    target = a
""",
    "sqitch.plan": f"%project=p\n\nusers {STAMP}\n@v1 {STAMP}\nusers [users@v1] {STAMP}\n",
    "b.plan": f"%project=p\n\nothers {STAMP}\n",
    "no.plan": "",
}


def test_a_plan_is_found_by_target_engine_and_file(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    for arguments in (
        [],
        ["users", "b"],
        ["b", "others"],
        ["a", "b"],
        ["pg", "b"],
        ["b.plan"],
        ["bare"],
        ["-t", "bare"],
        ["-t", "b", "a"],
        ["users@v1", "@v1", "HEAD", "ROOT~"],
        ["users@nope"],
        ["postgres://x/y"],
        ["db:pg://u:secret@h/a", "db:pg:b"],
        ["db:nothing"],
        ["x", "b", "y"],
    ):
        twins.same("plan", "--oneline", "--no-headers", *arguments)


def test_a_project_is_needed(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path)
    assert "No project configuration found" in twins.same("plan").stderr
    assert "No project configuration found" in twins.same("status").stderr
    assert "Unknown argument" in twins.same("status", "x").stderr
    twins.same("plan", "db:pg:x")


def test_an_engine_is_needed(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": "[core]\n\tplan_file = x\n"})
    assert "No engine specified" in twins.same("plan").stderr


def test_the_server_is_found_as_options_and_environment_say(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    nowhere = {"PGHOST": str(tmp_path), "PGPORT": "1", "PGUSER": "u"}
    for arguments in (
        [],
        ["-d", "x", "-u", "y", "-h", str(tmp_path), "-p", "2"],
        ["db:pg://v:w@/", "--db-username", "y", "-d", "z"],
        ["db:postgres://v:secret@127.0.0.1:1"],
        ["-t", "pgsql:z?connect_timeout=3"],
        ["db:pg:?service=nothing"],
        ["--top-dir", "."],
        ["a", "b", "--target", "b"],
    ):
        done = twins.same("status", *arguments, **nowhere)
        assert "secret" not in done.stdout + done.stderr
    twins.same("status", **nowhere, SQITCH_TARGET="b")
    twins.same("status", **nowhere, SQITCH_USERNAME="sam")


def test_the_folder_may_be_another(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {f"deep/er/{name}": text for name, text in FILES.items()})
    twins.same("--chdir", "deep/er", "plan", "--oneline")
    twins.same("plan", "-C", "deep/er", "--oneline", "b")
    assert twins.same("-C", "none", "plan").code == 255
    assert '"message"' in twins.ours("--json", "-C", "none", "plan").stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path)
    assert twins.ours("--version").stdout == f"sqitch (pgdocket) v{__version__}\n"
    assert twins.same("--etc-path").stdout == "/etc/sqitch\n"


def test_commands_are_explained(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path)
    assert twins.ours("help").stdout == twins.ours("--help").stdout
    assert twins.ours("help", "deploy").stdout == twins.ours("deploy", "--help").stdout
    assert twins.same("help", "nothing").code == 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    show = "insert into public.seen values ('{}', :'core', :'deploy', :'own', :'engine', :'target')"
    project = Project(tmp_path / "p", "p").change("one", table=False)
    project.scripts(
        "one",
        show.format("deploy").replace(":'own'", "null") + ";",
        show.format("revert") + ";",
        # psql rolls nothing back here: what a verify script writes stays.
        show.format("verify") + ";",
    )
    project.save()
    names = ("core", "deploy", "own", "engine", "target")
    sections = []
    for number, section in enumerate(("core", "deploy", "revert", "verify", "engine", "target")):
        heading = {"engine": '[engine "pg.variables"]', "target": '[target "t.variables"]'}
        sections.append(heading.get(section, f'[{section} "variables"]'))
        own = section if section in names else "own"
        later = names[names.index(own) :]
        sections += [f"{name} = {section}{number}" for name in later]
    sections += ['[target "t"]', "uri = db:pg:"]
    (project.folder / "sqitch.conf").write_text(
        "[core]\nengine = pg\ntarget = t\n" + "\n".join(sections) + "\n"
    )
    return project


def test_variables_come_from_where_sqitch_takes_them(
    project: Project, server15: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    found = []
    for run in (project.ours, project.theirs):
        database = new_database(server15)
        execute(
            database, "create table public.seen (a text, b text, c text, d text, e text, f text)"
        )
        for command in (["deploy"], ["verify"], ["revert", "-y"]):
            done = run(database, *command, "--set", "target=option")
            assert done.code == 0, done
        found.append(query(database, "select * from public.seen"))
    assert found[0] == found[1]
    assert found[0] == [
        ("deploy", "core0", "deploy1", None, "engine4", "option"),
        ("verify", "core0", "deploy1", "verify3", "engine4", "option"),
        ("revert", "core0", "deploy1", "revert2", "engine4", "option"),
    ]


def test_a_service_names_the_database(tmp_path: Path, database: Database) -> None:
    project = Project(tmp_path / "p", "p").change("one").save()
    project.ours(database, "deploy")
    known = database.environment
    keys = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    lines = [f"{key}={known[name]}" for key, name in keys.items() if name in known]
    (tmp_path / "services.conf").write_text("\n".join(["[flipr]", *lines]) + "\n")
    twins = Twins.born(tmp_path, {})
    for side in ("ours", "theirs"):
        for name in ("sqitch.conf", "sqitch.plan"):
            (tmp_path / side / name).write_bytes((project.folder / name).read_bytes())
    environment = {"PGSERVICEFILE": str(tmp_path / "services.conf"), "PGUSER": known["PGUSER"]}
    uri = "db:pg:?service=flipr&application_name=x%2Fy"
    done = twins.same("status", uri, **environment)
    assert "Nothing to deploy (up-to-date)" in done.stdout


def test_names_in_the_environment_are_read_as_they_are_written(
    tmp_path: Path, database: Database
) -> None:
    # sqitch does not decode the environment, and writes "Ada LÃ¶velace".
    project = Project(tmp_path / "p", "p").change("one").save()
    person = {**PERSON, "SQITCH_FULLNAME": "Ada Lövelace"}
    assert project.ours(database, "deploy", **person).code == 0
    assert query(database, "select committer_name from sqitch.changes where project = 'p'") == [
        ("Ada Lövelace",)
    ]

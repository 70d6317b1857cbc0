"""`init` makes the files that sqitch makes, byte by byte, and leaves alone what is there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.twins import Twins, twins_in


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return twins_in(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--engine", "pg", "--uri", "https://Example.com"],
        ["--engine", "pg", "--set", "foo=b;ar", "--dir", "deploy=./dd/", "--registry", "meta"],
        ["--engine", "pg", "--top-dir", "sql/", "--target", "dev", "--dir", "reworked=rw"],
        ["--target", "db:pg://u@h/x", "--plan-file", "sub/p.plan", "--client", "/opt/psql"],
        ["--engine", "pg", "--extension", "ddl", "--dir", "reworked_deploy=old/d"],
        ["--set", "quote=a \"b\" \\c"],
        ["--uri", "urn:UUID:é"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_files_and_output_are_the_same(twins: Twins, options: list[str]) -> None:
    twins.agree("init", "flipr", *options)


def test_a_user_configuration_gives_the_engine(twins: Twins) -> None:
    folder = twins.base / "home" / ".sqitch"
    folder.mkdir()
    (folder / "sqitch.conf").write_text(
        '[core]\n\tengine = pg\n[engine "pg"]\n\tclient = /bin/psql\n\tregistry = meta\n'
    )
    twins.agree("init", "flipr")


def test_what_is_there_already_is_left_alone(twins: Twins) -> None:
    twins.plan("a", conf='[engine "pg"]\n\tregistry = meta\n')
    done = twins.agree("init", "flipr", "--engine", "pg", "--registry", "other")
    assert done.stdout == "Created deploy/\nCreated revert/\nCreated verify/\n"
    again = twins.agree("init", "flipr", "--engine", "pg")
    assert again.stdout == ""


def test_a_second_plan_takes_the_uri_over(twins: Twins) -> None:
    twins.plan("a")
    twins.agree("init", "second", "--plan-file", "second.plan")
    assert "%uri=https://example.com/flipr/\n" in twins.text("second.plan")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["a b"], 2),
        (["foo@bar"], 2),
        (["foo", "--engine", "nope"], 255),
        (["foo", "--dir", "x=y"], 255),
        (["foo", "--dir", "x=y", "--dir", "z=y"], 255),
        (["foo", "--target", "dev"], 2),
        (["foo", "--set", " x=1"], 2),
    ],
    ids=str,
)
def test_errors_are_the_same(twins: Twins, arguments: list[str], code: int) -> None:
    twins.agree("init", *arguments, code=code)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "%project=other\n\n",
            'project "other" already initialized in sqitch.plan',
        ),
        ("nonsense\n", "sqitch.plan already exists and is not a valid plan file"),
    ],
)
def test_another_plan_in_the_way_stops_it_before_anything_is_made(
    twins: Twins, text: str, message: str
) -> None:
    twins.write({"sqitch.plan": text})
    real = twins.theirs("init", "flipr", "--engine", "pg")
    mine = twins.ours("init", "flipr", "--engine", "pg")
    assert (mine.code, mine.stderr) == (real.code, real.stderr)
    assert message in mine.stderr
    # Sqitch has written sqitch.conf by then.
    assert list(twins.files()) == ["sqitch.plan"]


def test_only_postgresql_is_known(twins: Twins) -> None:
    done = twins.ours("init", "flipr", "--engine", "sqlite")
    assert (done.code, done.stderr) == (2, 'Engine "sqlite" is not supported; use pg\n')
    assert twins.files() == {}


def test_sqitch_reads_what_it_made(twins: Twins) -> None:
    twins.ours("init", "flipr", "--engine", "pg", "--target", "dev", "--set", "x=1")
    twins.write(
        {"sqitch.conf": twins.text("sqitch.conf"), "sqitch.plan": twins.text("sqitch.plan")}
    )
    listed = twins.theirs("config", "--list")
    assert listed.stdout.rstrip("\n") == (
        "core.engine=pg\ncore.variables.x=1\nengine.pg.target=dev\ntarget.dev.uri=db:pg:"
    )


def test_json_names_what_was_made(twins: Twins) -> None:
    done = twins.ours("init", "flipr", "--engine", "pg", "--json")
    assert '"created": [\n    "sqitch.conf",\n    "sqitch.plan",\n' in done.stdout
    assert "Created" not in done.stdout


@pytest.mark.parametrize("arguments", [["é-1x", "--engine", "pg"], ["a b"], ["x", "--dir", "é=1"]])
def test_sqitch_kept_in_memory_is_the_real_program(twins: Twins, arguments: list[str]) -> None:
    kept = twins.theirs("init", *arguments)
    done = subprocess.run(
        ["sqitch", "init", *arguments],
        cwd=twins.mine,
        env=twins.environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.decode()) == (kept.code, kept.stdout)
    assert done.stderr.decode().splitlines()[:1] == kept.stderr.splitlines()[:1]
    assert twins.files("ours") == twins.files("theirs")

"""`config` reads and writes settings as the real program does, to the byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pgdocket.sqitch.config_values import cast
from pgdocket.sqitch.configfile import ConfigText, edit_file
from pgdocket.sqitch.errors import SqitchError
from support.configurations import Twins, errors

LAYOUT = """# a project
[core]
\tengine = pg # the only one
\t; plan_file = x

  [target "Dev"] uri = db:pg:dev
    client = psql
[core]
\textension=sql
[a]
\tb = 1
\tb = 2
[target "prod"]
\turi = db:pg:prod
[A "q"]
\tbare
# the end
"""


def test_values_are_read(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": LAYOUT, "system.conf": "[a]\nb=9\n[s]\nt=1\n"})
    for line in (
        ["core.engine"],
        ["target.Dev.uri"],
        ["a.b"],
        ["--get", "a.b", "2"],
        ["--get-all", "a.b"],
        ["--get-all", "a.b", "!1"],
        ["--get-regexp", "^target[.]"],
        ["--get-regexp", "nothing"],
        ["--list"],
        ["nodot"],
        ["--bool", "--int", "a.b"],
        ["--user", "-l"],
    ):
        twins.same("config", *line)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--get"], "Wrong number of arguments."),
        (["--get", "--list"], "Only one action at a time."),
        (["--user", "--local", "-l"], "Only one config file at a time."),
        (["--rename-section", "core"], "Wrong number of arguments."),
    ],
)
def test_wrong_arguments_are_refused(tmp_path: Path, line: list[str], message: str) -> None:
    done = Twins.born(tmp_path).ours("config", *line)
    assert (done.code, errors(done)) == (2, message)


def test_values_are_written(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": LAYOUT})
    for line in (
        ["core.engine", "pg2"],
        ["--add", "a.b", "3"],
        ["a.b", "4"],
        ["--unset", "a.b"],
        ["--replace-all", "a.b", "5", "[12]"],
        ["a.b", "6", "5"],
        ["--unset", "a.b", "6"],
        ["--unset-all", "a.b"],
        ["--unset-all", "a.b"],
        ["target.Dev.uri", "db:pg:other"],
        ["new.Sub Section.key", ' z;"#\\\t'],
        ["--bool", "t.b", "yes"],
        ["--bool", "t.b", "maybe"],
        ["--num", "t.n", "2.50"],
        ["--unset", "target.Dev.uri"],
        ["se ct.x", "y"],
        ["x.y=z", "y"],
        ["nodot", "y"],
    ):
        twins.same("config", *line)


def test_sections_are_renamed_and_removed(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": LAYOUT})
    for line in (
        ["--rename-section", "a", "b.C d"],
        ["--rename-section", "a", "b"],
        ["--remove-section", "target.dev"],
        ["--remove-section", "nothing"],
        ["--remove-section", "a.q"],
        ["--remove-section", "core"],
    ):
        twins.same("config", *line)


def test_other_files_are_written_and_their_folders_made(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path)
    twins.same("config", "--user", "user.name", "Ada Lövelace")
    twins.same("config", "--system", "a.b", "c")
    twins.same("config", "-f", "folder/x.conf", "a.b", "c")
    twins.same("config", "core.engine", "pg")
    twins.same("config", "user.name")
    assert sorted(twins.files("ours"))[:2] == ["folder", "folder/x.conf"]


def test_line_ends_stay(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": "[a]\r\n\tb = c\r\n[d]\r\n\te = f\r\n"})
    for line in (["a.b", "x"], ["a.c", "y"], ["n.o", "p"], ["--unset", "d.e"]):
        twins.same("config", *line)


def test_an_editor_is_opened(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": "[core]\n\teditor = cat\n"})
    assert twins.same("config", "-e").stdout == "[core]\n\teditor = cat\n"
    assert twins.same("config", "-e", SQITCH_EDITOR="false").code == 2
    # A file that can't be read is the one to edit.
    (tmp_path / "ours" / "sqitch.conf").write_text("[core\n")
    assert twins.ours("config", "-e", SQITCH_EDITOR="cat").stdout == "[core\n"


def test_the_verbosity_that_is_configured_holds(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": "[core]\n\tengine = pg\n\tverbosity = 0\n"})
    assert twins.same("config", "a.b").stdout == ""
    assert twins.same("config", "-v", "a.b").stdout == "\n"
    assert twins.same("config", "--quiet", "-v", "a.b").stdout == ""


def test_one_file_is_read_where_one_is_named(tmp_path: Path) -> None:
    # sqitch's manual says so, but the program reads all of them.
    twins = Twins.born(tmp_path, {"sqitch.conf": LAYOUT, "system.conf": "[core]\nengine = x\n"})
    assert twins.ours("config", "--system", "core.engine").stdout == "x\n"
    assert twins.ours("config", "--user", "core.engine").code == 1
    assert twins.ours("config", "-f", "system.conf", "-l").stdout == "core.engine=x\n\n"
    assert twins.theirs("config", "--system", "core.engine").stdout == "pg\n"


def test_a_name_that_stands_alone_is_true(tmp_path: Path) -> None:
    # sqitch says "1" here, and "true" for every other spelling of it.
    twins = Twins.born(tmp_path, {"sqitch.conf": LAYOUT})
    assert twins.ours("config", "--bool", "a.q.bare").stdout == "true\n"


def test_either_boolean_or_number(tmp_path: Path) -> None:
    # sqitch 1.3.1 fails at the option itself.
    twins = Twins.born(tmp_path)
    assert twins.ours("config", "--bool-or-int", "a.b", "on").code == 0
    assert twins.ours("config", "--bool-or-int", "a.c", "1k").code == 0
    assert twins.text("sqitch.conf") == "[a]\n\tb = true\n\tc = 1024\n"


def test_json(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": "[a]\nb=1\nb=2\nc\n"})
    assert json.loads(twins.ours("config", "--json", "-l").stdout) == {
        "a.b": ["1", "2"],
        "a.c": [None],
    }
    found = json.loads(twins.ours("config", "--json", "--get-all", "a.b").stdout)
    assert found == {"key": "a.b", "values": ["1", "2"]}
    written = twins.ours("config", "--json", "a.d", "x")
    assert json.loads(written.stdout) == {"action": "set", "file": "sqitch.conf"}


def test_blank_lines_at_the_end_stay(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    path.write_text("[a]\n\tb = 1\n\n\n")
    edit_file(path, lambda config: config.set_value("a.b", "2"))
    assert path.read_text() == "[a]\n\tb = 2\n\n\n"


def test_a_file_that_somebody_writes_is_left_alone(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, {"sqitch.conf": "[a]\n", "sqitch.conf.lock": ""})
    assert "Can't open sqitch.conf.lock" in twins.same("config", "a.b", "c").stderr


def test_a_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.conf", tmp_path / "link.conf"
    real.write_text("")
    real.chmod(0o640)
    link.symlink_to("real.conf")
    edit_file(link, lambda config: config.set_value("a.b", "c"))
    assert link.is_symlink()
    assert (real.stat().st_mode & 0o777, real.read_text()) == (0o640, "[a]\n\tb = c\n")


def test_a_change_that_fails_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    path.write_text("[a]\n")
    with pytest.raises(SqitchError, match=r"^No such section!$"):
        edit_file(path, lambda config: config.remove_section("b"))
    assert [each.name for each in tmp_path.iterdir()] == ["x.conf"]
    assert path.read_text() == "[a]\n"


def test_of_two_writers_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"

    def write(number: int) -> None:
        while True:
            try:
                edit_file(path, lambda config: config.add_value("a.b", str(number)))
            except SqitchError:  # somebody else is writing
                continue
            return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text().count("b = ") == 12


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("On", "bool", "true"),
        ("-001", "bool", "true"),
        ("", "bool", "false"),
        (None, "bool", "true"),
        ("2.9", "int", "2"),
        ("-1.5m", "int", "-1572864"),
        ("1.50k", "num", "1536"),
        ("x", None, "x"),
    ],
)
def test_kinds_of_values(value: str | None, kind: str | None, expected: str) -> None:
    assert cast(value, kind) == expected


@pytest.mark.parametrize(("value", "kind"), [("2", "bool"), ("1t", "int"), ("x", "bool-or-int")])
def test_values_of_another_kind_are_refused(value: str, kind: str) -> None:
    with pytest.raises(SqitchError, match=r"^Invalid (bool|unit)"):
        cast(value, kind)


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("[a] b = c", lambda it: it.unset("a.b"), "[a]\n"),
        ("[a]\nb = c", lambda it: it.add_value("a.d", "e"), "[a]\nb = c\n\td = e\n"),
        ("[a]\nb = c", lambda it: it.add_value("x.d", "e"), "[a]\nb = c\n[x]\n\td = e\n"),
        ("[a]\nb = c\n", lambda it: it.set_value("a.b", "é\n"), "[a]\nb = \"é\\n\"\n"),
        ("", lambda it: it.set_value('x."y\\.d', "e"), '[x "\\"y\\\\"]\n\td = e\n'),
    ],
)  # fmt: skip
def test_layout(text: str, change: Callable[[ConfigText], ConfigText], expected: str) -> None:
    assert change(ConfigText(text, Path("x"))).text == expected

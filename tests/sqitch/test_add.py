"""`add` writes the plan and the scripts that sqitch writes, byte by byte."""

from __future__ import annotations

import errno
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.template import render
from support.twins import PLANNED, Twins, masked, twins_in

STAMP = "NOW Grace Hopper <grace@example.com>"


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return twins_in(tmp_path).plan("users", "other", "@v1")


def editor(twins: Twins, script: str) -> str:
    """A program that is called as an editor, with the file to edit as its last argument."""
    path = twins.base / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_change_with_everything(twins: Twins) -> None:
    done = twins.agree(
        "add", "flips", "-r", "users", "--requires", "flipr:other@v1", "-x", "other@v1",
        "--conflicts", "bad:evil", "-n", "  First \\\\ # para. ", "-m", "Second\\nline",
        "-r", "@v1",
    )  # fmt: skip
    assert done.stdout == (
        "Created deploy/flips.sql\nCreated revert/flips.sql\nCreated verify/flips.sql\n"
        'Added "flips [users other@v1 @v1 !other@v1 !bad:evil]" to sqitch.plan\n'
    )
    assert twins.text("sqitch.plan").endswith(
        f"@v1 {PLANNED}\n\nflips [users other@v1 @v1 !other@v1 !bad:evil] {STAMP} "
        "# First \\\\ # para. \\n\\nSecond\\nline\n"
    )


def test_changes_one_after_the_other(twins: Twins) -> None:
    twins.agree_all(
        [
            ["add", "a", "-n", "0"],
            ["add", "--change", "b/c/d", "-r", "a", "-n", "\\q\\\\n"],
            ["add", "-c", "é", "-n", "ünï", "pg"],
            ["add", "db:pg:x", "zero", "-m", "n", "sqitch.plan"],
            ["tag", "v2", "-n", "t"],
            ["add", "after", "-r", "a@v2", "-r", "other:x@y", "-r", "@v2", "-n", "n"],
        ]
    )


def test_scripts_that_exist_stay(twins: Twins) -> None:
    twins.write({"deploy/x.sql": "mine", "verify/x.sql": "mine"})
    done = twins.agree("add", "x", "-n", "n")
    assert done.stdout.startswith("Skipped deploy/x.sql: already exists\nCreated revert/x.sql\n")
    assert twins.text("deploy/x.sql") == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "-n", "n"],
        ["a b", "-n", "n"],
        ["HEAD", "-n", "n"],
        ["@x", "-n", "n"],
        ["x^3", "-n", "n"],
        ["a" * 40, "-n", "n"],
        ["x", "-r", "nope", "-n", "n"],
        ["x", "-r", "users@nope", "-n", "n"],
        ["x", "-r", "nope@v1", "-n", "n"],
        ["x", "-r", "a+", "-n", "n"],
        ["x", "-x", "!users", "-n", "n"],
        ["x", "y", "-n", "n"],
        ["x", "y", "z", "-n", "n"],
        ["x", "--all", "pg", "-n", "n"],
        ["x", "-t", "nope", "-n", "n"],
        ["x", "-f", "nope.plan", "-n", "n"],
    ],
    ids=" ".join,
)
def test_errors_are_the_same_and_nothing_is_written(twins: Twins, arguments: list[str]) -> None:
    twins.write({"deploy/here": ""})
    before = twins.files()
    twins.agree("add", *arguments, code=2)
    assert twins.files() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["--use", "deploy=nope.tmpl"],
        ["--use", "deploy=deploy"],
        ["--template-directory", "nope"],
        ["--template-directory", "sqitch.plan"],
    ],
    ids=" ".join,
)
def test_templates_that_are_not_there(twins: Twins, arguments: list[str]) -> None:
    twins.write({"deploy/here": ""})
    twins.agree("add", "x", "-n", "n", *arguments, code=255)


def test_a_name_that_is_a_targets_is_asked_for(twins: Twins) -> None:
    twins.plan("users", conf='[target "dev"]\n\turi = db:pg:dev\n')
    twins.agree("add", "dev", "-n", "n", code=2)
    twins.agree("add", "--change", "dev", "-n", "n")


def test_without_a_project_there_is_nothing_to_add_to(twins: Twins) -> None:
    for folder in ("ours", "theirs"):
        (twins.base / folder / "sqitch.conf").unlink()
    twins.agree("add", "x", "-n", "n", code=2)


def test_a_plan_that_is_broken_is_not_written(twins: Twins) -> None:
    twins.write({"sqitch.plan": f"%project=flipr\n\na {PLANNED}\n@v1 {PLANNED}\n@v1 {PLANNED}\n"})
    before = twins.files()
    done = twins.agree("add", "x", "-n", "n", code=2)
    assert 'line 5: Tag "v1" duplicates earlier declaration on line 4' in done.stderr
    assert twins.files() == before


@pytest.mark.parametrize("reference", ["HEAD", "users@HEAD", "a" * 40])
def test_what_would_break_the_plan_is_refused(twins: Twins, reference: str) -> None:
    # Sqitch writes each of these, and can't read its plan afterwards.
    before = twins.files()
    done = twins.ours("add", "x", "-r", reference, "-n", "n")
    assert (done.code, reference in done.stderr) == (2, True)
    assert twins.files() == before


def test_a_requirement_named_twice_is_written_once(twins: Twins) -> None:
    # Sqitch writes it twice, and then refuses the line.
    done = twins.ours("add", "x", "-r", "users", "-r", "flipr:users", "-n", "n")
    assert 'Added "x [users]" to sqitch.plan\n' in done.stdout


def test_names_from_the_environment_are_written_as_they_are(twins: Twins) -> None:
    # Sqitch encodes the bytes of the environment once more.
    twins.ours("add", "x", "-n", "n", SQITCH_FULLNAME="Ada Lövelace")
    assert "x NOW Ada Lövelace <grace@example.com> # n\n" in twins.text("sqitch.plan")


def test_names_from_the_configuration(twins: Twins) -> None:
    twins.plan("a", conf="[user]\n\tname = Ada Lövelace\n\temail = ada@example.com\n")
    twins.agree("add", "x", "-n", "n", SQITCH_FULLNAME="", SQITCH_EMAIL="")
    assert "x NOW Ada Lövelace <ada@example.com> # n\n" in twins.text("sqitch.plan")


def test_the_editor_asks_for_a_note(twins: Twins) -> None:
    script = (
        'cp "$1" asked; printf "\\n  One # two\\n# no\\n  \\t#no\\n\\nthree\\\\\\\\n \\n\\n" > "$1"'
    )
    twins.agree("add", "x", "-r", "users", "-n", " ", SQITCH_EDITOR=editor(twins, script))
    assert twins.text("asked").splitlines()[1:7] == [
        "# Please enter a note for your change. Lines starting with '#' will",
        "# be ignored, and an empty message aborts the add.",
        "# Change to add:",
        "# ",
        "#   x [users]",
        "#     deploy/x.sql",
    ]
    assert "[users] NOW Grace Hopper <grace@example.com> #   One # two\\n\\nth" in twins.text(
        "sqitch.plan"
    )


@pytest.mark.parametrize("source", ["core.editor", "VISUAL", "EDITOR"])
def test_the_editor_is_found_where_sqitch_finds_it(twins: Twins, source: str) -> None:
    path = editor(twins, 'echo "Said by $1." > "$2"')
    environment = {"SQITCH_EDITOR": "", "VISUAL": "false", "EDITOR": "false"}
    if source == "core.editor":
        twins.plan("a", conf=f"\teditor = {path} {source}\n")
    else:
        environment[source] = f"{path} {source}"
        environment |= {"VISUAL": ""} if source == "EDITOR" else {}
    twins.agree("add", "x", code=0, **environment)
    assert f"# Said by {source}.\n" in twins.text("sqitch.plan")


def test_an_empty_note_aborts(twins: Twins) -> None:
    before = twins.files()
    done = twins.agree("add", "x", code=1, SQITCH_EDITOR="true")
    assert done.stdout == "Aborting due to empty note\n"
    assert twins.files() == before


def test_an_editor_that_fails_aborts(twins: Twins) -> None:
    before = twins.files()
    done = twins.ours("add", "x", SQITCH_EDITOR="false")
    real = twins.theirs("add", "x", SQITCH_EDITOR="false")
    assert (done.code, real.code) == (2, 2)
    assert "unexpectedly returned exit value 1" in done.stderr
    assert "unexpectedly returned exit value 1" in real.stderr
    assert twins.files() == before


@pytest.mark.parametrize("how", ["--open-editor", "--edit", "-e", "add.open_editor"])
def test_the_editor_opens_the_scripts(twins: Twins, how: str) -> None:
    path = editor(twins, 'echo "$@" > opened')
    option = [how] if how.startswith("-") else []
    twins.plan("a", conf="" if option else "[add]\n\topen_editor = yes\n")
    twins.agree("add", "it's", "-n", "n", *option, SQITCH_EDITOR=path)
    assert twins.text("opened") == "deploy/it's.sql revert/it's.sql verify/it's.sql\n"


def test_somebody_elses_change_is_not_lost(twins: Twins) -> None:
    line = f"sneaked {PLANNED}"
    path = editor(twins, f'echo note > "$1"; echo "{line}" >> sqitch.plan')
    done = twins.ours("add", "x", SQITCH_EDITOR=path)
    assert done.code == 0
    assert twins.text("sqitch.plan").endswith(f"{line}\nx {STAMP} # note\n")


def test_of_many_at_once_none_is_lost(twins: Twins) -> None:
    names = [f"n{number}" for number in range(4)]
    line = [sys.executable, "-m", "pgdocket", "sqitch", "add", "-n", "n"]
    running = {
        name: subprocess.Popen(
            [*line, name],
            cwd=twins.mine,
            env=twins.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    }
    for name, process in running.items():
        assert f'Added "{name}"' in process.communicate(timeout=60)[0]
    planned = [change.name for change in load_plan(twins.mine / "sqitch.plan").changes]
    assert planned[:2] == ["users", "other"]
    assert sorted(planned[2:]) == names


def test_the_plan_is_replaced_and_keeps_its_mode_and_its_link(twins: Twins) -> None:
    plan = twins.mine / "sqitch.plan"
    real = twins.mine / "real.plan"
    plan.rename(real)
    plan.symlink_to("real.plan")
    real.chmod(0o640)
    before = real.stat().st_ino
    twins.ours("add", "x", "-n", "n")
    assert plan.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.stat().st_ino != before
    assert "\nx NOW" in masked(real.read_text())
    assert sorted(path.name for path in twins.mine.iterdir()) == [
        "deploy", "real.plan", "revert", "sqitch.conf", "sqitch.plan", "verify",
    ]  # fmt: skip


class TestTemplates:
    """Where templates come from, and what they may hold."""

    DEPLOY = (
        "[% change %] of [%project%], [% engine -%]\n"
        "   [%- IF lead %] by [% lead %][% END %]\n[% UNLESS none %]-- none\n[% END -%]\n"
        "[% FOREACH r IN requires %]<[% r %]>[% ELSE %][% END %]\n"
        "[% FOREACH t IN tags -%]\n+ [% t %]\n[% END -%]\n"
        "[% IF none %]a[% ELSE %]b[% IF lead %]c[% ELSE %]d[% END %][% END %][% nothing %]\n"
    ).replace("[% ELSE %][% END %]\n[% FOREACH t", "[% END %]\n[% FOREACH t")

    def test_options(self, twins: Twins) -> None:
        twins.write(
            {
                "my.tmpl": self.DEPLOY,
                "t/deploy/other.tmpl": "never",
                "t/revert/other.tmpl": "revert [% change %]",
                "t/unit/other.tmpl": "test [% change %]",
            }
        )
        done = twins.agree(
            "add", "a/b", "-n", "n", "-r", "users", "-r", "other", "--without", "verify", "-t",
            "other", "--template-directory", "t", "--use", "deploy=my.tmpl", "--set", "lead=Ada",
            "--set", "tags=x", "-s", "tags=y",
        )  # fmt: skip
        assert "Created unit/a/b.sql\n" in done.stdout
        assert twins.text("deploy/a/b.sql") == (
            "a/b of flipr, pg by Ada\n-- none\n<users><other>\n+ x\n+ y\nbc\n"
        )

    def test_configuration(self, twins: Twins) -> None:
        twins.plan(
            "users",
            conf="[add]\n\ttemplate_directory = t\n\ttemplate_name = mine\n"
            '[add "templates"]\n\trevert = my.tmpl\n\tunit = my.tmpl\n'
            '[add "variables"]\n\tlead = Grace\n\tnone = 1\n',
        )
        templates = {f"t/{kind}/mine.tmpl": f"{kind} [% lead %]" for kind in ("deploy", "verify")}
        twins.write({"my.tmpl": self.DEPLOY, **templates})
        twins.agree("add", "x", "-n", "n", "--set", "none=0")
        assert twins.text("unit/x.sql") == "x of flipr, pg by Grace\n-- none\n\nbc\n"

    def test_the_users_folder(self, twins: Twins) -> None:
        folder = twins.base / "home" / ".sqitch" / "templates" / "deploy"
        folder.mkdir(parents=True)
        (folder / "pg.tmpl").write_text("my own [% change %]")
        twins.agree("add", "x", "-n", "n")
        assert twins.text("deploy/x.sql") == "my own x"

    def test_ours_are_equal_to_those_of_sqitch(self, twins: Twins) -> None:
        # Where no template of sqitch is installed: its folder is another, and empty.
        empty = str(twins.base / "home")
        arguments = ["add", "x/y", "-r", "users", "-x", "other", "-x", "b:c", "-n", "n"]
        mine = twins.ours("--etc-path", empty, *arguments)
        assert mine.code == 0
        twins.theirs(*arguments)
        assert twins.files("ours") == twins.files("theirs")

    def test_more_of_the_language(self) -> None:
        text = "[%# said aside %][% IF a %]1[% ELSIF b.size %]2[% ELSE %]3[% END %][% b.1 %]"
        assert render(text, {"b": ("x", "y")}) == "2y"
        assert render("[% FOREACH x = a %]<[% x %]>[% END %]|[% a.b %]", {"a": "one"}) == "<one>|"

    @pytest.mark.parametrize(
        "text", ["[% IF a %]x", "[% END %]", "[% FOREACH x %][% END %]", "[% USE x %]"]
    )
    def test_what_is_no_template_is_refused(self, text: str) -> None:
        with pytest.raises(SqitchError, match=r"^Error executing mine: "):
            render(text, {}, "mine")


class TestSeveralTargets:
    """One change in the plans of several targets."""

    CONF = (
        '[target "a"]\n\turi = db:pg:a\n\tplan_file = a.plan\n\tdeploy_dir = a/deploy\n'
        '[target "b"]\n\turi = db:pg:b\n\tdeploy_dir = b/deploy\n\textension = ddl\n'
    )

    def make(self, twins: Twins) -> None:
        twins.plan("users", conf=self.CONF)
        twins.write({"a.plan": "%project=second\n\n"})

    def test_named(self, twins: Twins) -> None:
        self.make(twins)
        done = twins.agree("add", "x", "a", "b", "-n", "n")
        assert done.stdout.count("Created") == 6
        assert twins.text("a/deploy/x.sql").startswith("-- Deploy second:x to pg\n")

    def test_a_plan_file_names_its_target(self, twins: Twins) -> None:
        self.make(twins)
        twins.agree("add", "x", "a.plan", "-n", "n")
        assert twins.text("a.plan") == f"%syntax-version=1.0.0\n%project=second\n\nx {STAMP} # n\n"

    @pytest.mark.parametrize("how", ["--all", "add.all"])
    def test_all(self, twins: Twins, how: str) -> None:
        # The real program takes named targets in a random order, so only files are compared.
        self.make(twins)
        if how == "add.all":
            twins.plan("users", conf=self.CONF + "[add]\n\tall = 1\n")
        arguments = ["add", "x", "-n", "n", *([how] if how == "--all" else [])]
        mine, real = twins.ours(*arguments), twins.theirs(*arguments)
        assert (mine.code, sorted(mine.stdout)) == (real.code, sorted(real.stdout))
        assert twins.files("ours") == twins.files("theirs")

    def test_none_is_written_when_one_refuses(self, twins: Twins) -> None:
        self.make(twins)
        before = twins.files()
        twins.agree("add", "users", "a", "b", "-n", "n", code=2)
        assert twins.files() == before


def test_another_folder_and_plan(twins: Twins) -> None:
    twins.write({"db/sqitch.plan": "%project=deep\n\n"})
    twins.agree("add", "x", "--top-dir", "db", "-n", "n")
    twins.agree("-C", "db", "add", "y", "-f", "sqitch.plan", "-n", "n")


def test_a_conflict_that_nothing_can_be_deployed_with_is_pointed_out(twins: Twins) -> None:
    # Sqitch says nothing, and dies when it deploys.
    done = twins.ours("add", "x", "-x", "dr_evil", "-x", "users", "-n", "n")
    assert (done.code, done.stderr.count("warning: ")) == (0, 2)
    assert 'as long as "dr_evil", which it conflicts with, is not in the plan' in done.stderr
    assert twins.text("sqitch.plan").endswith(f"\nx [!dr_evil !users] {STAMP} # n\n")


def test_a_plan_that_can_not_be_written_stays_whole(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = twins.text("sqitch.plan")
    twins.write({f"{kind}/x.sql": "" for kind in ("deploy", "revert", "verify")})
    monkeypatch.setattr("os.fsync", full)
    done = twins.ours("add", "x", "-n", "n")
    assert (done.code, done.stderr) == (2, "Cannot open sqitch.plan: No space left on device\n")
    assert twins.text("sqitch.plan") == before
    assert not [path for path in twins.mine.iterdir() if path.name.startswith(".")]


def test_a_double_extension_is_noticed(twins: Twins) -> None:
    # As sqitch 1.4 does.
    done = twins.ours("add", "x.sql", "-n", "n")
    assert "warning: File deploy/x.sql.sql has a double extension of sql\n" in done.stderr


def test_quiet_and_json(twins: Twins) -> None:
    assert twins.agree("--quiet", "add", "a", "-n", "n").stdout == ""
    found = json.loads(twins.ours("add", "b", "-r", "a", "-n", "n", "--json").stdout)
    assert found["change"] == "b"
    assert found["created"] == ["deploy/b.sql", "revert/b.sql", "verify/b.sql"]
    assert found["plans"][0]["plan_file"] == "sqitch.plan"
    assert found["plans"][0]["line"].startswith("b [a] 20")


def test_a_name_is_needed(twins: Twins) -> None:
    assert (twins.ours("add").code, twins.theirs("add").code) == (2, 2)

"""`bundle` copies what sqitch copies, and makes bundles that work where sqitch's do not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pgdocket.sqitch.plan import load_plan
from support.changes import Project, deployed, tables
from support.databases import Database
from support.servers import TestServer
from support.twins import PLANNED, Twins, twins_in


def scripts(*names: str, top: str = "") -> dict[str, str]:
    return {
        f"{top}{kind}/{name}.sql": f"{kind} {name}\n"
        for kind in ("deploy", "revert", "verify")
        for name in names
    }


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return (
        twins_in(tmp_path)
        .plan("a", "x/b [a]", "@v1", "@v1b", "", "  c  [a]", "a [a@v1]", "d", "@v2")
        .write(scripts("a", "a@v1", "x/b", "c"))
    )


def bundled(twins: Twins, folder: str = "bundle") -> list[str]:
    """The files in the bundle, relative to it."""
    top = f"{folder}/"
    return [
        name.removeprefix(top)
        for name, text in twins.files().items()
        if name.startswith(top) and text is not None
    ]


def test_everything(twins: Twins) -> None:
    done = twins.agree("bundle")
    assert done.stdout == (
        "Bundling into bundle\nWriting config\nWriting plan\nWriting scripts\n"
        "  + a\n  + x/b @v1 @v1b\n  + c\n  + a\n  + d @v2\n"
    )
    assert "deploy/a@v1.sql" in bundled(twins)
    twins.agree("-VV", "bundle", "--dest-dir", "x/y")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--from", "c"],
        ["--from", "@v1", "--to", "@v2", "--dir", "part"],
        ["--from", "c", "--to", "d^"],
        ["c", "@HEAD"],
        ["c"],
        ["pg", "c", "d"],
    ],
    ids=" ".join,
)
def test_a_part(twins: Twins, arguments: list[str]) -> None:
    mine, real = twins.ours("bundle", *arguments), twins.theirs("bundle", *arguments)
    assert (mine.code, mine.stdout) == (real.code, real.stdout)
    assert twins.files("ours") == twins.files("theirs")


def test_up_to_a_change(twins: Twins) -> None:
    # Sqitch takes --to alone for --from.
    done = twins.ours("bundle", "--to", "@v1")
    assert "Writing plan from @ROOT to @v1\n" in done.stdout
    plan = load_plan(twins.mine / "bundle" / "sqitch.plan")
    assert [change.format_name_with_tags for change in plan.changes] == ["a", "x/b @v1 @v1b"]
    assert [each.id for each in plan.changes] == [
        each.id for each in load_plan(twins.mine / "sqitch.plan").changes[:2]
    ]


def test_scripts_have_the_names_that_the_bundled_plan_gives_them(twins: Twins) -> None:
    # In the bundle nothing is reworked, so nobody would look for deploy/a@v1.sql.
    twins.ours("bundle", "--from", "@ROOT", "--to", "@v1")
    assert twins.text("bundle/deploy/a.sql") == "deploy a@v1\n"
    assert [name for name in bundled(twins) if "@" in name] == []


def test_a_part_that_can_not_be_deployed_alone_is_pointed_out(twins: Twins) -> None:
    twins.plan("a", "b [a]", "c")
    done = twins.ours("bundle", "--from", "b")
    assert done.code == 0
    assert "warning: The bundled plan can't be deployed by itself.\n" in done.stderr
    assert 'Unknown change "a" required by change "b"' in done.stderr


def test_lines_between_are_bundled_as_sqitch_does(twins: Twins) -> None:
    text = (
        f"# head\n%project=flipr\n# why\n\n# first\na {PLANNED}\n\n # two\n@v1 {PLANNED}\n\n"
        f"@v1b {PLANNED} # t\n# c\n  b  {PLANNED}\n\n# end\n"
    )
    twins.write({"sqitch.plan": text})
    twins.agree("bundle", "--from", "@ROOT", "--to", "a", "--dir", "one")
    twins.agree("bundle", "--from", "b", "--dir", "two")
    twins.agree("bundle", "--dir", "three")
    assert twins.text("one/sqitch.plan").endswith(f"\n\n@v1b {PLANNED} # t\n")


@pytest.mark.parametrize("reference", ["nope", "a@nope", "@nope"])
@pytest.mark.parametrize("option", ["--from", "--to"])
def test_what_is_not_in_the_plan_is_refused_before_anything_is_written(
    twins: Twins, option: str, reference: str
) -> None:
    real = twins.theirs("bundle", option, reference)
    mine = twins.ours("bundle", option, reference)
    assert (mine.code, mine.stderr) == (real.code, real.stderr)
    assert bundled(twins) == []


def test_a_name_that_means_several_changes_is_refused(twins: Twins) -> None:
    done = twins.ours("bundle", "--from", "a")
    assert done.code == 2
    assert 'Change "a" is ambiguous' in done.stderr
    assert bundled(twins) == []


@pytest.mark.parametrize(
    "arguments", [["nope"], ["c", "--from", "d"], ["--all", "pg"]], ids=" ".join
)
def test_errors_are_the_same(twins: Twins, arguments: list[str]) -> None:
    twins.agree("bundle", *arguments, code=2)


@pytest.mark.parametrize("missing", ["sqitch.conf", "sqitch.plan"])
def test_a_missing_file_is_named(twins: Twins, missing: str) -> None:
    for folder in ("ours", "theirs"):
        (twins.base / folder / missing).unlink()
    arguments = ["bundle"] if missing == "sqitch.plan" else ["bundle", "db:pg:"]
    mine, real = twins.ours(*arguments), twins.theirs(*arguments)
    assert (mine.code, mine.stderr) == (real.code, real.stderr)
    assert bundled(twins) == []


def test_an_old_copy_is_replaced_whatever_its_time(twins: Twins) -> None:
    # Sqitch keeps a copy that is younger: another branch's, after a checkout.
    twins.ours("bundle")
    script = twins.mine / "deploy" / "c.sql"
    script.write_text("new\n")
    os.utime(script, (0, 0))
    found = json.loads(twins.ours("bundle", "--json").stdout)
    assert found["written"] == ["bundle/deploy/c.sql"]
    assert twins.text("bundle/deploy/c.sql") == "new\n"


class TestSeveralTargets:
    """Bundles of several targets, with folders of their own."""

    CONF = (
        '[target "x"]\n\turi = db:pg:x\n\ttop_dir = sub/x\n\treworked_dir = sub/old\n'
        '[target "y"]\n\turi = db:pg:y\n\tplan_file = y.plan\n\tdeploy_dir = sub/x/../y\n'
    )

    def make(self, twins: Twins) -> None:
        twins.plan("a", "x/b", "@v1", "c", conf=self.CONF)
        lines = "".join(f"{line} {PLANNED}\n" for line in ("f", "@w", "f [f@w]", "g"))
        plan = f"%project=sub\n\n{lines}"
        twins.write({"sub/x/sqitch.plan": plan, "y.plan": plan, "sub/y/f.sql": "", "sub/z": ""})
        twins.write(scripts("f", "g", top="sub/x/") | scripts("f@w", top="sub/old/"))

    def test_their_folders_are_kept(self, twins: Twins) -> None:
        self.make(twins)
        done = twins.agree("bundle", "x", "y")
        assert done.stdout.count("Writing plan\n") == 2
        assert "sub/old/deploy/f@w.sql" in bundled(twins)

    def test_each_has_its_own_part(self, twins: Twins) -> None:
        self.make(twins)
        twins.agree("bundle", "pg", "x/b", "c", "x", "g", "--dir", "part")

    @pytest.mark.parametrize("how", ["--all", "bundle.all"])
    def test_all(self, twins: Twins, how: str) -> None:
        self.make(twins)
        if how == "bundle.all":
            twins.plan("a", conf=self.CONF + "[bundle]\n\tall = 1\n\tdest_dir = out\n")
        arguments = ["bundle", *([how] if how == "--all" else [])]
        mine, real = twins.ours(*arguments), twins.theirs(*arguments)
        assert (mine.code, sorted(mine.stdout)) == (real.code, sorted(real.stdout))
        assert twins.files("ours") == twins.files("theirs")

    def test_one_range_for_several_is_warned_of(self, twins: Twins) -> None:
        self.make(twins)
        twins.agree("bundle", "x", "y", "--from", "g")


def test_an_empty_plan(twins: Twins) -> None:
    twins.plan()
    done = twins.ours("bundle")
    assert done.code == 0
    assert done.stdout.endswith("Writing plan\nWriting scripts\n")


def test_what_was_made_here_is_deployed_there(
    tmp_path: Path, server15: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    database = new_database(server15)
    made = Project(tmp_path / "made", "flipr")
    made.folder.mkdir()

    def do(*arguments: str) -> None:
        done = made.ours(database, *arguments)
        assert done.code == 0, done

    do("init", "flipr", "--engine", "pg", "--dir", "reworked=old")
    for name in ("users", "flips"):
        do("add", name, "-n", "n", *(["-r", "users"] if name == "flips" else []))
        made.write(name, "deploy", f"begin;\ncreate table public.{name} (id int);\ncommit;\n")
        made.write(name, "revert", f"begin;\ndrop table public.{name};\ncommit;\n")
    do("tag", "v1", "-n", "n")
    do("rework", "users", "-n", "n")
    made.write("users", "deploy", "begin;\nalter table public.users add name text;\ncommit;\n")
    made.write("users", "revert", "begin;\nalter table public.users drop name;\ncommit;\n")
    do("bundle", "--to", "@v1", "--dir", "first")
    do("bundle", "--dir", "whole")

    first = Project(made.folder / "first", "flipr")
    assert first.theirs(database, "deploy", "--verify").code == 0
    assert deployed(database) == ["users", "flips"]
    whole = Project(made.folder / "whole", "flipr")
    assert whole.ours(database, "deploy", "--verify").code == 0
    assert deployed(database) == ["users", "flips", "users"]
    for check in ("check", "verify", "status"):
        assert whole.theirs(database, check).code == 0
    assert whole.theirs(database, "revert", "-y").code == 0
    assert tables(database) == set()

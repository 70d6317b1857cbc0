"""`tag` writes the plan that sqitch writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.twins import PLANNED, Twins, twins_in


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return twins_in(tmp_path).plan("a", "b", "@v1", "@v1b", "", "c", "b [b@v1]")


def test_tags_are_set_and_listed(twins: Twins) -> None:
    done = twins.agree("tag", "v2", "-n", "Two\\nlines", "-n", "and \\\\ more")
    assert done.stdout == 'Tagged "b" with @v2 in sqitch.plan\n'
    twins.agree("tag", "@v0", "a", "-n", "0")
    twins.agree("tag", "-c", "b@v1", "--tag", "v1c", "-m", "n")
    assert f"@v1b {PLANNED}\n@v1c NOW Grace Hopper <grace@example.com> # n\n\nc" in twins.text(
        "sqitch.plan"
    )
    twins.agree("tag", "after", "@HEAD^", "-n", "n")
    assert twins.agree("tag").stdout == "@v0\n@v1\n@v1b\n@v1c\n@after\n@v2\n"


def test_a_tag_lands_where_sqitch_puts_it_between_odd_lines(twins: Twins) -> None:
    twins.plan("a", "", "@v1", "", "  b")
    twins.write({"sqitch.plan": twins.text("sqitch.plan").replace("\n\n@v1", "\n# why\n\n @v1")})
    twins.agree("tag", "v2", "a", "-n", "n")
    twins.agree("tag", "v3", "a", "-n", "n")
    twins.agree("tag", "v4", "-n", "n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["v1"],
        ["@v1"],
        ["HEAD"],
        ["a/b"],
        ["x y"],
        ["x+"],
        ["a" * 40],
        ["v2", "nope"],
        ["v2", "b"],
        ["v2", "a@nope"],
        ["v2", "a", "c"],
        ["v2", "-f", "nope.plan"],
        ["v2", "--all", "pg"],
    ],
    ids=" ".join,
)
def test_errors_are_the_same_and_nothing_is_written(twins: Twins, arguments: list[str]) -> None:
    before = twins.files()
    twins.agree("tag", *arguments, "-n", "n", code=2)
    assert twins.files() == before


def test_a_plan_without_changes_takes_no_tag(twins: Twins) -> None:
    twins.plan()
    twins.agree("tag", "v1", "-n", "n", code=2)
    assert twins.agree("tag").stdout == ""


def test_a_name_that_is_a_targets_is_asked_for(twins: Twins) -> None:
    twins.plan("a", conf='[target "dev"]\n\turi = db:pg:dev\n')
    twins.agree("tag", "dev", "-n", "n", code=2)
    twins.agree("tag", "--tag", "dev", "-n", "n")


def test_the_editor_asks_for_a_note(twins: Twins) -> None:
    editor = twins.base / "editor"
    editor.write_text('#!/bin/sh\ncp "$1" asked\necho From the editor >> "$1"\n')
    editor.chmod(0o755)
    twins.agree("tag", "v2", SQITCH_EDITOR=str(editor))
    assert twins.text("sqitch.plan").endswith(" # From the editor\n")
    assert "\n# Write a tag note.\n" in twins.text("asked")


def test_a_plan_that_was_changed_meanwhile_is_left_alone(twins: Twins) -> None:
    # The tag was meant for the change that was the last one then.
    editor = twins.base / "editor"
    line = f"sneaked {PLANNED}"
    editor.write_text(f'#!/bin/sh\necho note >> "$1"\necho "{line}" >> sqitch.plan\n')
    editor.chmod(0o755)
    done = twins.ours("tag", "v2", SQITCH_EDITOR=str(editor))
    assert done.code == 2
    assert "sqitch.plan has been changed by somebody else meanwhile" in done.stderr
    assert twins.text("sqitch.plan").endswith(f"{line}\n")


def test_several_plans(twins: Twins) -> None:
    twins.plan(
        "a", "@v0", conf='[target "x"]\n\turi = db:pg:x\n\tplan_file = x.plan\n[tag]\n\tall = on\n'
    )
    twins.write({"x.plan": f"%project=x\n\nz {PLANNED}\n@v0 {PLANNED}\n@v9 {PLANNED}\n"})
    assert twins.agree("tag").stdout == "@v0\n@v9\n"
    twins.agree("tag", "v1", "-n", "n")
    twins.agree("tag", "v2", "x", "-n", "n")
    assert "v2" not in twins.text("sqitch.plan")
    twins.agree("tag", "v9", "-n", "n", code=2)
    assert "v9" not in twins.text("sqitch.plan")


def test_json(twins: Twins) -> None:
    found = json.loads(twins.ours("tag", "v2", "a", "-n", "n", "--json").stdout)
    assert found["tag"] == "@v2"
    assert (found["plans"][0]["change"], found["plans"][0]["note"]) == ("a", "n")
    assert json.loads(twins.ours("tag", "--json").stdout) == {"tags": ["@v2", "@v1", "@v1b"]}

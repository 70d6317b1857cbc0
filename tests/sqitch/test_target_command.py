"""`target` manages targets as the real program does."""

from __future__ import annotations

import json
from pathlib import Path

from support.configurations import Twins

FILES = {
    "sqitch.conf": "[core]\n\tengine = pg\n# mine\n",
    "sqitch.plan": "%syntax-version=1.0.0\n%project=flipr\n%uri=https://example.com\n\n",
}


def test_targets_are_added_altered_renamed_and_removed(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    for line in (
        ["add", "dev", "db:pg:dev"],
        ["add", "dev", "db:pg:other"],
        ["add", "far", "db:pg://u:p w@h/é", "--registry", "r"],
        ["add", "short", "pg:z", "-s", "Foo=bar"],
        ["alter", "dev", "--plan-file", "./q/../q.plan"],
        ["alter", "dev", "--uri", "db:pg:dev2"],
        ["alter", "far", "--top-dir", "tt"],
        ["alter", "far", "--dir", "reworked=rw/x"],
        ["alter", "nope", "--uri", "db:pg:x"],
        ["alter", "dev", "--uri", "foo"],
        ["add", "u", "db:pg:u", "--dir", "foo=1", "--dir", "bar=2"],
        ["-v"],
        ["show", "dev", "far", "short"],
        ["rename", "far", "near"],
        ["rename", "far", "near"],
        ["rm", "dev"],
        ["frob-it"],
        ["show", "near"],
    ):
        twins.same("target", *line)
    assert "# mine" in twins.text("sqitch.conf")


def test_a_plan_is_made_where_the_target_has_none(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    twins.same("target", "add", "prod", "db:pg:prod", "--plan-file", "prod/p.plan")
    assert twins.text("prod/p.plan") == FILES["sqitch.plan"].replace("com\n", "com/\n")
    assert twins.same("--quiet", "target", "add", "q", "db:pg:q", "--top-dir", "q").stdout == ""


def test_a_target_in_use_stays(tmp_path: Path) -> None:
    conf = '[core]\nengine=pg\n[target "dev"]\nuri=db:pg:dev\n[engine "pg"]\ntarget=dev\n'
    twins = Twins.born(tmp_path, FILES | {"sqitch.conf": conf})
    assert twins.same("target", "rename", "dev", "dev2").code == 2
    # sqitch says "rename" here, too.
    assert "Cannot remove target" in twins.ours("target", "remove", "dev").stderr
    assert twins.text("sqitch.conf") == conf


def test_a_name_in_use_is_not_taken(tmp_path: Path) -> None:
    # sqitch makes two sections of one name, of which the last one holds.
    conf = '[target "a"]\nuri=db:pg:a\n[target "b"]\nuri=db:pg:b\n'
    twins = Twins.born(tmp_path, FILES | {"sqitch.conf": conf})
    assert twins.ours("target", "rename", "a", "b").stderr == 'Target "b" already exists\n'
    assert twins.text("sqitch.conf") == conf


def test_what_can_not_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    # sqitch writes the configuration first, and accepts any text and any engine.
    twins = Twins.born(tmp_path, {"sqitch.conf": "[core]\n\tengine = pg\n"})
    for uri, message in (
        ("db:pg:x", "Missing %project pragma in sqitch.plan"),
        ("foo", "No engine specified by URI foo"),
        ("db:sqlite:x", 'Engine "sqlite" of URI db:sqlite:x is not PostgreSQL'),
    ):
        assert message in twins.ours("target", "add", "x", uri).stderr
    assert twins.files("ours") == {"sqitch.conf": b"[core]\n\tengine = pg\n"}


def test_json(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    added = json.loads(twins.ours("target", "--json", "add", "dev", "db:pg:dev").stdout)
    assert (added["name"], added["uri"], added["deploy_dir"]) == ("dev", "db:pg:dev", "deploy")
    assert json.loads(twins.ours("target", "--json").stdout) == {"dev": "db:pg:dev"}
    assert json.loads(twins.ours("target", "show", "dev", "--json").stdout) == {"targets": [added]}

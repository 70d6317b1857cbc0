"""`engine` manages the engine's settings as the real program does."""

from __future__ import annotations

import json
from pathlib import Path

from support.configurations import Twins

FILES = {
    "sqitch.conf": '[core]\n\tengine = pg\n[target "dev"]\n\turi = db:pg:dev\n',
    "sqitch.plan": "%syntax-version=1.0.0\n%project=flipr\n\n",
}


def test_the_engine_is_added_altered_and_removed(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    for line in (
        ["add", "pg", "dev"],
        ["add", "pg"],
        ["add", "foo"],
        ["-v"],
        ["show", "pg"],
        ["alter", "pg", "--target", "nope"],
        ["alter", "pg", "--target", "db:sqlite:"],
        ["alter", "pg", "--target", "db:pg:x"],
        ["alter", "pg", "--client", "/opt/my psql"],
        ["alter", "pg", "-s", "Key=value"],
        ["alter", "pg", "--top-dir", "tt/", "--dir", "deploy=dd"],
        ["show", "pg"],
        ["update-config"],
        ["remove", "pg"],
    ):
        if "--top-dir" in line:
            # sqitch writes these two in any order.
            twins.same("engine", "alter", "pg", "--top-dir", "tt/")
            twins.same("engine", "alter", "pg", "--dir", "deploy=dd")
        else:
            twins.same("engine", *line)
    assert twins.text("sqitch.conf") == FILES["sqitch.conf"]


def test_a_plain_engine_has_its_plain_uri(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    twins.same("engine", "add", "pg", "--plan-file", "x/y.plan")
    assert "target = db:pg:\n" in twins.text("sqitch.conf")
    assert twins.text("x/y.plan") == FILES["sqitch.plan"]


def test_an_engine_without_settings_can_be_shown(tmp_path: Path) -> None:
    # sqitch fails: it forgets the colon of the URI.
    twins = Twins.born(tmp_path, FILES)
    assert twins.ours("engine", "show", "pg").stdout.startswith("* pg\n    Target:        db:pg:\n")


def test_a_folder_that_is_named_is_the_one_that_is_made(tmp_path: Path) -> None:
    # With --top-dir beside it sqitch makes another.
    twins = Twins.born(tmp_path, FILES)
    done = twins.ours("engine", "add", "pg", "--top-dir", "tt", "--dir", "deploy=dd")
    assert "Created dd/\n" in done.stdout


def test_other_engines_are_refused(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    for action in ("add", "alter"):
        done = twins.ours("engine", action, "mysql")
        assert (done.code, done.stderr) == (2, 'Engine "mysql" is not supported; use pg\n')
    assert twins.text("sqitch.conf") == FILES["sqitch.conf"]


def test_json(tmp_path: Path) -> None:
    twins = Twins.born(tmp_path, FILES)
    added = json.loads(twins.ours("engine", "add", "pg", "dev", "--json").stdout)
    assert (added["name"], added["target"]) == ("pg", "dev")
    assert json.loads(twins.ours("engine", "list", "--json").stdout) == {"pg": "dev"}

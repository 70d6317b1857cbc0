"""`rework` writes the plan and copies the scripts as sqitch does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgdocket.sqitch import rework as module
from support.twins import PLANNED, Twins, twins_in

SCRIPTS = {
    "deploy/b.sql": "deploy b\n",
    "revert/b.sql": "revert b\n",
    "verify/b.sql": "verify b\n",
}


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return twins_in(tmp_path).plan("a", "b [a]", "@v1", "@v1b", "", "c").write(SCRIPTS)


def test_plan_and_scripts_are_the_same(twins: Twins) -> None:
    done = twins.agree("rework", "b", "-r", "c", "-x", "o:evil", "-n", "Again.")
    assert done.stdout == (
        'Added "b [b@v1 c !o:evil]" to sqitch.plan.\nModify these files as appropriate:\n'
        "  * deploy/b.sql\n  * revert/b.sql\n  * verify/b.sql\n"
    )
    assert {name: text for name, text in twins.files().items() if "b" in name} == {
        "deploy/b.sql": "deploy b\n",
        "deploy/b@v1.sql": "deploy b\n",
        "revert/b.sql": "deploy b\n",
        "revert/b@v1.sql": "revert b\n",
        "verify/b.sql": "verify b\n",
        "verify/b@v1.sql": "verify b\n",
    }
    assert "\nc " in twins.text("sqitch.plan")
    twins.agree("tag", "v2", "-n", "n")
    twins.agree("rework", "--change", "b", "-n", "Once more.")
    assert twins.text("revert/b@v2.sql") == "deploy b\n"


def test_scripts_that_are_missing_are_not_copied(twins: Twins) -> None:
    for folder in ("ours", "theirs"):
        (twins.base / folder / "revert/b.sql").unlink()
        (twins.base / folder / "verify/b.sql").unlink()
    done = twins.agree("rework", "b", "-n", "n")
    assert done.stdout.endswith("Modify this file as appropriate:\n  * deploy/b.sql\n")
    assert list(twins.files()) == [
        "deploy", "deploy/b.sql", "deploy/b@v1.sql", "revert", "sqitch.conf", "sqitch.plan",
        "verify",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("reworked_dir = old", ["deploy", "revert", "verify"]),
        ("reworked_deploy_dir = old/d\n\treworked_verify_dir = old/v", ["d", "v"]),
    ],
)
def test_reworked_scripts_have_folders_of_their_own(
    twins: Twins, settings: str, expected: list[str]
) -> None:
    twins.plan("a", "b", "@v1", conf=f"\t{settings}\n")
    for name in expected:
        for folder in ("ours", "theirs"):
            (twins.base / folder / "old" / name).mkdir(parents=True)
    twins.agree("rework", "b", "-n", "n")
    assert (twins.mine / "old" / expected[0] / "b@v1.sql").read_text() == "deploy b\n"


def test_a_folder_for_reworked_scripts_is_made(twins: Twins) -> None:
    # Sqitch gives up where there is none.
    twins.plan("a", "b", "@v1", conf="\treworked_dir = old\n")
    assert twins.theirs("rework", "b", "-n", "n").code == 2
    assert twins.ours("rework", "b", "-n", "n").code == 0
    assert twins.text("old/revert/b@v1.sql") == "revert b\n"
    assert twins.text("revert/b.sql") == "deploy b\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["c"],
        ["b@v1"],
        ["b", "-r", "nope"],
        ["b", "-r", "a@nope"],
        ["b", "-x", "x+"],
        ["b", "extra"],
        ["b", "-f", "nope.plan"],
    ],
    ids=" ".join,
)
def test_errors_are_the_same_and_nothing_is_written(twins: Twins, arguments: list[str]) -> None:
    before = twins.files()
    twins.agree("rework", *arguments, "-n", "n", code=2)
    assert twins.files() == before


def test_without_any_tag_there_is_nothing_to_go_back_to(twins: Twins) -> None:
    twins.plan("a", "b")
    twins.agree("rework", "b", "-n", "n", code=2)


def test_a_script_in_the_way_is_not_lost(twins: Twins) -> None:
    # Sqitch overwrites it.
    twins.write({"revert/b@v1.sql": "the only copy\n"})
    before = twins.files()
    done = twins.ours("rework", "b", "-n", "n")
    assert done.code == 2
    assert done.stderr.startswith("Cannot copy revert/b.sql to revert/b@v1.sql: it exists")
    assert twins.files() == before


def test_a_second_try_after_a_crash_ends_as_the_first_would_have(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_edit", crash)
        twins.ours("rework", "b", "-n", "n")
    assert twins.text("revert/b.sql") == "revert b\n"
    twins.agree("rework", "b", "-n", "n")
    assert twins.text("revert/b@v1.sql") == "revert b\n"


def test_the_editor_asks_for_a_note_and_opens_the_scripts(twins: Twins) -> None:
    editor = twins.base / "editor"
    editor.write_text(
        '#!/bin/sh\nif [ $# = 1 ]; then cp "$1" asked; echo Because. >> "$1"\n'
        'else echo "$@" > opened; fi\n'
    )
    editor.chmod(0o755)
    twins.agree("rework", "b", "-e", SQITCH_EDITOR=str(editor))
    assert twins.text("sqitch.plan").endswith("# Because.\n")
    assert "#   b [b@v1]\n#     deploy/b.sql\n" in twins.text("asked")
    assert twins.text("opened") == "deploy/b.sql revert/b.sql verify/b.sql\n"


class TestSeveralTargets:
    """One change reworked for several targets."""

    def test_one_plan_with_two_folders_of_scripts(self, twins: Twins) -> None:
        twins.plan(
            "a",
            "b",
            "@v1",
            conf='[target "x"]\n\turi = db:pg:x\n[target "y"]\n\turi = db:pg:y\n\ttop_dir = y\n'
            "\tplan_file = sqitch.plan\n",
        )
        twins.write({f"y/{name}": f"y {text}" for name, text in SCRIPTS.items()})
        done = twins.agree("rework", "b", "x", "y", "-n", "n")
        assert done.stdout.count("  * ") == 6
        assert twins.text("y/revert/b.sql") == "y deploy b\n"
        assert twins.text("y/revert/b@v1.sql") == "y revert b\n"

    def test_two_plans(self, twins: Twins) -> None:
        twins.plan(
            "a",
            "b",
            "@v1",
            conf='[target "y"]\n\turi = db:pg:y\n\ttop_dir = y\n[rework]\n\tall = true\n',
        )
        plan = f"%project=y\n\nb {PLANNED}\n@w {PLANNED}\n"
        twins.write({f"y/{name}": f"y {text}" for name, text in SCRIPTS.items()})
        twins.write({"y/sqitch.plan": plan})
        twins.agree("rework", "b", "-n", "n")
        assert "b [b@w] NOW" in twins.text("y/sqitch.plan")
        assert twins.text("y/deploy/b@w.sql") == "y deploy b\n"


def test_json_names_the_copies(twins: Twins) -> None:
    found = json.loads(twins.ours("rework", "b", "-n", "n", "--json").stdout)
    assert found["files"] == ["deploy/b.sql", "revert/b.sql", "verify/b.sql"]
    assert found["copies"][1] == {"from": "revert/b.sql", "to": "revert/b@v1.sql"}
    assert found["plans"][0]["line"].startswith("b [b@v1] 20")

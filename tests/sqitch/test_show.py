"""`show` prints what `sqitch show` prints, byte by byte."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from pgdocket.sqitch.plan import load_plan
from support.twins import PLANNED, Twins, twins_in


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    twins = twins_in(tmp_path).plan("a", "b [a !c !x:y]", "@v1", "@v1b", "b [b@v1]", "ü")
    text = twins.text("sqitch.plan").replace("\nb [b@v1]", "\n+ b [flipr:b@v1]")
    text = text.replace(f"@v1 {PLANNED}\n", "@v1 2016-12-31T23:59:60Z A B <x> # n\\nö\n")
    text = text.replace(f"a {PLANNED}\n", f"a {PLANNED} # 0\n")
    twins.write({"sqitch.plan": text, "revert/b@v1.sql": "revert\n", "deploy/b.sql": "no\r\nend"})
    twins.write({"verify/a.sql/x": "a folder in the way"})
    return twins


@pytest.mark.parametrize(
    "arguments",
    [
        ["change", "a"],
        ["change", "b@v1"],
        ["change", "b@HEAD"],
        ["change", "@HEAD^^"],
        ["change", "ü"],
        ["tag", "v1"],
        ["tag", "@v1b"],
        ["deploy", "b@HEAD"],
        ["revert", "@v1b"],
        ["-e", "change", "a"],
        ["--exists", "revert", "b@v1"],
        ["-e", "tag", "v1"],
        ["-t", "db:pg:x", "change", "a"],
    ],
    ids=" ".join,
)
def test_what_is_shown_is_the_same(twins: Twins, arguments: list[str]) -> None:
    twins.agree("show", *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["change", "nope"],
        ["change", "b"],
        ["change", "a@nope"],
        ["tag", "nope"],
        ["tag", "HEAD"],
        ["tag", "a" * 40],
        ["deploy", "nope"],
        ["deploy", "a"],
        ["-e", "change", "nope"],
        ["-e", "tag", "nope"],
        ["-e", "deploy", "a"],
        ["-t", "nope", "change", "a"],
    ],
    ids=" ".join,
)
def test_errors_are_the_same(twins: Twins, arguments: list[str]) -> None:
    twins.agree("show", *arguments, code=2)


def test_ids_name_changes_and_tags(twins: Twins) -> None:
    plan = load_plan(twins.mine / "sqitch.plan")
    change, tag = plan.changes[1], plan.changes[1].tags[0]
    twins.agree("show", "change", change.id)
    twins.agree("show", "change", tag.id)
    twins.agree("show", "tag", tag.id)
    twins.agree("show", "tag", change.id, code=2)


def test_what_is_shown_hashes_to_the_id(twins: Twins) -> None:
    for change in load_plan(twins.mine / "sqitch.plan").changes:
        body = twins.ours("show", "change", change.id).stdout.removesuffix("\n").encode()
        framed = b"change %d\0%s" % (len(body), body)
        assert hashlib.sha1(framed, usedforsecurity=False).hexdigest() == change.id


def test_no_configuration_is_needed(twins: Twins) -> None:
    for folder in ("ours", "theirs"):
        (twins.base / folder / "sqitch.conf").unlink()
    twins.agree("show", "change", "a")


def test_a_folder_in_the_place_of_a_script_is_named(twins: Twins) -> None:
    # Sqitch shows an empty script.
    done = twins.ours("show", "verify", "a")
    assert (done.code, done.stderr) == (2, '"verify/a.sql" is not a file\n')


def test_an_unknown_kind_is_refused(twins: Twins) -> None:
    # Sqitch forgets the closing quote.
    done = twins.ours("show", "thing", "a")
    assert (done.code, done.stderr) == (2, 'Unknown object type "thing"\n')
    assert twins.theirs("show", "thing", "a").stderr == 'Unknown object type "thing\n'


def test_without_arguments_it_is_a_wrong_call(twins: Twins) -> None:
    for arguments in ([], ["change"]):
        assert (twins.ours("show", *arguments).code, twins.theirs("show", *arguments).code) == (
            2,
            2,
        )


def test_bytes_of_a_script_are_left_alone(twins: Twins) -> None:
    for folder in ("ours", "theirs"):
        (twins.base / folder / "deploy" / "a.sql").write_bytes(b"\xff\xfe\x00")
    done = twins.ours("show", "deploy", "a", "--json")
    assert json.loads(done.stdout)["file"] == "deploy/a.sql"
    assert twins.ours("show", "-e", "deploy", "a").code == 0


def test_json(twins: Twins) -> None:
    plan = load_plan(twins.mine / "sqitch.plan")
    found = json.loads(twins.ours("show", "tag", "v1", "--json").stdout)
    assert found["tag_id"] == plan.changes[1].tags[0].id
    assert found["text"].startswith("project flipr\nuri https://example.com/flipr/\ntag @v1\n")

"""Symbolic references name the same change as in Sqitch."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import Plan, parse_plan

#         0 1     2           3 4     5 6   7 8
NAMES = "a b @t1 c @t2 @t3 a d @t4 b a/b e x-1"


def plan_of(names: str) -> Plan:
    body = "".join(f"{name} 2020-01-02T03:04:05Z Ada <a@x>\n" for name in names.split())
    return parse_plan(f"%project=pr\n\n{body}".encode(), Path("sqitch.plan"))


PLAN = plan_of(NAMES)


def position(reference: str) -> int | None:
    change = PLAN.find(reference)
    return None if change is None else PLAN.index_of(change.id)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        *[("c", 2), ("a/b", 6), ("zz", None), ("", None), ("head", None), ("!c", None)],
        *[("a@t1", 0), ("a@t3", 0), ("a@t4", 3), ("a@HEAD", 3), ("a@ROOT", 0)],
        *[("b@t4", 1), ("b@HEAD", 5), ("b@ROOT", None), ("c@t1", None), ("zz@nope", None)],
        *[("@t1", 1), ("@t2", 2), ("@t3", 2), ("@nope", None), ("@", None)],
        *[("HEAD", 8), ("@HEAD", 8), ("ROOT", 0), ("@ROOT", 0)],
        *[("HEAD@t3", None), ("HEAD@HEAD", 8), ("ROOT@t4", 0)],
        *[("HEAD^", 7), ("@HEAD^", 7), ("@HEAD^^", 6), ("HEAD~", None), ("ROOT~", 1)],
        *[("c^", 1), ("c^^", 0), ("c^2", 0), ("c^^^", None), ("c^9", None), ("c^0", 2)],
        *[("c~", 3), ("c~~", 4), ("c~2", 4), ("c~9", None), ("@t3~2", 4), ("a@t4^", 2)],
        *[("x-1", 8), ("x-1^", 7), ("x-1^2", 6), ("x-^", None), ("a/b^", 5)],
    ],
)
def test_names_tags_and_offsets(reference: str, expected: int | None) -> None:
    assert position(reference) == expected


def test_ids_of_changes_and_tags() -> None:
    change, tag = PLAN.changes[2], PLAN.tags[0]
    assert position(change.id) == 2
    assert position(f"{change.id}^") == 1
    assert position(f"{change.id}@t2") == 2
    assert position(tag.id) == 1
    assert position(change.id[:7]) is None


def test_an_unknown_tag_of_a_known_change_is_named() -> None:
    with pytest.raises(SqitchError, match=r'^Unknown tag "@nope"$'):
        PLAN.find("c@nope")


@pytest.mark.parametrize("reference", ["a", "a^"])
def test_an_ambiguous_name_lists_what_it_may_mean(reference: str) -> None:
    with pytest.raises(SqitchError) as caught:
        PLAN.find(reference)
    assert caught.value.message == (
        'Change "a" is ambiguous. Please specify a tag-qualified change:\n'
        "  * a@HEAD\n"
        "  * a@t2\n"
        "Change lookup failed"
    )


def test_every_choice_for_an_ambiguous_name_is_found() -> None:
    plan = plan_of("a @x b @t1 @t2 a @y @z c @w a @v a @q")
    with pytest.raises(SqitchError) as caught:
        plan.find("a")
    choices = [line[4:] for line in caught.value.message.splitlines()[1:-1]]
    assert choices == ["a@q", "a@v", "a@y", "a@x"]
    found = [plan.find(choice) for choice in choices]
    assert [change and plan.index_of(change.id) for change in found] == [5, 4, 2, 0]


def test_an_empty_plan_has_no_head() -> None:
    plan = plan_of("")
    assert plan.find("HEAD") is None
    assert plan.find("@ROOT") is None
    assert plan.last_change is None
    assert plan.last_tag is None

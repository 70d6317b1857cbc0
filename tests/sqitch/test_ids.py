"""Ids are SHA-1 over exactly the text that Sqitch hashes."""

from __future__ import annotations

from pathlib import Path

from pgdocket.sqitch import ids
from pgdocket.sqitch.plan import Plan, parse_plan

PLAN = """\
%syntax-version=1.0.0
%project=flipr
%uri=https://github.com/sqitchers/sqitch-intro/

appschema 2013-12-30T23:19:30Z Ada Lövelace <ada@example.com> # Add schema for all flipr objects.
users [appschema] 2013-12-30T23:49:00Z Ada Lövelace <ada@example.com> \
# Creates table to track our users.
flips [users appschema !dr_evil !other:evil] 2013-12-31T00:12:12Z \
Ada Lövelace <ada@example.com> \
# First line.\\n\\nSecond para with \\\\ backslash and # hash \u2013 ünï.
@v1.0.0-dev1 2013-12-31T00:13:00Z Ada Lövelace <ada@example.com> # Tag v1.0.0-dev1.
"""


def parse(text: str) -> Plan:
    return parse_plan(text.encode(), Path("sqitch.plan"))


def test_changes_have_the_ids_that_sqitch_shows() -> None:
    assert [(change.name, change.id) for change in parse(PLAN).changes] == [
        ("appschema", "ccc6e349d9072d80b66e995e59396395028776cf"),
        ("users", "245b8592d9fec2cf288af60578689f6713690f63"),
        ("flips", "cde179339698cd3d6ead20cdad9f1f3944f12d6f"),
    ]


def test_a_tag_has_the_id_that_sqitch_shows() -> None:
    (tag,) = parse(PLAN).tags
    assert (tag.name, tag.id) == ("@v1.0.0-dev1", "02576825a91353e104b87d8774d1d3aec5ae6abc")
    assert tag.change_id == "cde179339698cd3d6ead20cdad9f1f3944f12d6f"


def test_the_hashed_text_holds_every_part_in_order() -> None:
    body = ids.change_body(
        project="flipr",
        uri="https://github.com/sqitchers/sqitch-intro/",
        name="flips",
        parent_id="245b8592d9fec2cf288af60578689f6713690f63",
        planner="Ada Lövelace <ada@example.com>",
        date="2013-12-31T00:12:12Z",
        requires=["users", "appschema"],
        conflicts=["dr_evil", "other:evil"],
        note="First line.\n\nSecond para with \\ backslash and # hash \u2013 ünï.",
    )
    assert len(body.encode()) == 322
    assert ids.change_id(body) == "cde179339698cd3d6ead20cdad9f1f3944f12d6f"


def test_editing_a_change_alters_its_id_and_every_later_one() -> None:
    before = parse(PLAN).changes
    after = parse(PLAN.replace("to track our users", "of users")).changes
    assert before[0].id == after[0].id
    assert before[1].id != after[1].id
    assert before[2].id != after[2].id


def test_tags_operators_and_spacing_alter_no_id() -> None:
    lines = PLAN.replace("appschema 2013", "+ appschema   2013").splitlines(keepends=True)
    lines.insert(5, "@v0 2013-12-30T23:20:00Z Ada Lövelace <ada@example.com>\n\n")
    before = [change.id for change in parse(PLAN).changes]
    assert [change.id for change in parse("".join(lines)).changes] == before


def test_the_own_projects_prefix_alters_no_id() -> None:
    before = [change.id for change in parse(PLAN).changes]
    assert [change.id for change in parse(PLAN.replace("[app", "[flipr:app")).changes] == before


def test_a_note_of_zero_counts_as_none() -> None:
    line = "a 2020-01-02T03:04:05Z Ada <a@x>"
    plain = parse(f"%project=p\n\n{line}\n")
    zero = parse(f"%project=p\n\n{line} # 0\n")
    assert zero.changes[0].note == "0"
    assert zero.changes[0].id == plain.changes[0].id


def test_parents_are_chained() -> None:
    changes = parse(PLAN).changes
    assert [change.parent_id for change in changes] == [None, changes[0].id, changes[1].id]

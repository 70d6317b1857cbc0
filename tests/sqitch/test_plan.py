"""Plans: what is read from them, what is refused, and that they are written back unchanged."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import Plan, load_plan, parse_plan

WHO = "2020-01-02T03:04:05Z Ada <a@x>"


def plan_of(*lines: str) -> Plan:
    """A plan of project `pr` whose lines are names, with brackets where they have some."""
    body = "".join(f"{line} {WHO}\n" for line in lines)
    return parse_plan(f"%syntax-version=1.0.0\n%project=pr\n\n{body}".encode(), Path("p.plan"))


def error_of(*lines: str) -> str:
    with pytest.raises(SqitchError) as caught:
        plan_of(*lines)
    return caught.value.message


def test_a_change_knows_what_was_planned() -> None:
    change = plan_of("a", "b [a !other:c]", "@v1", "@v2").changes[1]
    assert change.planned_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (change.planner_name, change.planner_email) == ("Ada", "a@x")
    assert [each.as_string for each in change.requires] == ["a"]
    assert [each.as_plan_string for each in change.conflicts] == ["!other:c"]
    assert change.format_dependencies == "[a !other:c]"
    assert change.format_name_with_tags == "b @v1 @v2"


def test_reworked_changes_are_known_by_the_tags_between_them() -> None:
    changes = plan_of("f", "@v1", "g", "@v2", "@v3", "f [f@v1]", "@v4").changes
    assert changes[0].rework_tags == ("@v2", "@v3", "@v1")
    assert changes[0].is_reworked
    assert changes[1].rework_tags == ()
    assert not changes[2].is_reworked


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_plan_is_written_back_as_it_was_read(end: str) -> None:
    text = (
        "%syntax-version=1.0.0\n% project = pr  # mine\n# why\n\n"
        f"  + a {WHO}  # one\\ntwo\n\n# between\n @v1 {WHO}\n\nb  [a !c] {WHO}\n"
    )
    data = text.replace("\n", end).encode()
    assert parse_plan(data, Path("p.plan")).serialize() == text


def test_an_unknown_requirement_is_named() -> None:
    assert error_of("a [nope]") == (
        'Dependency error detected:\n  Unknown change "nope" required by change "a"'
    )


def test_a_requirement_that_comes_later_says_how_far_to_move() -> None:
    assert error_of("a [z]", "b", "z") == (
        "Dependency error detected:\n"
        '  Change "a" planned 2 changes before required change "z"\n'
        '    HINT: move "a" down 2 lines in p.plan'
    )


@pytest.mark.parametrize(
    "lines",
    [
        # Planned only after the tag.
        ("a", "@v1", "b", "@v2", "c [b@v1]"),
        # Sqitch looks where the change was planned last.
        ("a", "@v1", "a", "@v2", "c [a@v1]"),
    ],
)
def test_a_requirement_as_of_a_tag_must_stand_before_it(lines: tuple[str, ...]) -> None:
    required = lines[-1][3:-1]
    assert f'Unknown change "{required}" required by change "c"' in error_of(*lines)


def test_a_reworked_change_may_be_required_as_of_the_tag_before_it() -> None:
    assert len(plan_of("z", "a", "@v1", "a [a@v1]", "c [a@v1]", "@v2", "d [a@v2]").changes) == 5


@pytest.mark.parametrize("sign", ["", "!"])
def test_an_id_as_dependency_is_refused(sign: str) -> None:
    # Sqitch never comes back from such a plan.
    some_id = plan_of("a").changes[0].id
    assert f'Unknown change "{some_id}"' in error_of("a", f"b [{sign}{some_id}]")


def test_an_id_of_another_project_is_a_dependency() -> None:
    (dependency,) = plan_of(f"a [other:{'a' * 40}]").changes[0].requires
    assert (dependency.project, dependency.id) == ("other", "a" * 40)


def test_the_line_of_an_error_is_named() -> None:
    assert error_of("a", "a") == (
        'Syntax error in p.plan at line 5: Change "a" duplicates earlier declaration on line 4'
    )


@pytest.mark.parametrize(
    "name", ["foo-3", "foo.3", "foo_3", "v1.0-1b", "a/b/c", "foo/3x", "foo[bar", "_foo", "é", "12"]
)
def test_names_that_are_allowed(name: str) -> None:
    assert plan_of(name).changes[0].name == name


@pytest.mark.parametrize(
    "name",
    ["foo/3", "foo~2", "foo^6", "foo=3", "foo%3", "x^\u0663", "foo+", "foo?", "/foo", "foo/", "0"],
)
def test_names_that_are_refused(name: str) -> None:
    assert "Invalid name; names must not begin with punctuation" in error_of(name)


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_unusual_dates_are_moments(date: str, moment: datetime) -> None:
    plan = parse_plan(f"%project=pr\n\na {date} Ada <a@x>\n".encode(), Path("p.plan"))
    assert plan.changes[0].planned_at == moment
    assert date in plan.serialize()


@pytest.mark.parametrize(
    "date",
    [
        "2023-02-29T00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-12-32T00:00:00Z",
        "2020-12-31T24:00:00Z",
        "2020-12-31T23:60:00Z",
        "2020-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "\u0662020-12-31T00:00:00Z",
    ],
)
def test_dates_that_no_calendar_has_are_refused(date: str) -> None:
    with pytest.raises(SqitchError, match="Invalid"):
        parse_plan(f"%project=pr\n\na {date} Ada <a@x>\n".encode(), Path("p.plan"))


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    with pytest.raises(SqitchError, match=r"^p\.plan is not UTF-8: invalid byte at line 3$"):
        parse_plan(b"%project=pr\n\n\xff\n", Path("p.plan"))


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(SqitchError, match=r"^Plan file .*no\.plan does not exist$"):
        load_plan(tmp_path / "no.plan")


def test_a_folder_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(SqitchError, match=r"is not a regular file$"):
        load_plan(tmp_path)


def test_reading_plans_needs_no_driver_and_no_terminal() -> None:
    heavy = "{'psycopg', 'rich', 'click', 'email', 'pathlib'}"
    code = f"import sys, pgdocket.sqitch.plan; print({heavy} & set(sys.modules))"
    # -S: what site-packages loads on its own at start is not under test.
    runner = Path(__file__).parents[2] / "runner"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(runner)},
    )
    assert done.stdout == "set()\n"


def test_only_what_perl_calls_space_is_trimmed_from_a_note() -> None:
    text = f"%project=pr\n\na {WHO} # \x85\x1f kept \x1c\u2028\n"
    (change,) = parse_plan(text.encode(), Path("p.plan")).changes
    assert change.note == "\x1f kept \x1c"


def test_a_pragma_may_begin_and_end_with_a_backslash() -> None:
    text = "%syntax-version=1.0.0\n%project=pr\n%\\x\\=1\n\n"
    assert parse_plan(text.encode(), Path("p.plan")).serialize() == text


@pytest.mark.parametrize(
    ("uri", "stored", "hashed"),
    [
        ("http://ß.É.de:80", "http://xn--zca.xn--9ca.de:80", "http://xn--zca.xn--9ca.de/"),
        ("http://é.", "http://xn--9ca.", "http://xn--9ca./"),
        ("ftp://A..é/", "ftp://A..%C3%A9/", "ftp://a..%C3%A9/"),
    ],
)  # fmt: skip
def test_hosts_are_encoded_as_perl_does(uri: str, stored: str, hashed: str) -> None:
    plan = parse_plan(f"%project=pr\n%uri={uri}\n\n".encode(), Path("p.plan"))
    assert (plan.uri, plan.canonical_uri) == (stored, hashed)

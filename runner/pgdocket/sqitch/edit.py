"""Changing a plan: a change added, a tag set, a change reworked.

Nothing is written here. Each function gives the new plan, read back from the text that would be
written, so that no plan is ever written that can't be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pgdocket.sqitch.dependencies import parse_dependency
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import BlankLine, ChangeLine, Line, Stamp, TagLine, unescape_note
from pgdocket.sqitch.model import Change, Dependency, Tag
from pgdocket.sqitch.names import HEX_ID, RESERVED, is_valid_name
from pgdocket.sqitch.plan import Plan, parse_plan, serialize

_NAME_RULE = (
    'must not begin with punctuation, contain "@", ":", "#", {slash}"\\", or blanks, '
    "or end in punctuation or digits following punctuation"
)


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What to plan: a change's name, what it requires and conflicts with, and why.

    Dependencies are written as in a plan, without brackets, and conflicts without `!`.
    """

    name: str
    requires: Sequence[str] = ()
    conflicts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A plan before and after a change of it; `line` is the new one, `text` is to be written."""

    before: Plan
    after: Plan
    line: ChangeLine | TagLine
    text: str


def stamp_now(planner_name: str, planner_email: str) -> Stamp:
    """The stamp of a line that is planned now."""
    return Stamp(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", planner_name, planner_email)


def given_note(notes: Iterable[str]) -> str:
    r"""The note that several texts of a command line make: paragraphs, `\n` standing for a line
    end as in a plan.
    """
    note = "\n\n".join(notes)
    return note if note == "0" else unescape_note(note)


def add_change(plan: Plan, request: ChangeRequest, stamp: Stamp, note: str) -> Edit:
    """The plan with one more change; SqitchError when it can't be added."""
    check_change_name(request.name)
    if plan.find(f"{request.name}@HEAD") is not None:
        raise SqitchError(
            f'Change "{request.name}" already exists in plan {plan.path}.\n'
            'Use "sqitch rework" to copy and rework it'
        )
    line = _change_line(plan, request, stamp, note, "add")
    gap = [BlankLine()] if plan.last_change is not None and plan.last_change.tags else []
    return _edited(plan, [*plan.lines, *gap, line], line)


def rework_change(plan: Plan, request: ChangeRequest, stamp: Stamp, note: str) -> Edit:
    """The plan with a change planned anew; it requires itself as of the last tag.

    SqitchError when there is no such change, or no tag after it.
    """
    name = request.name
    latest = plan.find(f"{name}@HEAD")
    if latest is None:
        raise SqitchError(
            f'Change "{name}" does not exist in {plan.path}.\n'
            f'Use "sqitch add {name}" to add it to the plan'
        )
    tag = _tag_after(plan, latest)
    if tag is None:
        raise SqitchError(
            f'Cannot rework "{name}" without an intervening tag.\n'
            'Use "sqitch tag" to create a tag and try again'
        )
    itself = Dependency(change=name, tag=tag.name.removeprefix("@"))
    line = _change_line(plan, request, stamp, note, "rework", itself)
    return _edited(plan, [*plan.lines, line], line)


def rework_tag(plan: Plan, name: str) -> str:
    """The tag, with its `@`, that the scripts of a change get when it is reworked now."""
    latest = plan.find(f"{name}@HEAD")
    tag = None if latest is None else _tag_after(plan, latest)
    return "" if tag is None else tag.name


def add_tag(plan: Plan, name: str, change: str | None, stamp: Stamp, note: str) -> Edit:
    """The plan with a tag on a change, the last one unless another is named.

    `name` may begin with `@`. SqitchError when the tag can't be set.
    """
    name = name.removeprefix("@")
    check_tag_name(name)
    if plan.tag(name) is not None:
        raise SqitchError(f'Tag "@{name}" already exists')
    tagged = plan.find(change) if change else plan.last_change
    if tagged is None:
        raise SqitchError(
            f'Unknown change: "{change}"'
            if change
            else f'Cannot apply tag "@{name}" to a plan with no changes'
        )
    line = TagLine(name, stamp, note, right=_gap_before(note))
    lines = list(plan.lines)
    # Behind the change and as many lines as it has tags, as Sqitch counts.
    lines.insert(line_position(plan, tagged) + 1 + len(tagged.tags), line)
    return _edited(plan, lines, line)


def unknown_conflicts(edit: Edit) -> tuple[str, ...]:
    """The changes of the own project that the new one conflicts with and that the plan lacks.

    Neither program deploys a change with such a conflict, yet Sqitch plans it without a word.
    """
    if not isinstance(edit.line, ChangeLine):
        return ()
    return tuple(
        each.as_string
        for each in edit.line.conflicts
        if each.project is None and not _is_planned(edit.before, each)
    )


def line_position(plan: Plan, change: Change) -> int:
    """Where in `plan.lines` the line of a change stands, counted from 0."""
    wanted = plan.index_of(change.id)
    positions = (at for at, line in enumerate(plan.lines) if isinstance(line, ChangeLine))
    return next(at for count, at in enumerate(positions) if count == wanted)


def check_change_name(name: str) -> None:
    """SqitchError when no change may have this name."""
    _check_reserved(name)
    if not is_valid_name(name) or name == "0":
        raise SqitchError(f'"{name}" is invalid: changes {_NAME_RULE.format(slash="")}')


def check_tag_name(name: str) -> None:
    """SqitchError when no tag may have this name, which is without its `@`."""
    _check_reserved(name)
    if not is_valid_name(name) or name == "0" or "/" in name:
        rule = _NAME_RULE.format(slash='"/", ')
        raise SqitchError(f'"{name}" is invalid: tags {rule}')


def _check_reserved(name: str) -> None:
    if name in RESERVED:
        raise SqitchError(f'"{name}" is a reserved name')
    if HEX_ID.match(name):
        raise SqitchError(f'"{name}" is invalid because it could be confused with a SHA1 ID')


def _tag_after(plan: Plan, change: Change) -> Tag | None:
    """The first tag of the last change that has one, unless that stands before `change`."""
    tagged = [at for _, at in plan.tag_positions]
    latest = plan.index_of(change.id)
    if not tagged or latest is None or max(tagged) < latest:
        return None
    return plan.changes[max(tagged)].tags[0]


def _change_line(
    plan: Plan,
    request: ChangeRequest,
    stamp: Stamp,
    note: str,
    action: str,
    *more: Dependency,
) -> ChangeLine:
    requires = [_dependency(plan, text) for text in request.requires]
    conflicts = [_dependency(plan, text, "!") for text in request.conflicts]
    for each in requires:
        if each.project is None and not _is_planned(plan, each):
            raise SqitchError(
                f'Cannot {action} change "{request.name}": '
                f'requires unknown change "{each.as_string}"'
            )
    return ChangeLine(
        name=request.name,
        stamp=stamp,
        requires=tuple(dict.fromkeys([*more, *requires])),
        conflicts=tuple(dict.fromkeys(conflicts)),
        note=note,
        right=_gap_before(note),
    )


def _dependency(plan: Plan, text: str, sign: str = "") -> Dependency:
    dependency = parse_dependency(sign + text, plan.project)
    if dependency is None or (dependency.conflict and not sign):
        raise SqitchError(f'"{text}" is not a valid dependency specification')
    return dependency


def _is_planned(plan: Plan, dependency: Dependency) -> bool:
    # An id alone is refused: Sqitch writes it, and can't read the plan any more.
    if dependency.id is not None:
        return False
    text = dependency.as_string
    return plan.find(text if dependency.tag else f"{text}@HEAD") is not None


def _gap_before(note: str) -> str:
    # "0" is false in Perl: Sqitch writes such a note without a blank before it.
    return " " if note not in ("", "0") else ""


def _edited(plan: Plan, lines: Sequence[Line], line: ChangeLine | TagLine) -> Edit:
    text = serialize(lines)
    return Edit(plan, parse_plan(text.encode(), plan.path), line, text)

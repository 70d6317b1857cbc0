"""Symbolic references to changes of a plan: `f`, `f@v1`, `@v1^`, `HEAD`, `ROOT~2`, an id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.names import HEX_ID

if TYPE_CHECKING:
    from pgdocket.sqitch.model import Change
    from pgdocket.sqitch.plan import Plan

_OFFSET = re.compile(r"(?<![!-/:-@\[-^`{-~])([~^])(?:(\1)|(\d+))?\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference taken apart.

    `name` is a change's name, an id, HEAD or ROOT; `tag` is without its `@`. `offset` counts
    changes, negative before, positive after: not git's meaning of `~`.
    """

    name: str | None
    tag: str | None
    offset: int = 0


def parse_reference(text: str) -> Reference:
    """Takes a reference apart; any text is one, if only a name that no change has."""
    match = _OFFSET.search(text)
    offset = 0
    if match is not None:
        text = text[: match.start()]
        steps = 2 if match[2] else int(match[3] or 1)
        offset = steps if match[1] == "~" else -steps
    name, at, tag = text.partition("@")
    return Reference(name or None, tag if at else None, offset)


def find_position(plan: Plan, text: str) -> int | None:
    """Position in the plan, counted from 0, of the change that the reference names.

    None when there is none; SqitchError when the change has that name but not that tag, or when
    a name alone could mean several changes.
    """
    reference = parse_reference(text)
    at = _find_base(plan, reference)
    if at is None:
        return None
    at += reference.offset
    return at if 0 <= at < len(plan.changes) else None


def _find_base(plan: Plan, reference: Reference) -> int | None:
    if reference.name is None:
        return _tag_position(plan, reference.tag or "")
    candidates = _candidates(plan, reference.name)
    if not candidates:
        return None
    if reference.tag is None:
        if len(candidates) > 1:
            raise _ambiguous(plan, reference.name, candidates)
        return candidates[0]
    limit = _tag_position(plan, reference.tag)
    if limit is None:
        raise SqitchError(f'Unknown tag "@{reference.tag}"')
    return max((at for at in candidates if at <= limit), default=None)


def _candidates(plan: Plan, name: str) -> list[int]:
    """Every position that the name without a tag may mean."""
    if name in ("HEAD", "ROOT"):
        at = _tag_position(plan, name)
        return [] if at is None else [at]
    if not HEX_ID.fullmatch(name):
        return [*plan.named(name)]
    by_id = plan.index_of(name)
    if by_id is None:
        by_id = next((at for tag, at in plan.tag_positions if tag.id == name), None)
    return [] if by_id is None else [by_id]


def _tag_position(plan: Plan, tag: str) -> int | None:
    if tag == "HEAD":
        return len(plan.changes) - 1 if plan.changes else None
    if tag == "ROOT":
        return 0 if plan.changes else None
    return plan.tag_position(tag)


def _ambiguous(plan: Plan, name: str, candidates: list[int]) -> SqitchError:
    choices = [f"  * {name}{_nearest_tag(plan.changes[at])}" for at in reversed(candidates)]
    return SqitchError(
        "\n".join(
            [
                f'Change "{name}" is ambiguous. Please specify a tag-qualified change:',
                *choices,
                "Change lookup failed",
            ]
        )
    )


def _nearest_tag(change: Change) -> str:
    own = [tag.name for tag in change.tags]
    return [*own, *change.rework_tags, "@HEAD"][0]

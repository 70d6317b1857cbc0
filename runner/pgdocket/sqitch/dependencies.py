"""Dependencies: reading one, and checking that what a plan requires stands before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Dependency
from pgdocket.sqitch.names import NAME, proxy

_DEPENDENCY = re.compile(
    rf"(?P<conflict>!)?(?:(?P<project>{NAME}):)?"
    rf"(?:(?P<id>[0-9a-f]{{40}})|(?P<change>{NAME})?(?:@(?P<tag>{NAME}))?)\Z"
)


@lru_cache(maxsize=4096)
def parse_dependency(text: str, own_project: str | None = None) -> Dependency | None:
    """The dependency in `[!][project:](id|change[@tag]|@tag)`; None when it is not one.

    The own project's name is left out of the result.
    """
    match = _DEPENDENCY.match(proxy(text)) if text else None
    if match is None:
        return None
    found = {name: text[slice(*match.span(name))] or None for name in ("project", "change", "tag")}
    if not (found["change"] or found["tag"] or match["id"]):
        raise SqitchError('Depend object must have either "change", "tag", or "id" defined')
    return Dependency(
        project=None if found["project"] == own_project else found["project"],
        change=found["change"],
        tag=found["tag"],
        id=match["id"],
        conflict=match["conflict"] is not None,
    )


class Planned:
    """Where the changes and tags of the finished sections of a plan stand, in change lines."""

    def __init__(self) -> None:
        self._changes: dict[str, int] = {}
        self._tags: dict[str, int] = {}
        self._size = 0

    def close_section(self, changes: Mapping[str, int], tag: str | None) -> None:
        """Records a section: its changes with their positions, and the tag that ends it."""
        # A change that was planned anew stands at its last place: as Sqitch has it, `f@v1` can't be
        # required any more once a tag has followed the rework of f.
        self._changes.update({name: self._size + at for name, at in changes.items()})
        self._size += len(changes)
        if tag is not None:
            self._tags[tag] = self._size

    def complaints(
        self,
        name: str,
        position: int,
        requires: Iterable[Dependency],
        section: Mapping[str, int],
        path: str,
    ) -> tuple[list[str], list[str]]:
        """What is wrong with a change's requirements, and the hint that goes with it.

        `position` is that of the change in `section`, the section it stands in.
        """
        wrong: list[str] = []
        distance = 0
        for each in requires:
            if each.project is not None or self._is_satisfied(each, position, section):
                continue
            required = each.change or ""
            if each.tag is None and required == name:
                wrong.append(f'Change "{name}" cannot require itself')
            elif each.tag is None and required in section:
                behind = section[required] - position
                distance = max(distance, behind)
                wrong.append(
                    f'Change "{name}" planned {_count(behind, "change")} '
                    f'before required change "{required}"'
                )
            else:
                wrong.append(f'Unknown change "{each.as_string}" required by change "{name}"')
        hint = f'  HINT: move "{name}" down {_count(distance, "line")} in {path}'
        return wrong, [hint] if distance else []

    def _is_satisfied(self, each: Dependency, position: int, section: Mapping[str, int]) -> bool:
        if each.id is not None:
            return False
        if each.tag is not None:
            tagged = self._tags.get(each.tag, 0)
            if each.change is None:
                return tagged > 0
            return self._changes.get(each.change, tagged) < tagged
        return each.change in self._changes or section.get(each.change or "", position) < position


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

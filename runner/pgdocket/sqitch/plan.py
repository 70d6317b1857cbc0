"""A Sqitch plan: reading it, looking things up in it, writing it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgdocket.sqitch import ids, project_uri
from pgdocket.sqitch.dates import parse_timestamp
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import ChangeLine, Line, TagLine
from pgdocket.sqitch.model import Change, Dependency, Tag
from pgdocket.sqitch.parser import ParsedPlan, parse_lines
from pgdocket.sqitch.references import find_position

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Change", "Dependency", "Plan", "Tag", "load_plan", "parse_plan", "serialize"]


@dataclass(frozen=True)
class Plan:
    """A plan that has passed every check.

    `uri` is the text that the registry stores (encoded, not canonicalised); `path` is the file
    as messages show it; `lines` are all lines of the file, comments included.
    """

    project: str
    uri: str | None
    changes: tuple[Change, ...]
    path: Path
    lines: tuple[Line, ...] = field(default=(), repr=False)
    _positions: dict[str, int] = field(init=False, repr=False, compare=False)
    _tags: dict[str, tuple[int, Tag]] = field(init=False, repr=False, compare=False)
    _names: dict[str, list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positions: dict[str, int] = {}
        tags: dict[str, tuple[int, Tag]] = {}
        names: dict[str, list[int]] = {}
        for at, change in enumerate(self.changes):
            positions[change.id] = at
            names.setdefault(change.name, []).append(at)
            tags.update((tag.name, (at, tag)) for tag in change.tags)
        object.__setattr__(self, "_positions", positions)
        object.__setattr__(self, "_tags", tags)
        object.__setattr__(self, "_names", names)

    def change_by_id(self, change_id: str) -> Change | None:
        """The change with that id, or None."""
        at = self.index_of(change_id)
        return None if at is None else self.changes[at]

    def index_of(self, change_id: str) -> int | None:
        """Position of the change with that id, counted from 0, or None."""
        return self._positions.get(change_id)

    def named(self, name: str) -> tuple[int, ...]:
        """Positions of the changes with that name, each but the first a rework."""
        return tuple(self._names.get(name, ()))

    def find(self, reference: str) -> Change | None:
        """The change that a symbolic reference names (`f`, `f@v1`, `@v1^`, `HEAD`, an id...).

        None when there is none; SqitchError when a name alone is ambiguous.
        """
        at = find_position(self, reference)
        return None if at is None else self.changes[at]

    def tag(self, name: str) -> Tag | None:
        """The tag with that name (with or without `@`), or None."""
        found = self._tags.get(f"@{name.removeprefix('@')}")
        return None if found is None else found[1]

    def tag_position(self, name: str) -> int | None:
        """Position of the change that the tag (with or without `@`) follows, or None."""
        found = self._tags.get(f"@{name.removeprefix('@')}")
        return None if found is None else found[0]

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, in the plan's order."""
        return tuple(tag for _, tag in self._tags.values())

    @property
    def tag_positions(self) -> tuple[tuple[Tag, int], ...]:
        """All tags, each with the position of the change that it follows."""
        return tuple((tag, at) for at, tag in self._tags.values())

    @property
    def last_change(self) -> Change | None:
        """The last change, or None in an empty plan."""
        return self.changes[-1] if self.changes else None

    @property
    def last_tag(self) -> Tag | None:
        """The last tag, or None."""
        return self.tags[-1] if self._tags else None

    @property
    def canonical_uri(self) -> str | None:
        """The URI of the project as ids hash it, or None."""
        return project_uri.canonical(self.uri) if self.uri else None

    def serialize(self) -> str:
        """The plan's text as Sqitch would write it."""
        return serialize(self.lines)


def serialize(lines: Iterable[Line]) -> str:
    """The lines as a plan file holds them."""
    return "".join(f"{line}\n" for line in lines)


def parse_plan(data: bytes, path: Path) -> Plan:
    """The plan in these bytes; SqitchError says what is wrong and at which line of `path`."""
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise SqitchError(f"{path} is not UTF-8: invalid byte at line {line}") from exc
    parsed = parse_lines(text, str(path))
    stored_uri = project_uri.encode(parsed.uri) if parsed.uri else None
    return Plan(parsed.project, stored_uri, _build(parsed), path, parsed.lines)


def load_plan(path: Path) -> Plan:
    """The plan in that file; SqitchError when it can't be read or is wrong."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as exc:
        raise SqitchError(f"Plan file {path} does not exist") from exc
    except IsADirectoryError as exc:
        raise SqitchError(f"Plan file {path} is not a regular file") from exc
    except OSError as exc:
        raise SqitchError(f"Cannot open {path}: {exc.strerror}") from exc
    return parse_plan(data, path)


def _build(parsed: ParsedPlan) -> tuple[Change, ...]:
    """The changes of the plan, with their ids, tags and rework tags."""
    hashed_uri = project_uri.canonical(parsed.uri) if parsed.uri else None
    steps: list[tuple[ChangeLine, str, list[Tag]]] = []
    for line in parsed.lines:
        if isinstance(line, ChangeLine):
            parent_id = steps[-1][1] if steps else None
            steps.append((line, _change_id(parsed.project, hashed_uri, line, parent_id), []))
        elif isinstance(line, TagLine):
            change_id, tags = steps[-1][1:]
            tags.append(_tag(parsed.project, hashed_uri, line, change_id))
    rework_tags = _rework_tags([(line.name, tags) for line, _, tags in steps])
    return tuple(
        Change(
            name=line.name,
            id=change_id,
            parent_id=steps[at - 1][1] if at else None,
            note=line.note,
            planned_at=parse_timestamp(line.stamp.date),
            planner_name=line.stamp.planner_name,
            planner_email=line.stamp.planner_email,
            op=line.operator.strip(),
            requires=line.requires,
            conflicts=line.conflicts,
            tags=tuple(tags),
            rework_tags=rework_tags[at],
        )
        for at, (line, change_id, tags) in enumerate(steps)
    )


def _change_id(project: str, hashed_uri: str | None, line: ChangeLine, parent: str | None) -> str:
    return ids.change_id(
        ids.change_body(
            project=project,
            uri=hashed_uri,
            name=line.name,
            parent_id=parent,
            planner=line.stamp.planner,
            date=line.stamp.date,
            requires=[each.as_string for each in line.requires],
            conflicts=[each.as_string for each in line.conflicts],
            note=line.note,
        )
    )


def _tag(project: str, hashed_uri: str | None, line: TagLine, change_id: str) -> Tag:
    body = ids.tag_body(
        project=project,
        uri=hashed_uri,
        name=f"@{line.name}",
        change_id=change_id,
        planner=line.stamp.planner,
        date=line.stamp.date,
        note=line.note,
    )
    return Tag(
        name=f"@{line.name}",
        id=ids.tag_id(body),
        change_id=change_id,
        note=line.note,
        planned_at=parse_timestamp(line.stamp.date),
        planner_name=line.stamp.planner_name,
        planner_email=line.stamp.planner_email,
    )


def _rework_tags(steps: Sequence[tuple[str, Sequence[Tag]]]) -> list[tuple[str, ...]]:
    """For each change, the tags between it and the next of its name, nearest to that one first."""
    found: list[tuple[str, ...]] = []
    nearest: dict[str, int] = {}
    for at in range(len(steps) - 1, -1, -1):
        name = steps[at][0]
        until = nearest.get(name, at)
        between = (steps[between][1] for between in range(until - 1, at - 1, -1))
        found.append(tuple(tag.name for tags in between for tag in tags))
        nearest[name] = at
    return found[::-1]

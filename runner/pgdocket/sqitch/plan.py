"""A Sqitch plan: reading it, looking things up in it, writing it back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pgdocket.sqitch.model import Change, Dependency, Tag

__all__ = ["Change", "Dependency", "Plan", "Tag", "load_plan", "parse_plan"]


@dataclass(frozen=True)
class Plan:
    """A plan that has passed every check.

    `uri` is the text that the registry stores (encoded, not canonicalised); `path` is the file
    as messages show it.
    """

    project: str
    uri: str | None
    changes: tuple[Change, ...]
    path: Path

    def change_by_id(self, change_id: str) -> Change | None:
        """The change with that id, or None."""
        raise NotImplementedError

    def index_of(self, change_id: str) -> int | None:
        """Position of the change with that id, counted from 0, or None."""
        raise NotImplementedError

    def find(self, reference: str) -> Change | None:
        """The change that a symbolic reference names (`f`, `f@v1`, `@v1^`, `HEAD`, an id...).

        None when there is none; SqitchError when a name alone is ambiguous.
        """
        raise NotImplementedError

    def tag(self, name: str) -> Tag | None:
        """The tag with that name (with or without `@`), or None."""
        raise NotImplementedError

    @property
    def last_change(self) -> Change | None:
        """The last change, or None in an empty plan."""
        return self.changes[-1] if self.changes else None

    @property
    def last_tag(self) -> Tag | None:
        """The last tag, or None."""
        raise NotImplementedError

    def serialize(self) -> str:
        """The plan's text as Sqitch would write it."""
        raise NotImplementedError


def parse_plan(data: bytes, path: Path) -> Plan:
    """The plan in these bytes; SqitchError says what is wrong and at which line of `path`."""
    raise NotImplementedError


def load_plan(path: Path) -> Plan:
    """The plan in that file; SqitchError when it can't be read or is wrong."""
    raise NotImplementedError

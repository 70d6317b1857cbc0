"""The identifiers of changes and tags: SHA-1 over a text that Sqitch laid down."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["change_body", "change_id", "object_id", "tag_body", "tag_id"]


def object_id(kind: str, body: str) -> str:
    """40 hex digits: SHA-1 of `KIND LENGTH NUL BODY`, as git names its objects."""
    data = body.encode()
    framed = b"%s %d\0%s" % (kind.encode(), len(data), data)
    return hashlib.sha1(framed, usedforsecurity=False).hexdigest()


def change_body(
    *,
    project: str,
    uri: str | None,
    name: str,
    parent_id: str | None,
    planner: str,
    date: str,
    requires: Iterable[str] = (),
    conflicts: Iterable[str] = (),
    note: str = "",
) -> str:
    """The text that a change's id hashes.

    `uri` is canonical; `planner` is `Name <email>`; `date` is `YYYY-MM-DDTHH:MM:SSZ`;
    dependencies come in the plan's order, without `!` and without the own project's name.
    """
    lines = _head(project, uri)
    lines.append(f"change {name}")
    if parent_id:
        lines.append(f"parent {parent_id}")
    lines += [f"planner {planner}", f"date {date}"]
    for title, sign, dependencies in (("requires", "+", requires), ("conflicts", "-", conflicts)):
        listed = [f"  {sign} {dependency}" for dependency in dependencies]
        if listed:
            lines += [title, *listed]
    return _with_note(lines, note)


def tag_body(
    *,
    project: str,
    uri: str | None,
    name: str,
    change_id: str,
    planner: str,
    date: str,
    note: str = "",
) -> str:
    """The text that a tag's id hashes; `name` begins with `@`."""
    lines = _head(project, uri)
    lines += [f"tag {name}", f"change {change_id}", f"planner {planner}", f"date {date}"]
    return _with_note(lines, note)


def change_id(body: str) -> str:
    """The id of the change with that body."""
    return object_id("change", body)


def tag_id(body: str) -> str:
    """The id of the tag with that body."""
    return object_id("tag", body)


def _head(project: str, uri: str | None) -> list[str]:
    return [f"project {project}"] + ([f"uri {uri}"] if uri else [])


def _with_note(lines: list[str], note: str) -> str:
    # "0" is false in Perl: Sqitch hashes such a note as if there were none.
    return "\n".join([*lines, "", note] if note not in ("", "0") else lines)

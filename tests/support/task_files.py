"""A second reader of task files, written apart from the one under test, and what tests ask of both.

It follows the format's description alone: entries by path, and which entry depends on which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from support.sessions import Connection

Path = tuple[str, ...]
Edge = tuple[Path, Path]

TABLES = """
    select n.nspname, c.relname
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname in ('docket', 'docket_private')
       and c.relkind in ('r', 'p')
     order by 1, 2
"""


class Spelled(str):
    """A number as it is spelled."""


@dataclass(slots=True)
class Entry:
    """One entry of a list of tasks or subtasks."""

    path: Path
    tag: str
    value: Any
    parent: Entry | None
    children: list[Entry] = field(default_factory=list)

    @property
    def id(self) -> str | None:
        """Its id as spelled, where it has one."""
        value = self.value.get("id") if isinstance(self.value, dict) else None
        return value.strip() or None if isinstance(value, str) else None

    @property
    def keys(self) -> set[str]:
        """What a reference from anywhere in the tag may call it."""
        if self.id is None:
            return set()
        if self.parent is None:
            return {self.id}
        names = {f"{parent}.{self.id}" for parent in self.parent.keys}
        if self.parent.id and re.match(re.escape(self.parent.id) + "[.-]", self.id):
            names |= {parent + self.id[len(self.parent.id) :] for parent in self.parent.keys}
        return names

    def is_within(self, other: Entry) -> bool:
        """Whether it is the other entry or a part of it."""
        return self.path[: len(other.path)] == other.path


@dataclass(frozen=True, slots=True)
class TaskFile:
    """What a task file holds."""

    entries: list[Entry]
    edges: set[Edge]
    dangling: int


def read(content: bytes) -> TaskFile:
    """Reads a flat or tagged task file."""
    document = json.loads(
        content.decode("utf-8-sig"),
        parse_int=Spelled, parse_float=Spelled, parse_constant=Spelled,
    )  # fmt: skip
    tags = {
        name: tag
        for name, tag in document.items()
        if isinstance(tag, dict) and isinstance(tag.get("tasks"), list)
    }
    lists: list[tuple[Path, str, Any]]
    if tags:
        lists = [((name,), name, tag["tasks"]) for name, tag in tags.items()]
    else:
        lists = [((), "master", document["tasks"])]
    entries = [
        entry for path, tag, tasks in lists for entry in walk(path, "tasks", tag, tasks, None)
    ]
    edges: set[Edge] = set()
    dangling = 0
    for entry in entries:
        for name in references(entry):
            target = resolve(entry, name, entries)
            if target is None:
                dangling += 1
            elif not (target.is_within(entry) or entry.is_within(target)):
                edges.add((entry.path, target.path))
    return TaskFile(entries, edges, dangling)


def flat(*entries: Any, **others: Any) -> bytes:
    """A flat task file."""
    return json.dumps({"tasks": list(entries), **others}).encode()


def kinds(report: dict[str, Any]) -> dict[str, int]:
    """The oddities of a report, counted."""
    found: dict[str, int] = report["counts"]
    assert sum(found.values()) == len(report["oddities"])
    return found


def walk(path: Path, key: str, tag: str, values: Any, parent: Entry | None) -> Iterator[Entry]:
    """The entries of a list and of the lists within, in the order of the file."""
    for position, value in enumerate(values if isinstance(values, list) else []):
        entry = Entry((*path, key, str(position)), tag, value, parent)
        if parent is not None:
            parent.children.append(entry)
        yield entry
        if isinstance(value, dict):
            yield from walk(entry.path, "subtasks", tag, value.get("subtasks"), entry)


def references(entry: Entry) -> list[str]:
    """The ids that an entry depends on."""
    listed = entry.value.get("dependencies") if isinstance(entry.value, dict) else None
    listed = listed if isinstance(listed, list) else [listed]
    return [
        name.strip()
        for value in listed
        if isinstance(value, str)
        for name in value.split(",")
        if name.strip()
    ]


def resolve(entry: Entry, name: str, entries: list[Entry]) -> Entry | None:
    """What a reference means: a sibling first, then whatever in the tag bears the name."""
    if entry.parent is not None:
        beside = entry.parent.children
        for sibling in beside:
            if sibling.id == name:
                return sibling
        if "." not in name:
            for sibling in beside:
                if any(f"{key}.{name}" in sibling.keys for key in entry.parent.keys):
                    return sibling
    named = [e for e in entries if e.tag == entry.tag and name in e.keys]
    return min(named, key=lambda e: len(e.path)) if named else None


def import_file(
    connection: Connection, content: bytes, *, slug: str = "imported", source: str = "tasks.json",
    dry_run: bool = False, request_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Calls docket.import_tasks_json() and returns its report."""
    with connection.transaction():
        row = connection.execute(
            "select docket.import_tasks_json(slug => %s, source_name => %s, content => %s,"
            " dry_run => %s, request_id => %s)",
            (slug, source, content, dry_run, request_id),
        ).fetchone()
    assert row is not None
    report: dict[str, Any] = row[0]
    return report


def export_file(connection: Connection, slug: str = "imported") -> bytes:
    """Calls docket.export_tasks_json()."""
    row = connection.execute(
        "select docket.export_tasks_json(docket.project_id(%s))", (slug,)
    ).fetchone()
    assert row is not None
    return bytes(row[0])


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has, the journal included."""
    query = sql.SQL(" union all ").join(
        sql.SQL("select {}::text, count(*) from {}").format(table, sql.Identifier(schema, table))
        for schema, table in connection.execute(TABLES).fetchall()
    )
    return dict(connection.execute(query).fetchall())


def stored_edges(connection: Connection) -> set[Edge]:
    """The dependencies in the database, as pairs of paths in the file."""
    rows = connection.execute(
        """
        select i.item_path, o.item_path
          from docket.task_dependencies as d
          join docket.import_items as i on i.task_id = d.task_id
          join docket.import_items as o on o.task_id = d.depends_on_id
        """
    ).fetchall()
    return {(tuple(task), tuple(target)) for task, target in rows}


def tasks(connection: Connection) -> dict[str, dict[str, Any]]:
    """The tasks in the database by key."""
    rows = connection.execute(
        "select t.task_key, to_jsonb(t) from docket.tasks as t order by t.task_id"
    ).fetchall()
    return dict(rows)


def edges_by_key(connection: Connection) -> list[tuple[str, str]]:
    """The dependencies in the database as pairs of keys."""
    return connection.execute(
        """
        select t.task_key, o.task_key
          from docket.task_dependencies as d
          join docket.tasks as t on t.task_id = d.task_id
          join docket.tasks as o on o.task_id = d.depends_on_id
         order by t.task_id, o.task_id
        """
    ).fetchall()


def oddities(report: dict[str, Any]) -> list[tuple[str, str]]:
    """The oddities of a report as (path, kind), the path joined by dots."""
    return [(".".join(o["path"]), o["kind"]) for o in report["oddities"]]

"""Real task files: each is imported whole, or refused with a place; nothing of it is lost."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import psycopg
import pytest

from support import task_files
from support.sessions import Connection

FOLDER = os.environ.get("PGDOCKET_SAMPLES", "")
FILES = sorted(Path(FOLDER, "taskmaster").glob("*.json")) if FOLDER else []
FOREIGN = {"Adam-Elmi__SomCheat__1.json", "Adam-Elmi__SomCheat__2.json"}

pytestmark = pytest.mark.skipif(not FILES, reason="PGDOCKET_SAMPLES names no folder of samples")

every_file = pytest.mark.parametrize(
    "path", [path for path in FILES if path.name not in FOREIGN], ids=lambda path: path.stem
)


@every_file
def test_a_file_is_imported_whole_and_once(path: Path, connection: Connection) -> None:
    content = path.read_bytes()
    file = task_files.read(content)
    empty = task_files.counts(connection)
    dry = task_files.import_file(connection, content, source=path.name, dry_run=True)
    assert task_files.counts(connection) == empty, "a dry run writes nothing"

    report = task_files.import_file(connection, content, source=path.name)
    ids = ("import_id", "project_id")
    assert [dry[key] for key in ids] == [None, None]
    assert {**dry, "dry_run": False, **{key: report[key] for key in ids}} == report
    assert_it_became_its_tasks_and_dependencies(file, report, connection)
    assert_every_byte_and_every_entry_is_kept(file, content, connection)

    assert task_files.export_file(connection) == content
    assert_only_a_changed_task_has_other_bytes(content, connection)

    before = task_files.counts(connection)
    second = task_files.import_file(connection, content, source=path.name)
    assert task_files.counts(connection) == before
    assert second["unchanged"]
    assert set(second["created"].values()) == {0}
    assert {**second, "unchanged": False, "created": report["created"]} == report


def assert_it_became_its_tasks_and_dependencies(
    expected: task_files.TaskFile, report: dict[str, Any], connection: Connection
) -> None:
    """A task for each entry, and every dependency but those that would close a cycle."""
    depths = Counter(entry.parent is None for entry in expected.entries)
    assert (report["tasks"], report["subtasks"]) == (depths[True], depths[False])
    assert report["created"]["tasks"] == len(expected.entries)
    assert report["counts"].get("dangling_dependency", 0) == expected.dangling

    stored = task_files.stored_edges(connection)
    assert report["dependencies"] == report["created"]["dependencies"] == len(stored)
    assert stored <= expected.edges
    missing = expected.edges - stored
    assert report["counts"].get("cyclic_dependency", 0) == len(missing)
    graph = nx.DiGraph(list(stored))
    assert nx.is_directed_acyclic_graph(graph)
    for task, target in missing:
        assert nx.has_path(graph, target, task)


def assert_every_byte_and_every_entry_is_kept(
    file: task_files.TaskFile, content: bytes, connection: Connection
) -> None:
    """The file as it is, and each entry as it is written there."""
    assert connection.execute("select content from docket.imports").fetchone() == (content,)
    kept = connection.execute(
        "select item_path, raw::text from docket.import_items order by ordinal"
    ).fetchall()
    assert [tuple(item) for item, _ in kept] == [entry.path for entry in file.entries]
    assert_written_in_order(content.decode(), [raw for item, raw in kept if "subtasks" not in item])
    raws = {tuple(item): raw for item, raw in kept}
    for entry in file.entries:
        assert json.loads(raws[entry.path], parse_float=task_files.Spelled,
                          parse_int=task_files.Spelled) == entry.value  # fmt: skip
        assert_written_in_order(raws[entry.path], [raws[child.path] for child in entry.children])


def assert_only_a_changed_task_has_other_bytes(content: bytes, connection: Connection) -> None:
    """What stands before and after the entry of a task that was changed is as it was."""
    with connection.transaction(force_rollback=True):
        raw, number, title = connection.execute(
            """
            select i.raw::text,
                   (select count(*) from docket.import_items as o where o.raw::text = i.raw::text),
                   (docket.update_task(i.task_id, '{"title": "Another title"}')).title
              from docket.import_items as i
             where json_typeof(i.raw) = 'object'
             order by md5(i.raw::text), i.ordinal
             limit 1
            """
        ).fetchone() or ("", 0, "")
        changed = task_files.export_file(connection)
        assert changed != content
        if number == 1:
            before, after = content.split(raw.encode())
            assert changed.startswith(before)
            assert changed.endswith(after)
            entry = json.loads(changed[len(before) : len(changed) - len(after)])
            assert entry == {**json.loads(raw), "title": title}


def assert_written_in_order(text: str, raws: list[str]) -> None:
    """The entries stand in the text as they are, with nothing between those of one list."""
    end = 0
    for number, raw in enumerate(raws):
        start = text.index(raw, end)
        between = text[end:start]
        if number and "]" not in between:
            assert re.fullmatch(r"\s*,\s*", between)
        end = start + len(raw)


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_a_foreign_file_is_refused(name: str, connection: Connection) -> None:
    before = task_files.counts(connection)
    with pytest.raises(psycopg.Error) as refusal:
        task_files.import_file(
            connection, Path(FOLDER, "taskmaster", name).read_bytes(), source=name
        )

    assert refusal.value.sqlstate == "PD422"
    assert f"{name}, line 1, column 1: this is no task file" in str(refusal.value)
    assert task_files.counts(connection) == before

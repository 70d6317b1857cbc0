"""Real task files: each is imported whole, or refused with a place; nothing of it is lost."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import networkx as nx
import psycopg
import pytest

from support import task_files
from support.databases import Database
from support.sessions import Connect, Connection

FOLDER = os.environ.get("PGDOCKET_SAMPLES", "")
FILES = sorted(Path(FOLDER, "taskmaster").glob("*.json")) if FOLDER else []
FOREIGN = {"Adam-Elmi__SomCheat__1.json", "Adam-Elmi__SomCheat__2.json"}

pytestmark = pytest.mark.skipif(not FILES, reason="PGDOCKET_SAMPLES names no folder of samples")

every_file = pytest.mark.parametrize(
    "path", [path for path in FILES if path.name not in FOREIGN], ids=lambda path: path.stem
)


@pytest.fixture
def connection(docket: Database, connect: Connect) -> Connection:
    return connect(docket)


@every_file
def test_a_file_becomes_its_tasks_and_dependencies(path: Path, connection: Connection) -> None:
    content = path.read_bytes()
    expected = task_files.read(content)
    report = task_files.import_file(connection, content, source=path.name)

    depths = Counter(entry.parent is None for entry in expected.entries)
    assert (report["tasks"], report["subtasks"]) == (depths[True], depths[False])
    assert report["created"]["tasks"] == len(expected.entries)
    assert report["counts"].get("dangling_dependency", 0) == expected.dangling

    stored = task_files.stored_edges(connection)
    assert report["dependencies"] == report["created"]["dependencies"] == len(stored)
    assert stored <= expected.edges
    assert_only_cycles_are_missing(stored, expected.edges - stored)
    assert report["counts"].get("cyclic_dependency", 0) == len(expected.edges - stored)


def assert_only_cycles_are_missing(
    stored: set[task_files.Edge], missing: set[task_files.Edge]
) -> None:
    """What is stored has no cycle, and each edge that is not would close one."""
    graph = nx.DiGraph(list(stored))
    assert nx.is_directed_acyclic_graph(graph)
    for task, target in missing:
        assert nx.has_path(graph, target, task)


@every_file
def test_every_byte_and_every_entry_is_kept(path: Path, connection: Connection) -> None:
    content = path.read_bytes()
    task_files.import_file(connection, content, source=path.name)

    assert connection.execute("select content from docket.imports").fetchone() == (content,)
    kept = connection.execute(
        "select item_path, raw::text from docket.import_items order by ordinal"
    ).fetchall()
    entries = task_files.read(content).entries
    assert [tuple(item) for item, _ in kept] == [entry.path for entry in entries]
    assert_written_in_order(content.decode(), [raw for item, raw in kept if "subtasks" not in item])
    raws = {tuple(item): raw for item, raw in kept}
    for entry in entries:
        assert json.loads(raws[entry.path], parse_float=task_files.Spelled,
                          parse_int=task_files.Spelled) == entry.value  # fmt: skip
        assert_written_in_order(raws[entry.path], [raws[child.path] for child in entry.children])


def assert_written_in_order(text: str, raws: list[str]) -> None:
    """The entries stand in the text as they are, with nothing between those of one list."""
    end = 0
    for number, raw in enumerate(raws):
        start = text.index(raw, end)
        between = text[end:start]
        if number and "]" not in between:
            assert re.fullmatch(r"\s*,\s*", between)
        end = start + len(raw)


@every_file
def test_the_second_import_changes_nothing(path: Path, connection: Connection) -> None:
    content = path.read_bytes()
    first = task_files.import_file(connection, content, source=path.name)
    before = task_files.counts(connection)
    second = task_files.import_file(connection, content, source=path.name)

    assert task_files.counts(connection) == before
    assert second["unchanged"]
    assert set(second["created"].values()) == {0}
    assert {**second, "unchanged": False, "created": first["created"]} == first


@every_file
def test_a_dry_run_writes_nothing_and_reports_the_same(path: Path, connection: Connection) -> None:
    content = path.read_bytes()
    before = task_files.counts(connection)
    dry = task_files.import_file(connection, content, source=path.name, dry_run=True)

    assert task_files.counts(connection) == before
    real = task_files.import_file(connection, content, source=path.name)
    ids = ("import_id", "project_id")
    assert [dry[key] for key in ids] == [None, None]
    assert {**dry, "dry_run": False, **{key: real[key] for key in ids}} == real


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

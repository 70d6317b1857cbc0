"""Real files of beads: each is taken in whole, and tells the same next as beads itself."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support import task_files
from support.sessions import Connection

FOLDER = os.environ.get("PGDOCKET_SAMPLES", "")
FILES = sorted(Path(FOLDER, "beads").glob("*.jsonl")) if FOLDER else []

pytestmark = pytest.mark.skipif(not FILES, reason="PGDOCKET_SAMPLES names no folder of samples")


def import_beads(connection: Connection, path: Path, **options: Any) -> dict[str, Any]:
    """Calls docket.import_beads() and returns its report."""
    row = connection.execute(
        "select docket.import_beads('imported', %s, %s, dry_run => %s)",
        (path.name, path.read_bytes(), options.get("dry_run", False)),
    ).fetchone()
    assert row is not None
    report: dict[str, Any] = row[0]
    return report


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_imported_whole_and_once(path: Path, connection: Connection) -> None:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    issues = [
        line
        for line in lines
        if "id" in line and "title" in line and line.get("status") != "tombstone"
    ]
    empty = task_files.counts(connection)
    dry = import_beads(connection, path, dry_run=True)
    assert task_files.counts(connection) == empty, "a dry run writes nothing"

    report = import_beads(connection, path)
    ids = ("import_id", "project_id")
    assert {**dry, "dry_run": False, **{key: report[key] for key in ids}} == report
    assert report["tasks"] + report["subtasks"] == report["created"]["tasks"] == len(issues)
    assert sum(report["records"].values()) == len(lines)
    kept = connection.execute("select raw::text from docket.import_items order by ordinal")
    assert [raw for (raw,) in kept] == path.read_text().splitlines()

    exported = "select docket.export_beads(%s)"
    assert connection.execute(exported, (report["project_id"],)).fetchone() == (path.read_bytes(),)

    before = task_files.counts(connection)
    second = import_beads(connection, path)
    assert second["unchanged"]
    assert task_files.counts(connection) == before


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_change_here_changes_its_line_alone(path: Path, connection: Connection) -> None:
    report = import_beads(connection, path)
    item = connection.execute(
        "select task_id, ordinal from docket.import_items where task_id is not null"
        " order by md5(ordinal::text) limit 1"
    ).fetchone()
    if item is None:
        return
    title = 'Another "<title>" & \u00e9'
    connection.execute(
        "select docket.update_task(%s, %s)", (item[0], json.dumps({"title": title, "tags": []}))
    )
    row = connection.execute("select docket.export_beads(%s)", (report["project_id"],)).fetchone()
    assert row is not None
    was, now = path.read_bytes().split(b"\n"), row[0].split(b"\n")
    changed = [n for n, (before, after) in enumerate(zip(was, now, strict=True)) if before != after]
    assert changed == [item[1] - 1]
    old, new = (json.loads(lines[item[1] - 1]) for lines in (was, now))
    assert new.pop("updated_at") > old.pop("updated_at", "")
    assert new.pop("title") == title
    old.pop("title")
    if old.get("labels"):
        old.pop("labels")
    assert list(new.items()) == list(old.items())


def expected() -> list[dict[str, str]]:
    """What beads answered for each file."""
    if not FILES:
        return []
    head, *rows = (Path(FOLDER) / "EXPECTED_READY.tsv").read_text().splitlines()
    return [dict(zip(head.split("\t"), row.split("\t"), strict=True)) for row in rows]


@pytest.mark.parametrize("row", expected(), ids=lambda row: row["file"])
def test_what_is_next_is_what_beads_told(row: dict[str, str], connection: Connection) -> None:
    report = import_beads(connection, Path(FOLDER) / "beads" / row["file"])
    ready = [
        reference
        for (reference,) in connection.execute(
            "select reference from docket.next_by_rule(%s, 'beads', page_size => 1000)"
            " order by place",
            (report["project_id"],),
        )
    ]
    assert len(ready) == int(row["n_ready"])
    assert ",".join(ready[:20]) == row["ready_first_20"]
    digest = hashlib.sha256("\n".join(ready).encode()).hexdigest()
    assert digest[:16] == row["ready_sha256_16"]

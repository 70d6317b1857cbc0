"""Importing a task file from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.clients import Run, RunJson
from support.databases import ROOT

SAMPLE = ROOT / "sql" / "samples" / "payments.json"


def test_the_sample_is_imported_once(run: Run, run_json: RunJson) -> None:
    dry = run_json("import", str(SAMPLE), "--project", "pay", "--dry-run")
    assert dry["dry_run"]
    assert run_json("project", "list") == []

    first = run_json("import", str(SAMPLE), "--project", "pay")
    tasks = json.loads(SAMPLE.read_text())["master"]["tasks"]
    subtasks = sum(len(task["subtasks"]) for task in tasks)
    assert (first["tasks"], first["subtasks"]) == (len(tasks), subtasks)
    assert first["oddities"] == []
    stored = run_json("task", "list", "--limit", "1000")
    assert len(stored) == len(tasks) + subtasks

    again = run("import", str(SAMPLE), "--project", "pay")
    assert again.exit_code == 0
    assert "nothing to do, imported before" in again.output
    assert run_json("task", "list", "--limit", "1000") == stored


def test_the_project_is_named_after_its_folder(run_json: RunJson, tmp_path: Path) -> None:
    file = tmp_path / "My Shop!" / ".taskmaster" / "tasks" / "tasks.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"tasks": [{"id": 1, "title": "T"}]}')
    report = run_json("import", str(file))
    assert report["project"] == "my-shop"
    assert report["source_name"] == ".taskmaster/tasks/tasks.json"


def test_what_can_not_be_taken_over_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text('{"tasks": [{"id": 1, "title": "T", "dependencies": [77]}]}')
    result = run("import", str(file), "--project", "p")
    assert result.exit_code == 0
    assert "tasks.0.dependencies.0" in result.output
    assert "77" in result.output


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b'{"tasks": [\n {"id": 1,}\n]}', "line 2, column 11"),
        (b"", "tasks.json"),
        (b'{"foo": 1}', "tasks.json"),
        (b"\xff\xfe{}", "tasks.json"),
    ],
)
def test_a_file_that_can_not_be_read_changes_nothing(
    run: Run, run_json: RunJson, tmp_path: Path, content: bytes, part: str
) -> None:
    file = tmp_path / "tasks.json"
    file.write_bytes(content)
    result = run("import", str(file), "--project", "p")
    assert result.exit_code == 3
    assert part in result.stderr
    assert run_json("project", "list") == []


def test_a_file_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    result = run("import", str(tmp_path / "none.json"))
    assert result.exit_code == 3
    assert "none.json" in result.stderr


def test_what_was_imported_is_exported_byte_for_byte(run: Run, tmp_path: Path) -> None:
    assert run("import", str(SAMPLE), "--project", "pay").exit_code == 0
    shown = run("export", "--project", "pay")
    assert shown.output == SAMPLE.read_text()

    target = tmp_path / "tasks.json"
    target.write_text("what was there")
    assert run("export", "--project", "pay", "--output", str(target)).exit_code == 0
    assert target.read_bytes() == SAMPLE.read_bytes()
    assert (tmp_path / "tasks.json.bak").read_text() == "what was there"


def test_a_file_of_beads_comes_and_goes(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    file = tmp_path / "shop" / ".beads" / "issues.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('{"id":"a-1","title":"<A>"}\n{"id":"a-2","title":"B","priority":0}\n')
    report = run_json("import", str(file))
    assert (report["project"], report["source_name"]) == ("shop", ".beads/issues.jsonl")

    out = tmp_path / "out.jsonl"
    assert run("export", "--format", "beads", "-o", str(out)).exit_code == 0
    assert out.read_bytes() == file.read_bytes()
    assert run_json("next", "--rule", "beads")[0]["reference"] == "a-2"


def test_a_changed_file_is_merged_and_a_conflict_is_decided(
    run: Run, run_json: RunJson, tmp_path: Path
) -> None:
    file = tmp_path / ".taskmaster" / "tasks" / "tasks.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"tasks": [{"id": 1, "title": "One"}]}')
    assert run("import", str(tmp_path), "--project", "p").exit_code == 0
    run("task", "update", "1", "--title", "Here", "--project", "p")
    file.write_text('{"tasks": [{"id": 1, "title": "There"}]}')

    refused = run("import", str(tmp_path), "--project", "p")
    assert refused.exit_code == 5
    assert "master/1: title" in refused.stderr
    target = tmp_path / "report.json"
    run_json("import", str(tmp_path), "--project", "p", "--theirs", "--report", str(target))
    assert json.loads(target.read_text())[0]["updated"] == 1
    assert run_json("task", "list", "--project", "p")[0]["title"] == "There"


def test_a_file_is_kept_in_step(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text('{"tasks": [{"id": 1, "title": "One"}]}')
    assert run("sync", str(file), "--project", "p").exit_code == 0
    run("task", "update", "1", "--title", "Here", "--project", "p")
    file.write_text('{"tasks": [{"id": 1, "title": "One", "status": "done"}]}')
    assert run("sync", str(file), "--project", "p").exit_code == 0

    assert file.read_text() == '{"tasks": [{"id": 1, "title": "Here", "status": "done"}]}'
    assert run_json("task", "list", "--project", "p")[0]["status"] == "completed"
    file.write_text('{"tasks": [')
    assert run("sync", str(file), "--project", "p").exit_code == 3
    assert file.read_text() == '{"tasks": ['

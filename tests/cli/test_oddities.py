"""What is odd about a project's tasks, from the shell."""

from __future__ import annotations

from pathlib import Path

from support.clients import Run, RunJson


def test_what_is_odd_is_named_and_mended(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text('{"tasks": [{"id": 1, "title": "T", "status": "wip", "dependencies": [77]}]}')
    run_json("import", str(file), "--project", "odd")

    shown = run("project", "lint")
    assert "dangling_dependency" in shown.stdout
    assert "tasks.0.dependencies.0" in shown.stdout
    found = run_json("project", "lint")
    assert [row["kind"] for row in found] == ["dangling_dependency", "unknown_status"]

    assert len(run_json("project", "lint", "--fix", "--dry-run")["fixed"]) == 1
    assert len(run_json("project", "lint", "--fix")["fixed"]) == 1
    assert [row["kind"] for row in run_json("project", "lint")] == ["dangling_dependency"]
    again = run("project", "lint", "--fix")
    assert again.exit_code == 0
    assert "nothing to do safely" in again.stderr

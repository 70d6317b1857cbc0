"""Lists of tasks from and to the shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clients import Run, RunJson


@pytest.mark.parametrize(
    ("name", "list_format"), [("out.md", "markdown"), ("out.csv", "csv"), ("out.json", "github")]
)
def test_lists_come_and_go(
    shop: RunJson, run: Run, run_json: RunJson, tmp_path: Path, name: str, list_format: str
) -> None:
    tasks = [(task["title"], task["priority"]) for task in shop("task", "list")]
    file = tmp_path / name
    out = run("export", "--project", "shop", "--format", list_format, "-o", str(file))
    assert out.exit_code == 0, out.output
    report = run_json("project", "import-list", str(file), "--project", "copy")
    assert (report["tasks"], report["dependencies"]) == (3, 1)
    back = run_json("task", "list", "--project", "copy")
    assert [(task["title"], task["priority"]) for task in back] == tasks


def test_a_sheet_comes_by_a_mapping_and_a_chart_goes(
    shop: RunJson, run: Run, run_json: RunJson, tmp_path: Path
) -> None:
    assert len(shop("task", "list")) == 3
    assert run("export", "--project", "shop", "--format", "gantt").stdout.startswith("gantt\n")
    file = tmp_path / "own.csv"
    file.write_text("Ref,Words\r\n1,Sweep\r\n")
    mapping = ("--map", "title=Words", "--map", "key=Ref")
    report = run_json("project", "import-list", str(file), "--project", "own", *mapping)
    assert report["tasks"] == 1
    assert run_json("task", "list", "--project", "own")[0]["title"] == "Sweep"

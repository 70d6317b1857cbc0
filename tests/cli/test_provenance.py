"""Where something comes from, from the shell."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from support.clients import Run, RunJson


def test_a_task_and_its_artifact_have_a_provenance(shop: RunJson, run: Run, tmp_path: Path) -> None:
    made = tmp_path / "login.py"
    made.write_text("print(1)")
    assert run("artifact", "put", "shop-1", str(made), "--as", "src/login.py").exit_code == 0
    graph = shop("provenance", "shop-1")
    assert [node["kind"] for node in graph["nodes"]] == ["task", "artifact"]
    assert "src/login.py" in run("provenance", "shop-1").stdout
    statement = json.loads(run("provenance", "shop-1", "src/login.py", "--in-toto").stdout)
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [each["name"] for each in statement["subject"]] == ["src/login.py"]
    assert run("provenance", "shop-1", "no.py").exit_code == 4
    assert run("provenance", "--pull-request", str(UUID(int=0))).exit_code == 4
    assert run("provenance").exit_code == 2
    assert run("provenance", "shop-2", "--in-toto").exit_code == 3

"""docs/python.md: what it shows can be run as it stands, and the reference has every method."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

from pgdocket import errors
from pgdocket.client.api import Api
from support.databases import ROOT, Database

PAGE = (ROOT / "docs" / "python.md").read_text()
REFERENCE = (ROOT / "docs" / "python-reference.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_run_one_after_another(docket18: Database) -> None:
    environment = docket18.environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
    programs = [text for text in EXAMPLES if not text.startswith("def test_")]
    assert len(programs) == 4
    said = ""
    for program in programs:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}\n{done.stderr}"
        said += done.stdout
    assert "3 tasks are done" in said
    assert "Health(status='up'" in said


def test_the_examples_are_typed(tmp_path: Path) -> None:
    for number, text in enumerate(text for text in EXAMPLES if not text.startswith("def test_")):
        (tmp_path / f"example_{number}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *sorted(tmp_path.glob("*.py"))],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_other_examples_are_python() -> None:
    for text in EXAMPLES:
        ast.parse(text)


def test_the_page_names_every_error_of_the_functions() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    local = {"NoServer", "PlanMismatch"}  # of commands alone
    assert {cls.__name__ for cls in errors.ERROR_CLASSES.values()} - local <= named


def test_the_reference_lists_every_method() -> None:
    methods = [name for name, _ in inspect.getmembers(Api, inspect.isfunction) if name[0] != "_"]
    assert methods == re.findall(r"(?m)^## (\w+)$", REFERENCE)

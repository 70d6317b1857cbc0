"""A project of somebody who builds on pgdocket: its tests use pgdocket.testing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
from datetime import datetime, timedelta, timezone
import pytest
from pgdocket.errors import DependencyCycle, InvalidArgument, LeaseLost, NotFound
from pgdocket.testing import run_basic_workflow


def test_a_graph(docket, make_graph, make_project, make_task):
    tasks = make_graph("diamond")
    with pytest.raises(DependencyCycle) as caught:
        docket.add_dependency(task_id=tasks["a"].task_id, depends_on_id=tasks["d"].task_id)
    assert len(caught.value.path) == 3
    assert len(make_graph("layered", project_id=make_project().project_id)) == 7
    assert make_task(title="T").project_id == tasks["a"].project_id
    with pytest.raises(InvalidArgument, match="moebius"):
        make_graph("moebius")


def test_a_scenario(docket):
    done = run_basic_workflow(docket)
    assert [task.task_key for task in done.completed] == ["a", "b", "c", "d"]
    assert {task.status for task in done.completed} == {"completed"}


def test_each_has_a_database_of_its_own(docket):
    assert docket.list_projects() == []
    assert docket.principal() == "docket_app"


def test_time_stands_still(docket, make_task, freeze_time):
    now = datetime(2031, 1, 1, 12, tzinfo=timezone.utc)
    freeze_time(now)
    task = make_task()
    assert task.created_at == docket.clock() == now
    (held,) = docket.claim_tasks(project_id=task.project_id, agent="a", lease_seconds=60)
    freeze_time(now + timedelta(seconds=61))
    (swept,) = docket.sweep_leases(project_id=task.project_id)
    assert swept.task_id == task.task_id
    with pytest.raises(LeaseLost):
        docket.complete_task(attempt_id=held.attempt_id)
    freeze_time(None)
    assert docket.clock() < now


@pytest.mark.asyncio
async def test_coroutines(async_docket, make_task):
    task = make_task()
    assert (await async_docket.get_task(task_id=task.task_id)) == task
    (held,) = await async_docket.claim_tasks(project_id=task.project_id, agent="a")
    done = await async_docket.complete_task(attempt_id=held.attempt_id, results={"x": 1})
    assert (done.task_id, done.status, done.results) == (task.task_id, "completed", {"x": 1})
"""


def run_project(folder: Path, *options: str, python: Path | None = None) -> str:
    """Runs the project's tests by a Python, else by this one; returns what pytest says."""
    (folder / "test_it.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    left_out = ("PYTEST", "PYTHONPATH") if python else ("PYTEST",)
    ours = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    done = subprocess.run(
        [python or sys.executable, "-m", "pytest", "-q", *options, str(folder)],
        env=ours, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

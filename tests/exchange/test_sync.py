"""Many who change a project and keep the same file in step with it lose nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pgdocket.cli import Options
from pgdocket.cli.sync import stepper
from pgdocket.client import Docket
from support.databases import Database

WRITERS = 6
ROUNDS = 2


def test_six_who_sync_one_file_at_once_lose_nothing(docket18: Database, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    tasks = [{"id": number, "title": f"Task {number}"} for number in range(1, WRITERS + 1)]
    file.write_text(json.dumps({"tasks": tasks}, indent=2))
    options = Options(db=None, json=False, debug=False, project="shared")

    def work(number: int) -> None:
        with Docket(docket18.conninfo) as session:
            step = stepper(session, options, file, {})
            project_id = step()["project_id"]
            task_id = session.task_id(project_id=project_id, reference=str(number))
            for turn in range(ROUNDS):
                session.update_task(task_id=task_id, changes={"details": f"{number}: {turn}"})
                session.create_tasks(
                    project_id=project_id, tasks=[{"title": f"{number} made {turn}"}]
                )
                step()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(1, WRITERS + 1)))

    written = json.loads(file.read_bytes())["tasks"]
    assert {task["title"]: task.get("details") for task in written[:WRITERS]} == {
        f"Task {number}": f"{number}: {ROUNDS - 1}" for number in range(1, WRITERS + 1)
    }
    made = [f"{number} made {turn}" for number in range(1, WRITERS + 1) for turn in range(ROUNDS)]
    assert sorted(task["title"] for task in written[WRITERS:]) == sorted(made)
    assert len({task["id"] for task in written}) == len(written)
    with Docket(docket18.conninfo) as session:
        again = stepper(session, options, file, {})()
        assert again["tasks"] == len(written)
        project_id = again["project_id"]
        assert len(session.list_tasks(project_id=project_id, page_size=100)) == len(written)

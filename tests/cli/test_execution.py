"""What was run, from the shell."""

from __future__ import annotations

from uuid import UUID

from pgdocket.client import Docket
from support.clients import Run, RunJson
from support.databases import Database


def test_executions_are_listed_and_shown(shop: RunJson, run: Run, docket: Database) -> None:
    with Docket(docket.conninfo) as client:
        task = shop("task", "show", "shop-1")
        begun = client.start_execution(
            project_id=task["project_id"], execution_type="test", task_id=UUID(task["task_id"]),
            environment="ci",
        )  # fmt: skip
        client.execution_log(execution_id=begun.execution_id, entries=["one", "two"])
        client.finish_execution(
            execution_id=begun.execution_id, status="failed", exit_code=2, stderr_preview="oh no"
        )
        client.start_execution(
            project_id=begun.project_id, execution_type="test", retry_of=begun.execution_id
        )
    listed = shop("execution", "list", "shop-1", "--env", "ci")
    assert [(each["status"], each["retry_count"]) for each in listed] == [
        ("running", 1), ("failed", 0),
    ]  # fmt: skip
    identity = str(begun.execution_id)
    assert identity in run("execution", "list", "--status", "failed").stdout
    assert "oh no" in run("execution", "show", identity).stdout
    assert shop("execution", "show", identity)["exit_code"] == 2
    assert [each["retry_count"] for each in shop("execution", "chain", identity)] == [0, 1]
    assert [each["message"] for each in shop("execution", "log", identity)] == ["one", "two"]
    assert run("execution", "show", str(UUID(int=0))).exit_code == 4


def test_errors_are_listed_and_resolved(shop: RunJson, run: Run, docket: Database) -> None:
    with Docket(docket.conninfo) as client:
        task = shop("task", "show", "shop-1")
        for number in range(2):
            client.record_error(
                project_id=task["project_id"], message=f"Broke {number}", severity="high",
                task_id=UUID(task["task_id"]),
            )  # fmt: skip
    (group,) = shop("error", "groups", "--open")
    assert (group["occurrences"], group["severity"]) == (2, "high")
    assert "Broke 1" in run("error", "list", "shop-1", "--severity", "high").stdout
    assert run("error", "resolve", group["error_group_id"], "--reason", "Done").exit_code == 0
    assert shop("error", "groups", "--open") == []
    assert shop("error", "groups", "--resolved")[0]["resolution_reason"] == "Done"


def test_the_pipeline_is_what_is_worked_on(shop: RunJson, run: Run) -> None:
    assert "nothing is on its way" in run("pipeline").stderr
    (claimed,) = shop("claim", "--agent", "ada")
    (now,) = shop("pipeline")
    assert (now["task_key"], now["pipeline_status"]) == (claimed["task_key"], "nothing yet")
    assert claimed["task_key"] in run("pipeline").stdout
    assert len(shop("pipeline", "--all")) == 3
    assert shop("pipeline", "--status", "pending", "--priority", "critical") != []
    assert run("pipeline", "--status", "asleep").exit_code == 3

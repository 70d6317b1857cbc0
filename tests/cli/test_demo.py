"""The demo as people run it, and that its proof can fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from pgdocket.client import Agent, Docket, Work
from pgdocket.demo.proof import prove
from pgdocket.statements import statements
from support.clients import Run, RunJson, eventually
from support.databases import Database
from support.sessions import Connection

Connect = Callable[..., Connection]


def test_the_demo_kills_an_agent_and_proves_that_nothing_was_lost(
    run: Run, run_json: RunJson
) -> None:
    result = run_json("demo")

    assert result["project"] == "demo"
    assert [claim["name"] for claim in result["claims"]] == list(statements("proof.sql"))
    assert all(claim["holds"] for claim in result["claims"])
    assert result["completed"] == 68
    assert sum(agent["completed"] for agent in result["agents"]) == 68
    assert len(result["agents"]) == 4
    killed = result["killed"]
    assert result["killed_end"]["outcome"] == "lease_expired"
    assert result["killed_end"]["completed_by"] != killed["agent"]
    assert killed["task_key"] in [task["task_key"] for task in result["retried"]]
    assert result["longest_chain"][0]["task_key"] == "1"
    assert "Write down what the service" in Path(result["picture"]).read_text()

    again = run("demo", "--agents", "1")
    assert again.exit_code == 0, again.output
    assert "imported into project demo-2" in again.output
    assert again.output.count("holds ") == len(result["claims"])
    assert "killed" not in again.output


def test_a_file_with_nothing_to_do_is_said_so(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    tasks = [
        {"id": 1, "title": "A", "status": "done"},
        {"id": 2, "title": "B", "status": "deferred"},
    ]
    file.write_text(json.dumps({"tasks": tasks}))
    result = run("demo", str(file))
    assert result.exit_code == 0, result.output
    assert "nothing to do" in result.output
    assert "1 deferred" in result.output


def test_a_file_that_can_not_be_read_starts_nothing(run: Run, tmp_path: Path) -> None:
    assert run("demo", str(tmp_path / "none.json")).exit_code == 3
    file = tmp_path / "tasks.json"
    file.write_text("{")
    broken = run("demo", str(file))
    assert broken.exit_code == 3
    assert "line 1" in broken.stderr
    assert run("project", "list").stdout == ""


def test_agents_end_with_the_demo(docket: Database, connect: Connect) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "demo"],
        env=docket.environment,
        stdout=subprocess.DEVNULL,
    ) as demo:
        session = connect(docket)

        def agents() -> list[int]:
            rows = session.execute(
                "select a.pid from pg_stat_activity as a where a.application_name like 'agent-%'"
                " and a.datname = current_database()"
            )
            return [row[0] for row in rows]

        eventually(agents, "agents are connected")
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait()
    eventually(lambda: not agents(), "the agents are gone")


@pytest.fixture
def drained(docket: Database) -> UUID:
    """A project whose six tasks have been worked through; its id."""
    with Docket(docket.conninfo) as client:
        project_id = client.create_project(slug="shop").project_id
        tasks = client.create_tasks(
            project_id=project_id,
            tasks=[
                {"task_key": f"t{n}", "title": "T", "depends_on": [f"t{n - 1}"] if n else []}
                for n in range(6)
            ],
        )
        agent: Agent

        def handle(_work: Work) -> None:
            if client.list_tasks(project_id=project_id, statuses=["pending"]) == []:
                agent.stop()

        agent = Agent(client, project_id=project_id, name="anna", handler=handle)
        assert agent.run().completed == len(tasks)
    return project_id


def broken_claims(session: Connection, project_id: UUID) -> list[str]:
    return [claim.name for claim in prove(session, project_id) if not claim.holds]


def test_every_claim_holds_after_work_that_was_done_rightly(
    docket: Database, connect: Connect, drained: UUID
) -> None:
    assert broken_claims(connect(docket), drained) == []


# What only somebody with every right and the triggers off can do.
FORGERIES: dict[str, LiteralString] = {
    "no_task_twice": """
        insert into docket.task_attempts
        select (jsonb_populate_record(a, jsonb_build_object(
                   'attempt_id', docket_private.new_id(a.project_id), 'attempt_no', 2))).*
          from docket.task_attempts as a
         limit 1
    """,
    "last_attempt_decides": """
        update docket.task_attempts set outcome = 'released'
         where attempt_id = (select min(attempt_id::text)::uuid from docket.task_attempts)
    """,
    "no_dependency_broken": """
        update docket.task_attempts as a
           set created_at = (select t.created_at from docket.tasks as t where t.task_id = a.task_id)
          from docket.tasks as t
         where t.task_id = a.task_id and t.task_key = 't3'
    """,
    "counters_equal_recount": """
        update docket_private.task_nodes set unmet = unmet + 1
         where task_id = (select task_id from docket.tasks where task_key = 't2')
    """,
    "journal_complete": """
        delete from docket.audit_log
         where audit_id = (select max(audit_id) from docket.audit_log where table_name = 'tasks')
    """,
}


@pytest.mark.parametrize("name", list(statements("proof.sql")))
def test_a_claim_fails_when_it_is_broken(
    docket: Database, connect: Connect, drained: UUID, name: str
) -> None:
    session = connect(docket)
    session.execute("set session_replication_role = replica")
    assert session.execute(FORGERIES[name]).rowcount == 1
    assert broken_claims(session, drained) == [name]


def test_the_demo_fails_when_its_proof_does(
    run: Run, docket: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pgdocket.demo import proof

    prove_rightly = proof.prove

    def after_a_forgery(session: Connection, project_id: UUID) -> list[proof.Claim]:
        with psycopg.connect(docket.conninfo, autocommit=True) as forger:
            forger.execute("set session_replication_role = replica")
            forger.execute(
                "delete from docket.audit_log where audit_id ="
                " (select max(audit_id) from docket.audit_log where table_name = 'tasks')"
            )
        return prove_rightly(session, project_id)

    monkeypatch.setattr(proof, "prove", after_a_forgery)
    result = run("demo", "--agents", "1")
    assert result.exit_code == 1
    assert "BROKEN  the journal" in result.output
    assert "the proof fails" in result.stderr

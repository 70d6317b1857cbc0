"""Task files of real projects: imported, worked through by eight agents, and proved."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pgdocket.client import Agent, Docket
from pgdocket.demo.crew import ask
from pgdocket.demo.proof import prove
from pgdocket.errors import Error, InvalidArgument
from support import soak
from support.clients import eventually
from support.databases import Database
from support.sessions import Connection

SAMPLES = os.environ.get("PGDOCKET_SAMPLES")
AGENTS = 8

pytestmark = pytest.mark.skipif(
    not SAMPLES, reason="PGDOCKET_SAMPLES does not name the folder of the sample files"
)


def drain(client: Docket, session: Connection, project_id: UUID) -> int:
    """Lets eight agents work until nothing is left for them; says how much they did."""
    agents = [
        Agent(
            client,
            project_id=project_id,
            name=f"agent-{number}",
            handler=lambda work: {"title": work.task.title},
            idle_seconds=(0.005, 0.05),
        )
        for number in range(AGENTS)
    ]
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda agent=agent: done.append(agent.run().completed))  # type: ignore[misc]
        for agent in agents
    ]
    for thread in threads:
        thread.start()

    def is_drained() -> bool:
        left: dict[str, Any] = ask(session, "demo.sql", "claimable", project_id=project_id)[0]
        return not left["ready"] and not left["held"]

    try:
        eventually(is_drained, "all that can be done is done", 60)
    finally:
        for agent in agents:
            agent.stop()
        for thread in threads:
            thread.join(20)
    return sum(done)


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_every_sample_imports_or_is_refused_and_holds_what_is_promised_when_drained(
    docket: Database, connect: Callable[..., Connection], open_client: Callable[..., Docket]
) -> None:
    client, session = open_client(max_size=AGENTS + 1), connect(docket)
    files = sorted(Path(str(SAMPLES), "taskmaster").glob("*.json"))
    # The short run drains every third; all are imported in tests/exchange.
    files = files[:: soak.size(3, 1)]
    assert files
    problems: list[str] = []
    for number, file in enumerate(files):
        slug = f"sample-{number}"
        try:
            client.import_tasks_json(slug=slug, source_name=file.name, content=file.read_bytes())
        except InvalidArgument as refused:
            if file.name not in refused.message:
                problems.append(f"{file.name}: refused without its name: {refused}")
            continue
        except Error as error:
            problems.append(f"{file.name}: {error}")
            continue
        project_id = client.project_id(reference=slug)
        doable = ask(session, "demo.sql", "doable", project_id=project_id)[0]["tasks"]
        done = drain(client, session, project_id)
        if done != doable:
            problems.append(f"{file.name}: {done} of {doable} tasks were done")
        problems += [
            f"{file.name}: not so: {claim.title}: {claim.broken_by[:3]}"
            for claim in prove(session, project_id)
            if not claim.holds
        ]
    assert problems == []

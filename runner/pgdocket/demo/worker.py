"""One agent of the demo, in a process of its own: `python -m pgdocket.demo.worker`.

It is told what to do in the environment variable PGDOCKET_DEMO_AGENT, and reports on standard
output, a JSON object on a line for each event.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass

from pgdocket.client import Agent, ConnectionSettings, Docket, Task, Work

VARIABLE = "PGDOCKET_DEMO_AGENT"


@dataclass(frozen=True, slots=True)
class Orders:
    """What an agent is told; work on a task takes between two times in milliseconds."""

    conninfo: str
    project_id: str
    name: str
    lease_seconds: int
    work_ms: tuple[int, int]


def report(event: str, task: Task) -> None:
    """Writes one event, at once."""
    sys.stdout.write(json.dumps({"event": event, "task_key": task.task_key}) + "\n")
    sys.stdout.flush()


def stop_with_parent(agent: Agent) -> None:
    """Stops the agent when standard input ends, which is when the demo is gone."""
    sys.stdin.read()
    agent.stop()


def main() -> None:
    """Works until it is told to stop by SIGTERM."""
    orders = Orders(**json.loads(os.environ.pop(VARIABLE)))

    def handle(_work: Work) -> dict[str, int]:
        milliseconds = random.randint(*orders.work_ms)  # noqa: S311 - no secret
        time.sleep(milliseconds / 1000)
        return {"worked_ms": milliseconds}

    settings = ConnectionSettings(min_size=1, max_size=2, application_name=orders.name)
    with Docket(orders.conninfo, settings=settings) as docket:
        agent = Agent(
            docket,
            project_id=orders.project_id,
            name=orders.name,
            handler=handle,
            lease_seconds=orders.lease_seconds,
            idle_seconds=(0.02, 0.2),
            on_event=report,
        )
        threading.Thread(target=stop_with_parent, args=(agent,), daemon=True).start()
        done = agent.run()
    sys.stdout.write(json.dumps({"event": "stopped"} | asdict(done)) + "\n")


if __name__ == "__main__":
    main()

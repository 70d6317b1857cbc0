"""An agent for tests, as a program: it tells each event on a line of standard output."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict

from pgdocket.client import Agent, ConnectionSettings, Docket, Task, Work


def write(event: dict[str, object]) -> None:
    """Writes an event on a line, at once."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def tell(event: str, task: Task) -> None:
    """Writes what happens to a task."""
    write({"event": event, "task_key": task.task_key, "attempt_id": str(task.attempt_id)})


def watch(work: Work) -> None:
    """Tells when the agent has noticed that it is to stop."""
    while not work.should_stop:
        time.sleep(0.005)
    tell("stopping", work.task)


def main() -> None:
    """Works until SIGTERM or SIGINT, and then says what it did."""
    orders = json.loads(os.environ["AGENT_ORDERS"])

    def handle(work: Work) -> dict[str, str]:
        tell("begun", work.task)
        if orders["waits"]:
            threading.Thread(target=watch, args=(work,), daemon=True).start()
            sys.stdin.readline()
        return {"by": orders["name"]}

    settings = ConnectionSettings(
        min_size=1, max_size=3, application_name=orders["name"], **orders["settings"]
    )
    with Docket(orders["conninfo"], settings=settings) as docket:
        report = Agent(
            docket,
            project_id=orders["project_id"],
            name=orders["name"],
            handler=handle,
            lease_seconds=orders["lease_seconds"],
            drain_seconds=orders["drain_seconds"],
            idle_seconds=(0.01, 0.1),
            on_event=tell,
        ).run(handle_signals=orders["handle_signals"])
    write({"event": "stopped"} | asdict(report))


if __name__ == "__main__":
    main()

"""The agents of the demo: started, watched, one of them killed, the others stopped in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from pgdocket.client import Docket
from pgdocket.demo.worker import VARIABLE, Orders
from pgdocket.errors import Error
from pgdocket.statements import statements

_POLL_SECONDS = 0.05
# How long a stopped agent is looked at: what it had sent before is over by then.
_SETTLE_SECONDS = 0.15
_STOP_SECONDS = 20.0


@dataclass(slots=True)
class Member:
    """One agent: its process, what it holds, how often it did what."""

    name: str
    process: subprocess.Popen[str]
    task_key: str | None = None
    counts: Counter[str] = field(default_factory=Counter)
    is_killed: bool = False

    @property
    def state(self) -> str:
        """What it is doing, in a few words."""
        if self.is_killed:
            return "killed with SIGKILL"
        if self.process.poll() is not None:
            return "stopped"
        return f"working on {self.task_key}" if self.task_key else "waiting"


@dataclass(frozen=True, slots=True)
class Killed:
    """The agent that was killed, and the attempt that it held then."""

    agent: str
    attempt_id: UUID
    task_key: str
    title: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How things stand: tasks by status, how many of them these agents did, and each agent."""

    counts: dict[str, int]
    done: int
    members: tuple[Member, ...]
    killed: Killed | None


class Crew:
    """Agents in processes of their own, working through one project."""

    def __init__(
        self,
        docket: Docket,
        session: psycopg.Connection[Any],
        *,
        conninfo: str,
        project_id: UUID,
        agents: int,
        lease_seconds: int,
        work_ms: tuple[int, int],
    ) -> None:
        self._docket = docket
        self._session = session
        self._project_id = project_id
        self._killed: Killed | None = None
        self._members: tuple[Member, ...] = ()
        self._done_before = 0
        self._done_before = self.progress().done
        self._members = tuple(
            _start(Orders(conninfo, str(project_id), f"agent-{number}", lease_seconds, work_ms))
            for number in range(1, agents + 1)
        )

    def work(self, doable: int, show: Callable[[Progress], None]) -> Killed | None:
        """Returns when nothing can be claimed and nothing is held; kills an agent half-way.

        `doable` is how many tasks there are to do. `show` is called with every look at how
        things stand. Raises Error when agents end that nobody killed.
        """
        while True:
            now = self.progress()
            show(now)
            self._check()
            if self._killed is None and len(self._members) > 1 and now.done >= doable // 2:
                self._killed = self._kill_one()
                show(self.progress())
            claimable = self._ask("claimable")[0]
            if not claimable["ready"] and not claimable["held"]:
                break
            time.sleep(_POLL_SECONDS)
        show(self.progress())
        return self._killed

    def progress(self) -> Progress:
        """How things stand now."""
        rows = self._docket.queue_overview(project_id=self._project_id)
        counts = {row.status: row.tasks for row in rows}
        done = counts.get("completed", 0) - self._done_before
        return Progress(counts, done, self._members, self._killed)

    def close(self) -> None:
        """Asks every agent to stop and waits until it has; ends the deaf ones."""
        for member in self._members:
            member.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for member in self._members:
            try:
                member.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()

    def _check(self) -> None:
        for member in self._members:
            status = member.process.poll()
            if status is not None and not member.is_killed:
                raise Error(
                    f"{member.name} ended with exit status {status}",
                    hint="its own message is above",
                )

    def _kill_one(self) -> Killed | None:
        """Kills an agent that holds a task; None when none does just now.

        It is stopped before it is looked at, so that it can't finish in between.
        """
        for member in reversed(self._members):
            if member.task_key is None:
                continue
            member.process.send_signal(signal.SIGSTOP)
            time.sleep(_SETTLE_SECONDS)
            held = self._ask("held_by", agent=member.name)
            if not held:
                member.process.send_signal(signal.SIGCONT)
                continue
            member.is_killed = True
            member.process.kill()
            member.process.wait()
            row = held[0]
            return Killed(member.name, row["attempt_id"], row["task_key"], row["title"])
        return None

    def _ask(self, name: str, **values: object) -> list[dict[str, Any]]:
        return ask(self._session, "demo.sql", name, project_id=self._project_id, **values)


def ask(
    session: psycopg.Connection[Any], file: str, name: str, **values: object
) -> list[dict[str, Any]]:
    """The rows of a named statement."""
    with session.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statements(file)[name].text, values).fetchall()


@contextmanager
def crew(*arguments: Any, **options: Any) -> Iterator[Crew]:
    """A crew that is stopped afterwards, whatever happens."""
    members = Crew(*arguments, **options)
    try:
        yield members
    finally:
        members.close()


def _start(orders: Orders) -> Member:
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket.demo.worker"],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,  # it ends with this process, and the agent with it
        text=True,
        # Ctrl+C is for the demo itself, which then stops its agents.
        start_new_session=True,
        env=os.environ | {VARIABLE: json.dumps(asdict(orders))},
    )
    member = Member(orders.name, process)
    threading.Thread(target=_listen, args=(member,), daemon=True).start()
    return member


def _listen(member: Member) -> None:
    assert member.process.stdout is not None  # noqa: S101 - it was asked for
    for line in member.process.stdout:
        if not line.endswith("\n"):
            return  # it was killed in the middle of a line
        event = json.loads(line)
        member.counts[event["event"]] += 1
        member.task_key = event["task_key"] if event["event"] == "claimed" else None

"""Clients under test: what their sessions wait for, and agents in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from pgdocket.cli import cli
from support.databases import Database
from support.sessions import PATIENCE_SECONDS, POLL_SECONDS, Connection

T = TypeVar("T")
Run = Callable[..., Result]
RunJson = Callable[..., Any]
AGENT = Path(__file__).with_name("agent.py")
NAMING = ("PG", "DB_", "DATABASE_")


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """The first answer that is true; fails the test when there is none in time."""
    deadline = monotonic() + seconds
    while not (found := look()):
        if monotonic() > deadline:
            pytest.fail(f"after {seconds} s still not: {what}")
        sleep(POLL_SECONDS)
    return found


def process_state(pid: int) -> str:
    """What the kernel says of a process: R, S, T (stopped), Z (ended, not waited for)..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def wait_for_lock_of(observer: Connection, query: str, other_than: int | None = None) -> int:
    """The process id of the session that waits for a lock in a statement like `query`."""

    def look() -> int | None:
        row = observer.execute(
            "select a.pid from pg_stat_activity as a"
            " where a.datname = current_database() and a.wait_event_type = 'Lock'"
            " and a.query like %s and a.pid is distinct from %s",
            (query, other_than),
        ).fetchone()
        return None if row is None else int(row[0])

    return eventually(look, f"a session waits for a lock in {query}")


@dataclass(frozen=True, slots=True)
class AgentProcess:
    """An agent in a process of its own (support/agent.py), which tells each event on a line."""

    name: str
    process: subprocess.Popen[str]

    def next_event(self) -> dict[str, Any]:
        """The next event; {} when the process has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return dict(json.loads(line)) if line.endswith("\n") else {}

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next event of that name; fails the test when the process ends before."""
        while found := self.next_event():
            if found["event"] == event:
                return found
        pytest.fail(f"{self.name} ended without {event}")

    def events(self) -> list[dict[str, Any]]:
        """All events until the process ends."""
        return list(iter(self.next_event, {}))

    def let_go(self) -> None:
        """Lets the handler finish the task at which it waits."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """Kills it, as kill -9 does; harmless when it has ended."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


def start_agent(
    conninfo: str,
    project_id: UUID,
    name: str,
    *,
    lease_seconds: int = 60,
    waits: bool = False,
    drain_seconds: float | None = None,
    handle_signals: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> AgentProcess:
    """Starts an agent; with `waits`, its handler waits for let_go() at each task."""
    orders = {
        "conninfo": conninfo,
        "project_id": str(project_id),
        "name": name,
        "lease_seconds": lease_seconds,
        "waits": waits,
        "drain_seconds": drain_seconds,
        "handle_signals": handle_signals,
        "settings": dict(settings or {}),
    }
    process = subprocess.Popen(
        [sys.executable, str(AGENT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"AGENT_ORDERS": json.dumps(orders)},
    )
    return AgentProcess(name, process)


def end_sessions(session: Connection) -> None:
    """Ends all other sessions of the database."""
    session.execute(
        "select pg_terminate_backend(a.pid) from pg_stat_activity as a"
        " where a.datname = current_database() and a.pid <> pg_backend_pid()"
    )


@contextmanager
def frozen_sessions(session: Connection) -> Iterator[None]:
    """Stops the other sessions of the database: they take what they are sent, and say nothing."""
    rows = session.execute(
        "select a.pid from pg_stat_activity as a"
        " where a.datname = current_database() and a.pid <> pg_backend_pid()"
    ).fetchall()
    assert rows
    try:
        for (pid,) in rows:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for (pid,) in rows:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def run_at(database: Database) -> Run:
    """Runs commands on that database."""
    inherited: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith(NAMING)
    }
    named = {key: value for key, value in database.environment.items() if key.startswith(NAMING)}

    def call(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - as Click's
        return CliRunner().invoke(cli, arguments, env=inherited | named, input=input)

    return call

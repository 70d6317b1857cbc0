"""Who holds up a script, and another attempt where a lock did not come in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.queries import named_queries

if TYPE_CHECKING:
    from psycopg import Connection

    from pgdocket.sqitch.engine import Engine
    from pgdocket.sqitch.reporter import Reporter

LOCK_NOT_AVAILABLE = "55P03"
_FIRST_LOOK = 2.0
_LONGEST_PERIOD = 30.0
_TELL_AFTER = 2.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_QUERY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that a script waits for. `seconds` is how long it has been in its `state`."""

    pid: int
    application: str
    user: str
    state: str
    seconds: float
    query: str

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction"
        query = " ".join(self.query.split())
        if len(query) > _QUERY_LENGTH:
            query = query[: _QUERY_LENGTH - 3] + "..."
        name = self.application or "unnamed"
        return (
            f"pid {self.pid} ({name}, user {self.user}, "
            f"{self.state} for {self.seconds:.0f} s): {query}"
        )


def find_blockers(connection: Connection[Any], pid: int) -> tuple[Blocker, ...]:
    """The sessions that keep the one with that pid waiting."""
    queries = named_queries("blocking.sql", "")
    connection.execute(queries["forget_activity"])
    return tuple(Blocker(*row) for row in connection.execute(queries["blockers"], {"pid": pid}))


def find_statement(connection: Connection[Any], pid: int) -> tuple[datetime | None, float]:
    """When the last statement of the session with that pid began, and how many seconds ago."""
    queries = named_queries("blocking.sql", "")
    connection.execute(queries["forget_activity"])
    row = connection.execute(queries["statement"], {"pid": pid}).fetchone()
    return (row[0], row[1]) if row and row[0] is not None else (None, 0.0)


def find_holder(connection: Connection[Any]) -> Blocker | None:
    """The session of the deployment that is at work in this database, if there is one."""
    row = connection.execute(named_queries("blocking.sql", "")["holder"]).fetchone()
    return Blocker(*row) if row else None


class LockWatch:
    """Looks, while statements run, whether one waits for somebody; tells after a while.

    `blockers` are those of the present message, `last_story` tells of those before. Where
    `timeout` (seconds) is short it looks twice in that time, else less and less often.
    `is_endless` says that the script waits for its own deployment, which would never end.
    """

    def __init__(
        self, control: Connection[Any], pid: int, reporter: Reporter, timeout: float | None
    ) -> None:
        self.blockers: tuple[Blocker, ...] = ()
        self.is_endless = False
        self.last_story = ""
        self._control = control
        self._pid = pid
        self._reporter = reporter
        self._period = timeout / 2 if timeout and timeout / 2 < _FIRST_LOOK else None
        self._told: frozenset[int] = frozenset()
        self._next = 0.0
        self._seen: datetime | None = None

    @property
    def interval(self) -> float:
        """How many seconds may pass without a chance to look."""
        return min(0.1, (self._period or 1) / 2)

    def begin(self) -> None:
        """A new message is on its way."""
        self._next = self._period or _FIRST_LOOK
        if self.blockers:
            self.last_story = self.story()
            self.blockers = ()

    def look(self, waited: float) -> bool:
        """Looks when it is time to; true when the statement had better be cancelled."""
        if waited < self._next or self._control.closed:
            return False
        self._next = waited + (self._period or min(waited, _LONGEST_PERIOD))
        found = find_blockers(self._control, self._pid)
        if not found:
            return False
        self.blockers = found
        self._seen, seconds = find_statement(self._control, self._pid)
        waited = min(waited, seconds)
        pids = frozenset(blocker.pid for blocker in found)
        self.is_endless = self._control.info.backend_pid in pids
        if waited >= _TELL_AFTER and not self.is_endless and pids != self._told:
            self._told = pids
            self._reporter.warn(f"Waiting {waited:.0f} s already, {self.story()}")
        return self.is_endless

    def story_of_failure(self) -> str:
        """As `story`, where it was the failed statement that was seen waiting, not one before."""
        if not self.blockers or self._control.closed:
            return self.story()
        try:
            began, _ = find_statement(self._control, self._pid)
        except psycopg.Error:  # the failure that led here is the one to tell
            return ""
        return self.story() if began == self._seen else ""

    def story(self) -> str:
        """Who blocks, in words; empty when nobody was seen."""
        if self.is_endless:
            return "blocked by the lock on the registry, which this deployment holds itself"
        return "blocked by " + "; ".join(map(str, self.blockers)) if self.blockers else ""


def patiently(engine: Engine, name: str, attempt: Callable[[], None]) -> None:
    """Tries the transaction of a change until it gets its locks, as often as the job allows.

    `attempt` must leave nothing behind when it fails. Pauses grow from half a second to half a
    minute. Raises what the last attempt raised.
    """
    job = engine.job
    pause = _FIRST_PAUSE
    for left in reversed(range(job.lock_retries + 1)):
        try:
            attempt()
        except (SqitchError, psycopg.errors.LockNotAvailable) as problem:
            if problem.sqlstate != LOCK_NOT_AVAILABLE or not job.lock_retries:
                raise
            if not left:
                if isinstance(problem, ScriptError):
                    problem.add(hint=f"tried {job.lock_retries + 1} times")
                raise
            who = engine.work.blocked_before() or "nobody was seen holding it"
            job.reporter.warn(
                f'Change "{name}" got no lock: {who}; trying again in {pause:g} s ({left} left)'
            )
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            return


def explain_no_retry(engine: Engine, problem: BaseException) -> None:
    """Adds to a script's lock timeout why there was one attempt, where more were asked for."""
    if not isinstance(problem, ScriptError) or problem.sqlstate != LOCK_NOT_AVAILABLE:
        return
    if engine.job.lock_retries:
        problem.add(hint="not tried again: what stands before it is done, and would be done twice")

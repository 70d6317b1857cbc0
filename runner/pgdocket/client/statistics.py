"""What a client counts, and what it says of its health."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal

Mode = Literal["pool", "single", "pgbouncer"]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a docket answers. `pool` has the counters of psycopg_pool, times are milliseconds.

    `mode` is pool, single (a connection for each call) or pgbouncer; `schema_version` is the last
    change that is deployed, None where that may not be known; `error` says why it is down.
    """

    status: Literal["up", "down"]
    mode: Mode
    response_ms: float | None
    pool: dict[str, int]
    server_version: int
    schema_version: str | None
    error: str | None

    @property
    def is_up(self) -> bool:
        """Whether it answered."""
        return self.status == "up"


@dataclass(frozen=True, slots=True)
class Stats:
    """What a client has sent: how many statements, how long they took in milliseconds.

    `failed` are those that raised something, `repeated` the tries that were followed by another.
    `pool` has the counters of psycopg_pool.
    """

    statements: int
    failed: int
    repeated: int
    total_ms: float
    longest_ms: float
    pool: dict[str, int]

    @property
    def mean_ms(self) -> float:
        """How long a statement took on average."""
        return self.total_ms / self.statements if self.statements else 0.0


class Counters:
    """Counts statements; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._statements = self._failed = self._repeated = 0
        self._total = self._longest = 0.0

    def took(self, milliseconds: float) -> None:
        """A statement was answered."""
        with self._lock:
            self._statements += 1
            self._total += milliseconds
            self._longest = max(self._longest, milliseconds)

    def failed(self) -> None:
        """A statement raised something."""
        with self._lock:
            self._failed += 1

    def repeated(self) -> None:
        """A statement is sent again."""
        with self._lock:
            self._repeated += 1

    def stats(self, pool: dict[str, int]) -> Stats:
        """What was counted up to now."""
        with self._lock:
            return Stats(
                self._statements, self._failed, self._repeated, self._total, self._longest, pool
            )

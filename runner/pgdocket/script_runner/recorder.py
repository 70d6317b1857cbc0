"""Writes the log of a deployment beside its run, and says that it is alive."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from pgdocket.errors import ConnectionFailed, Error, IllegalTransition, NotFound
from pgdocket.script_runner.kept import lines_of, readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgdocket.client import Docket

LEASE_SECONDS = 60
_BEAT = LEASE_SECONDS / 4
_PAUSE = 0.5
_MOST_LINES = 500
_MOST_BYTES = 4 << 20


class Recorder:
    """A thread that sends what was printed, and heartbeats where nothing is.

    What comes faster than the database takes it is left out, and counted; so is everything while
    the database is away, which does not keep the script from going on. `was_ended` is set when
    somebody else has ended the deployment: then nobody wants it to go on.
    """

    def __init__(self, docket: Docket, execution_id: UUID, say: Callable[[str], None]) -> None:
        self.was_ended = threading.Event()
        self._docket, self._execution_id, self._say = docket, execution_id, say
        self._lines: deque[dict[str, Any]] = deque()
        self._bytes = self._left_out = 0
        self._has_room, self._is_away = True, False
        self._lock, self._done = threading.Lock(), threading.Event()
        self._alive_at = monotonic()
        self._thread = threading.Thread(target=self._work, name="pgdocket-recorder", daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Sends what is left, as far as that goes in a moment."""
        self._done.set()
        self._thread.join(LEASE_SECONDS / 2)

    def take(self, stream: str, data: bytes) -> None:
        """Takes lines in; never waits."""
        for line in lines_of(data) if self._has_room else ():
            self._line(stream, line)

    def _line(self, stream: str, data: bytes) -> None:
        entry = {
            "message": readable(data),
            "level": "info" if stream == "stdout" else "warning",
            "data": {"stream": stream},
            "logged_at": datetime.now(UTC).isoformat(),
        }
        with self._lock:
            if self._bytes + len(data) > _MOST_BYTES:
                self._left_out += 1
                return
            if self._left_out:
                self._lines.append({"message": f"[... {self._left_out} lines ...]"})
                self._left_out = 0
            self._lines.append(entry)
            self._bytes += len(data)

    def _work(self) -> None:
        while not self._done.wait(0 if self._can_send() else _PAUSE):
            self._try(self._send)
            if monotonic() - self._alive_at > _BEAT:
                self._try(self._beat)
        until = monotonic() + LEASE_SECONDS / 4
        while self._can_send() and monotonic() < until:
            self._try(self._send)

    def _can_send(self) -> bool:
        return bool(self._lines) and not self._is_away and not self.was_ended.is_set()

    def _try(self, act: Callable[[], None]) -> None:
        if self.was_ended.is_set():
            return
        try:
            act()
        except (IllegalTransition, NotFound):
            self.was_ended.set()
        except ConnectionFailed:
            if not self._is_away:
                self._say("the database is away; the script goes on")
            self._is_away = True
        except Error as error:
            # Nothing that a line can say is worth the deployment.
            self._say(f"a part of the output is not in the log: {error.message}")
        else:
            if self._is_away:
                self._say("the database is back")
            self._is_away = False

    def _beat(self) -> None:
        self._docket.heartbeat_execution(execution_id=self._execution_id)
        self._alive_at = monotonic()

    def _send(self) -> None:
        if self._is_away:
            self._beat()
        with self._lock:
            batch = [self._lines.popleft() for _ in range(min(len(self._lines), _MOST_LINES))]
            self._bytes -= sum(len(entry["message"]) for entry in batch if "data" in entry)
            self._bytes = max(self._bytes, 0) if self._lines else 0
        if not batch:
            return
        kept = self._docket.execution_log(
            execution_id=self._execution_id, entries=batch, request_id=uuid4()
        )
        self._alive_at = monotonic()
        if kept < len(batch):
            self._has_room = False
            with self._lock:
                self._lines.clear()
                self._bytes = 0

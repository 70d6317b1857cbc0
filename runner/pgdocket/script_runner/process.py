"""One process in a group of its own: its output as it comes, and its end in any case."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import IO

from pgdocket.errors import InvalidArgument

GRACE = 5.0
_POLL = 0.1
_CHUNK = 64 * 1024
_LINGER = 1.0

Sink = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code (negative: the signal), and what made it end."""

    exit_code: int
    seconds: float
    timed_out: bool = False
    stopped: bool = False


class Process:
    """Runs a command in a process group of its own, until it ends or has to.

    `sink` takes what comes of "stdout" and "stderr", and b"" of "stdout" when nothing has come for
    a moment. `should_stop` is asked ten times a second. After `timeout` seconds, or when it is to
    stop, the group gets SIGTERM, and SIGKILL some seconds later. What the command leaves running in
    its group when it ends is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        sink: Sink,
        *,
        timeout: float,
        should_stop: Callable[[], bool],
        grace: float = GRACE,
    ) -> None:
        self._command, self._environment, self._sink = command, environment, sink
        self._timeout, self._should_stop, self._grace = timeout, should_stop, grace
        self._term_at = self._kill_at = float("inf")

    def run(self) -> Ended:
        """Runs it to its end. Raises InvalidArgument where it can't be started."""
        began = monotonic()
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self._environment),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise InvalidArgument(f"{self._command[0]} can not be started: {error}") from None
        try:
            timed_out, stopped = self._attend(process, began + self._timeout)
        finally:
            self._clean_up(process)
        return Ended(process.returncode, monotonic() - began, timed_out, stopped)

    def _attend(self, process: subprocess.Popen[bytes], deadline: float) -> tuple[bool, bool]:
        timed_out = stopped = False
        with _Pipes(process, self._sink) as pipes:
            while not _has_ended(process):
                pipes.read(_POLL)
                now = monotonic()
                if self._term_at == float("inf"):
                    stopped = self._should_stop()
                    timed_out = not stopped and now >= deadline
                    if stopped or timed_out:
                        self._term_at, self._kill_at = now, now + self._grace
                        _signal(process, signal.SIGTERM)
                elif now >= self._kill_at:
                    _signal(process, signal.SIGKILL)
            # It has not been waited for: no other group can have its number yet.
            _signal(process, signal.SIGKILL)
            until = monotonic() + _LINGER
            while pipes.are_open and monotonic() < until:
                pipes.read(_POLL)
        return timed_out, stopped

    def _clean_up(self, process: subprocess.Popen[bytes]) -> None:
        if process.returncode is None:
            _signal(process, signal.SIGKILL)
            process.wait()


class _Pipes:
    """The outputs of a process, read as they come."""

    def __init__(self, process: subprocess.Popen[bytes], sink: Sink) -> None:
        self._sink = sink
        self._selector = selectors.DefaultSelector()
        self._streams: list[IO[bytes]] = []
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            if stream is None:
                continue
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, name)
            self._streams.append(stream)

    def __enter__(self) -> _Pipes:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for stream in self._streams:
            stream.close()

    @property
    def are_open(self) -> bool:
        """Whether more may come."""
        return bool(self._selector.get_map())

    def read(self, seconds: float) -> None:
        """Waits so long for output, and passes on what there is."""
        found = self._selector.select(seconds)
        for key, _ in found:
            with contextlib.suppress(BlockingIOError):
                data = os.read(key.fd, _CHUNK)
                if not data:
                    self._selector.unregister(key.fileobj)
                else:
                    self._sink(key.data, data)
        if not found:
            self._sink("stdout", b"")


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has, without taking its number from it."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:
        return True


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)

"""Any program as an agent's handler: it is told of the task, and its exit code is the verdict."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import string
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import IO, Any

from pgdocket.client.agent import Failed, Released, Work
from pgdocket.errors import InvalidArgument

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
_KEPT_BYTES = 64 * 1024
_POLL = 0.1
_GRACE = 5.0
_FIELDS = ("task_id", "task_key", "attempt_id", "project_id", "title")


@dataclass(frozen=True, slots=True)
class Program:
    """A handler that runs a program for each task.

    `command` is split as a shell splits words, and no shell reads it; `{task_id}`, `{task_key}`,
    `{attempt_id}`, `{project_id}` and `{title}` in it are filled in, word by word. The task is on
    standard input, as JSON, and in the environment as PGDOCKET_TASK_ID and so on. Exit code 0
    completes the task; 75 fails it with the class infrastructure, and any other with
    `failure_class`. The last 64 KiB of each output are kept. After `timeout_seconds`, or when the
    lease is lost, the program is terminated with all that it has started. Raises InvalidArgument
    for a command that can't be read.
    """

    command: str
    timeout_seconds: float | None = None
    failure_class: str = "bug"
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        words = self._words()
        if not words:
            raise InvalidArgument("the command is empty", hint="name a program")
        for word in words:
            for _, name, _, _ in _parsed(word):
                if name is not None and name not in _FIELDS:
                    raise InvalidArgument(
                        f"the command has an unknown field {{{name}}}",
                        hint=f"known are {', '.join(_FIELDS)}; write {{{{ for a brace",
                    )

    def __call__(self, work: Work) -> dict[str, Any]:
        """Runs the program for a task; returns what to keep of it."""
        facts = {name: str(getattr(work.task, name)) for name in _FIELDS}
        began = monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self._start(work, facts, out, err)
            self._running.add(process)
            try:
                ended = self._wait(process, work, began)
            finally:
                _end(process)
                self._running.discard(process)
            kept = {
                "exit_code": process.returncode,
                "seconds": round(monotonic() - began, 3),
                "output": _tail(out),
                "error_output": _tail(err),
            }
        if ended:
            return self._judge(kept)
        if work.is_lost or work.should_stop:
            raise Released("the agent stopped the program")
        raise Failed(
            f"the program took more than {self.timeout_seconds:g} seconds",
            failure_class=self.failure_class,
            details=kept,
        )

    def close(self) -> None:
        """Ends what still runs: an agent that is told twice to stop waits for no handler."""
        for process in list(self._running):
            _end(process)

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.command)
        except ValueError as error:
            raise InvalidArgument(
                f"the command can't be read: {error}", hint="close its quotes"
            ) from None

    def _start(
        self, work: Work, facts: Mapping[str, str], out: IO[bytes], err: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        words = [word.format(**facts) for word in self._words()]
        told = {f"PGDOCKET_{name.upper()}": value for name, value in facts.items()}
        with tempfile.TemporaryFile() as task:
            task.write(_as_json(work))
            task.seek(0)
            try:
                return subprocess.Popen(
                    words,
                    stdin=task,
                    stdout=out,
                    stderr=err,
                    env=os.environ | told,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise Failed(
                    f"the program could not be started: {error}", failure_class="infrastructure"
                ) from None

    def _wait(self, process: subprocess.Popen[bytes], work: Work, began: float) -> bool:
        """Whether the program has come to its own end."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL)
                return True
            late = self.timeout_seconds is not None and monotonic() - began > self.timeout_seconds
            if late or work.is_lost:
                return False

    def _judge(self, kept: dict[str, Any]) -> dict[str, Any]:
        code = kept["exit_code"]
        if code == 0:
            return kept
        last = (kept["error_output"] or kept["output"]).strip().rpartition("\n")[2]
        how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise Failed(
            f"the program {how}" + (f": {last}" if last else ""),
            failure_class="infrastructure" if code < 0 or code == TRY_AGAIN else self.failure_class,
            details=kept,
        )


def _parsed(word: str) -> Sequence[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(string.Formatter().parse(word))
    except ValueError as error:
        raise InvalidArgument(
            f"the command can't be read at {word}: {error}", hint="write {{ for a brace"
        ) from None


def _as_json(work: Work) -> bytes:
    from pgdocket import output

    return output.to_json(work.task, indent=None).encode()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and whatever it has started and left behind."""
    for number, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def _tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _KEPT_BYTES))
    text = stream.read().decode("utf-8", "replace").replace("\0", "\ufffd")
    return f"... ({size - _KEPT_BYTES} bytes before)\n{text}" if size > _KEPT_BYTES else text

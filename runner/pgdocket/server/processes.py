"""Which processes work in a data directory: a number in a file proves nothing, /proc does."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

_PROC = Path("/proc")


def working_in(data: Path) -> list[int]:
    """The server processes of a data directory: each has it as its working directory.

    Empty where the system has no /proc.
    """
    wanted = os.path.realpath(data)
    found = []
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((entry / "cwd").readlink()) == wanted and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def postmaster(data: Path) -> int | None:
    """The postmaster of a data directory, if it is alive and really works there.

    None where the system has no /proc to prove it.
    """
    pid = _first_number(data / "postmaster.pid")
    return pid if pid is not None and pid in working_in(data) else None


def names_a_stranger(pid_file: Path, data: Path) -> bool:
    """Whether a left-over file names a process that no longer serves the data.

    The number was given to another process, or its postmaster is a zombie that nobody reaps (as
    in a container without an init). PostgreSQL refuses to start as long as it exists.
    """
    pid = _first_number(pid_file)
    if pid is None or not (_PROC / str(pid)).is_dir():
        return False
    return not working_in(data)


def end(pids: Sequence[int], *, patience: float) -> None:
    """Waits `patience` seconds for processes to end by themselves, then makes them."""
    for number in (None, signal.SIGQUIT, signal.SIGKILL):
        remaining = [pid for pid in pids if is_alive(pid)]
        if number is not None:
            for pid in remaining:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        if wait_until_gone(remaining, patience):
            return


def wait_until_gone(pids: Iterable[int], timeout: float) -> bool:
    """Waits for processes to end, `timeout` seconds at most; whether they did."""
    remaining = list(pids)
    deadline = time.monotonic() + timeout
    while remaining := [pid for pid in remaining if is_alive(pid)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return not _PROC.is_dir()
    return status.rpartition(")")[2].split()[0] != "Z"


def _first_number(path: Path) -> int | None:
    try:
        with path.open() as lines:
            number = int(lines.readline())
    except (OSError, ValueError):
        return None
    # postmaster.pid holds a negative number while the server runs in single-user mode.
    return abs(number)

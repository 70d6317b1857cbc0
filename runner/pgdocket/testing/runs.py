"""One folder per pytest run, held by a file lock, so that what a killed run left is found."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pgdocket.server import LocalServer, find_binaries, processes

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - each run makes a folder of its own in it
ROOM_NEEDED = 3 * 1024**3


@dataclass(slots=True)
class Run:
    """The folder of this pytest run and the lock that shows that the run is alive."""

    folder: Path
    lock: IO[str]

    def close(self) -> None:
        """Removes the folder and gives the lock up."""
        discard(self.folder)
        with contextlib.suppress(FileNotFoundError):
            lock_of(self.folder).unlink()
        self.lock.close()


def base_folder() -> Path:
    """Where test servers keep their data: memory where it has the room, else on disk."""
    writable = SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK)
    if writable and shutil.disk_usage(SHARED_MEMORY).free >= ROOM_NEEDED:
        return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def open_run() -> Run:
    """Removes what dead runs left and opens a folder for this one."""
    base = base_folder()
    for leftover in leftovers(base):
        discard(leftover)
        lock_of(leftover).unlink(missing_ok=True)
    folder = base / f"{prefix()}{uuid.uuid4().hex[:8]}"
    lock = lock_of(folder).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder.mkdir(mode=0o755)
    return Run(folder, lock)


def leftovers(base: Path) -> Iterator[Path]:
    """The folders of runs that nobody holds any more."""
    for path in sorted(base.glob(f"{prefix()}*.lock")):
        with path.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield path.with_suffix("")


def prefix() -> str:
    """The beginning of the names of one user's runs."""
    return f"pgdocket-tests-{os.getuid()}-"


def lock_of(folder: Path) -> Path:
    """The lock file that belongs to a run's folder."""
    return folder.with_suffix(".lock")


def discard(folder: Path) -> None:
    """Stops every server that lives in a run's folder and removes the folder."""
    for home in sorted(path.parent for path in folder.glob("*/data")):
        # Any version's programs will do: they ask and signal what is there.
        LocalServer(home, find_binaries()).stop("immediate")
        processes.end(processes.working_in(home / "data"), patience=5)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def once(folder: Path, name: str) -> Iterator[Path | None]:
    """Lets one process of a run do a thing: yields the path to mark it done, or None.

    The others wait until it is done. A step that raises leaves no mark, so that the next
    process meets the same error itself.
    """
    mark = folder / f"{name}.done"
    with (folder / f"{name}.busy").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists():
            yield None
            return
        yield mark
        mark.touch()

"""A Redis of the tests' own: on a socket in a folder, kept nowhere."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.clients import eventually

PASSWORD = "hunter2"  # noqa: S105


@dataclass(slots=True)
class RedisServer:
    """A server that can be stopped and started again, empty."""

    folder: Path
    program: str
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """The way to it."""
        return f"unix://:{PASSWORD}@{self.folder}/socket"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.process = subprocess.Popen(
            [self.program, "--port", "0", "--unixsocket", self.folder / "socket", "--save", "",
             "--appendonly", "no", "--dir", self.folder, "--requirepass", PASSWORD],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        eventually(self._answers, "the Redis answers")

    def stop(self) -> None:
        """Kills it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.folder / "socket"))
            return True
        return False


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Starts one. Skips, visibly, where there is none to be had."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    # Short: the path of a socket has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="rd-", dir="/tmp") as name:
        server = RedisServer(Path(name), program)
        try:
            server.start()
            yield server
        finally:
            server.stop()

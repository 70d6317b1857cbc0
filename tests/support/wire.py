"""A server that only listens: enough of the protocol to record what psql sends."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

_COPY_IN = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*copy\s+\w+\s*(?:\([\w, ]*\))?\s+from\s+stdin\b",
    re.IGNORECASE | re.DOTALL,
)
_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104
_PARAMETERS = {
    "server_version": "15.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "is_superuser": "on",
    "session_authorization": "recorder",
    "DateStyle": "ISO, MDY",
    "integer_datetimes": "on",
}


class Recorder:
    """Takes every query as done. `queries` are the texts, `copied` the data sent with COPY."""

    def __init__(self, folder: Path, *, standard_strings: bool = True) -> None:
        self.folder = folder
        self.queries: list[bytes] = []
        self.copied: list[bytes] = []
        self._parameters = _PARAMETERS | {
            "standard_conforming_strings": "on" if standard_strings else "off"
        }
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, connection.makefile("rwb") as stream:
                    self._serve(stream)  # type: ignore[arg-type]

    def _serve(self, stream: socket.SocketIO) -> None:
        while True:
            (length,) = struct.unpack("!i", stream.read(4) or b"\0\0\0\4")
            body = stream.read(length - 4) or b""
            if not body:
                return
            (code,) = struct.unpack("!i", body[:4])
            if code not in (_SSL, _GSS):
                break
            stream.write(b"N")
            stream.flush()
        _send(stream, b"R", struct.pack("!i", 0))
        for name, value in self._parameters.items():
            _send(stream, b"S", f"{name}\0{value}\0".encode())
        _ready(stream)
        while kind := stream.read(1):
            (length,) = struct.unpack("!i", stream.read(4) or b"")
            self._answer(stream, kind, stream.read(length - 4) or b"")
            if kind == b"X":
                return

    def _answer(self, stream: socket.SocketIO, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            query = body[:-1]
            self.queries.append(query)
            if _COPY_IN.match(query.decode("utf-8", "replace")):
                self.copied.append(b"")
                _send(stream, b"G", b"\0\0\0")
                stream.flush()
                return
            _done(stream)
        elif kind == b"d":
            self.copied[-1] += body
        elif kind in b"cf":
            _done(stream)


def _send(stream: socket.SocketIO, kind: bytes, body: bytes) -> None:
    stream.write(kind + struct.pack("!i", len(body) + 4) + body)


def _ready(stream: socket.SocketIO) -> None:
    _send(stream, b"Z", b"I")
    stream.flush()


def _done(stream: socket.SocketIO) -> None:
    _send(stream, b"C", b"OK\0")
    _ready(stream)


@contextlib.contextmanager
def recorder(*, standard_strings: bool = True) -> Iterator[Recorder]:
    """A recorder with a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="wire-", dir="/tmp") as folder:
        listening = Recorder(Path(folder), standard_strings=standard_strings)
        try:
            yield listening
        finally:
            listening.close()


def statements_of_psql(
    psql: Path,
    scripts: Sequence[bytes],
    variables: dict[str, str] | None = None,
    *,
    standard_strings: bool = True,
) -> list[tuple[list[bytes], list[bytes]]]:
    """What psql sends for each of the scripts: the queries, and the data of COPY FROM STDIN."""
    marker = b"select 'end of script';"
    with (
        recorder(standard_strings=standard_strings) as listening,
        tempfile.TemporaryDirectory(prefix="scripts-") as name,
    ):
        folder = Path(name)
        (folder / "marker.sql").write_bytes(marker)
        arguments = ["-h", str(listening.folder), "-U", "recorder", "-d", "recorder", "-Xq"]
        for key, value in (variables or {}).items():
            arguments += ["--set", f"{key}={value}"]
        for number, script in enumerate(scripts):
            path = folder / f"{number}.sql"
            path.write_bytes(script)
            arguments += ["-f", str(path), "-f", str(folder / "marker.sql")]
        subprocess.run([str(psql), *arguments], check=True, capture_output=True, timeout=60)
        return list(_by_script(listening, marker))


def _by_script(listening: Recorder, marker: bytes) -> Iterator[tuple[list[bytes], list[bytes]]]:
    queries: list[bytes] = []
    copied = iter(listening.copied)
    for query in listening.queries:
        if query == marker:
            found = [q for q in queries if _COPY_IN.match(q.decode("utf-8", "replace"))]
            yield queries, [next(copied) for _ in found]
            queries = []
        else:
            queries.append(query)

"""What is kept of an output, however long it is, and what is never shown of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

_HEAD, _TAIL = 16 * 1024, 48 * 1024
LONGEST_LINE = 8 * 1024
_SHORTEST_SECRET = 4
_STARS = b"********"


class Kept:
    """The beginning and the end of what is written to it: as much memory as that takes."""

    def __init__(self, head: int = _HEAD, tail: int = _TAIL) -> None:
        self.size = 0
        self._head, self._tail = bytearray(), bytearray()
        self._most_head, self._most_tail = head, tail

    def write(self, data: bytes) -> None:
        """Takes in what comes next."""
        self.size += len(data)
        room = self._most_head - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room < len(data) else b""
        if len(self._tail) > 2 * self._most_tail:
            del self._tail[: -self._most_tail]

    def text(self) -> str:
        """The whole, or its beginning and its end with how much is missing between them."""
        tail = self._tail[-self._most_tail :]
        missing = self.size - len(self._head) - len(tail)
        cut = f"\n[... {missing} bytes ...]\n".encode() if missing else b""
        return readable(bytes(self._head + cut + tail))


def readable(data: bytes) -> str:
    """Bytes as text that a database takes, whatever they are."""
    return data.decode("utf-8", "replace").replace("\0", "\ufffd")


class Lines:
    """Holds back what has no end of line yet, so that no word is passed on in two parts."""

    def __init__(self) -> None:
        self._rest = b""

    def write(self, data: bytes) -> bytes:
        """All whole lines up to now; and a line without end, when it is long."""
        data = self._rest + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end >= LONGEST_LINE:
            end = len(data)
        self._rest = data[end:]
        return data[:end]

    def flush(self) -> bytes:
        """What has had no end so far."""
        rest, self._rest = self._rest, b""
        return rest


def lines_of(data: bytes) -> Iterator[bytes]:
    """The lines of a text, those that are long in parts."""
    for line in data.splitlines():
        for start in range(0, max(len(line), 1), LONGEST_LINE):
            yield line[start : start + LONGEST_LINE]


class Masks:
    """Puts asterisks in the place of secrets: of values whose variable has a secret's name."""

    def __init__(self, variables: Mapping[str, str], secret_keys: Iterable[str]) -> None:
        words = [key.lower().replace("_", "").replace("-", "") for key in secret_keys]

        def is_secret(name: str) -> bool:
            plain = name.lower().replace("_", "")
            return any(word in plain for word in words)

        found = {
            value
            for name, value in variables.items()
            if is_secret(name) and len(value) >= _SHORTEST_SECRET
        }
        # Of a secret of several lines each is one. The longest first: none is a part of another.
        lines = {line for value in found for line in value.splitlines() if line.strip()}
        self._secrets = sorted(
            (line.encode() for line in lines if len(line) >= _SHORTEST_SECRET),
            key=len,
            reverse=True,
        )

    def hide(self, data: bytes) -> bytes:
        """A text as it may be shown."""
        for secret in self._secrets:
            if secret in data:
                data = data.replace(secret, _STARS)
        return data

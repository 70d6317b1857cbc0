"""Reads a database through libpq alone, for commands that are over before psycopg is imported.

Importing psycopg takes longer than everything else that `status` does. The libpq is the one that
psycopg brings along; where it brings none (it was built here, or something else was asked for by
PSYCOPG_IMPL), psycopg does the reading.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from pgdocket.sqitch.errors import SqitchError

_PARAMETER = re.compile(rb"%\((\w+)\)s")
_SETTINGS = b"set client_min_messages = error; set datestyle = iso; set statement_timeout = 0"
_OK, _COMMAND_OK, _TUPLES_OK = 0, 1, 2
_LOADERS: dict[int, Callable[[str], object]] = {
    16: lambda text: text == "t",
    20: int,
    21: int,
    23: int,
    1184: datetime.fromisoformat,
    2950: lambda text: _uuid(text),
}
# What a function returns when it is no int: P a pointer, S a text.
_RESULTS = {
    "PQconnectdbParams": ctypes.c_void_p,
    "PQexec": ctypes.c_void_p,
    "PQexecParams": ctypes.c_void_p,
    "PQerrorMessage": ctypes.c_char_p,
    "PQresultErrorField": ctypes.c_char_p,
    "PQgetvalue": ctypes.c_char_p,
    "PQparameterStatus": ctypes.c_char_p,
    "PQclear": None,
    "PQfinish": None,
}


class Rows(Protocol):
    """The answer to a query."""

    def fetchall(self) -> list[Any]:
        """Every row."""


class Readable(Protocol):
    """What answers queries: psycopg's connection, or a Reader."""

    def execute(self, query: bytes, params: Mapping[str, object] | None = None, /) -> Rows:
        """Runs a query with parameters such as `%(name)s`."""


@dataclass(frozen=True, slots=True)
class _Answer:
    rows: list[tuple[Any, ...]]

    def fetchall(self) -> list[Any]:
        return self.rows


class Reader:
    """An open connection. Texts, booleans, whole numbers, times and UUIDs are what it reads."""

    def __init__(self, library: Any, conninfo: str, connect_timeout: int | None = None) -> None:
        self._library = library
        options = {
            # What follows the connection string wins over it.
            "dbname": conninfo,
            "client_encoding": "UTF8",
            "fallback_application_name": "pgdocket",
        }
        if connect_timeout is not None:
            options["connect_timeout"] = str(connect_timeout)
        connect = library.PQconnectdbParams
        names, values = _texts([*options, None]), _texts([*options.values(), None])
        self._connection = ctypes.c_void_p(_interruptible(connect, names, values, 1))
        if library.PQstatus(self._connection) != _OK:
            message = library.PQerrorMessage(self._connection).decode("utf-8", "replace")
            self.close()
            raise SqitchError(message.strip(), sqlstate="PDCON")
        self._rows(_interruptible(library.PQexec, self._connection, _SETTINGS))

    @property
    def server_version(self) -> tuple[int, str]:
        """The server's version as libpq numbers it (150000 for 15), and as it calls it."""
        text = self._library.PQparameterStatus(self._connection, b"server_version") or b""
        return self._library.PQserverVersion(self._connection), text.decode()

    def execute(self, query: bytes, params: Mapping[str, object] | None = None, /) -> Rows:
        """Runs a query; SqitchError with the server's message when it fails."""
        names: list[str] = []

        def place(found: re.Match[bytes]) -> bytes:
            names.append(found[1].decode())
            return b"$%d" % len(names)

        text = _PARAMETER.sub(place, query)
        given = [str((params or {})[name]) for name in names]
        result = _interruptible(
            self._library.PQexecParams,
            self._connection,
            text,
            len(given),
            None,
            _texts(given),
            None,
            None,
            0,
        )
        return _Answer(self._rows(result))

    def close(self) -> None:
        """Ends the connection."""
        self._library.PQfinish(self._connection)

    def _rows(self, address: int | None) -> list[tuple[Any, ...]]:
        library, result = self._library, ctypes.c_void_p(address)
        try:
            if library.PQresultStatus(result) not in (_COMMAND_OK, _TUPLES_OK):
                raise self._error(result)
            columns = range(library.PQnfields(result))
            loaders = [_LOADERS.get(library.PQftype(result, each), str) for each in columns]

            def value(row: int, column: int) -> object:
                if library.PQgetisnull(result, row, column):
                    return None
                return loaders[column](library.PQgetvalue(result, row, column).decode())

            return [
                tuple(value(row, column) for column in columns)
                for row in range(library.PQntuples(result))
            ]
        finally:
            library.PQclear(result)

    def _error(self, result: ctypes.c_void_p) -> SqitchError:
        def field(letter: str) -> str | None:
            text = self._library.PQresultErrorField(result, ord(letter))
            return text.decode("utf-8", "replace") if text else None

        message = self._library.PQerrorMessage(self._connection).decode("utf-8", "replace")
        return SqitchError(
            field("M") or message.strip(), detail=field("D"), hint=field("H"), sqlstate=field("C")
        )


@contextmanager
def reading(conninfo: str) -> Iterator[Readable]:
    """A connection to read with; SqitchError when that fails."""
    reader = open_reader(conninfo)
    if reader is None:
        from pgdocket.sqitch.connection import connect_control

        with connect_control(conninfo) as connection:
            yield connection
        return
    with closing(reader):
        yield reader


def open_reader(conninfo: str, connect_timeout: int | None = None) -> Reader | None:
    """A connection without psycopg; None where there is no libpq for it.

    `connect_timeout` is in seconds. SqitchError when connecting fails.
    """
    library = _library()
    return None if library is None else Reader(library, conninfo, connect_timeout)


@cache
def _library() -> Any:
    """The libpq that comes with psycopg, None where it has none of its own."""
    package = importlib.util.find_spec("psycopg_binary")
    if package is None or package.origin is None or os.environ.get("PSYCOPG_IMPL"):
        return None
    folder = Path(package.origin).parent
    places = (folder.with_name("psycopg_binary.libs"), folder / ".dylibs")
    found = next((file for place in places for file in place.glob("libpq[-.]*")), None)
    if found is None:
        return None
    library = ctypes.CDLL(str(found))
    for name, result in _RESULTS.items():
        getattr(library, name).restype = result
    return library


def _uuid(text: str) -> object:
    from uuid import UUID

    return UUID(text)


def _texts(values: list[str | None] | list[str]) -> Any:
    encoded = [None if value is None else value.encode() for value in values]
    return (ctypes.c_char_p * len(encoded))(*encoded)


def _interruptible(function: Callable[..., int | None], *arguments: object) -> int | None:
    """Calls a function of libpq so that Ctrl-C need not wait for its end."""
    result: list[int | None] = []
    thread = Thread(target=lambda: result.append(function(*arguments)), daemon=True)
    thread.start()
    thread.join()
    return result[0]

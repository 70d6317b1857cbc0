"""How a method becomes the call of a stored function."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from psycopg import Cursor, sql
from psycopg.rows import dict_row, scalar_row
from psycopg.types.json import Jsonb

from pgdocket.client.connections import Connections
from pgdocket.client.rows import rows_as
from pgdocket.errors import NotFound

Id = UUID | str
T = TypeVar("T")
Maker = Callable[[Cursor[Any]], Callable[[Sequence[Any]], T]]


class Calls:
    """The base of the client's methods: each sends one call, by name and with named arguments.

    An argument that is None is not sent, so that the function's own default counts.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def _rows(self, cls: type[T], function: str, **arguments: object) -> list[T]:
        return self._read(rows_as(cls), function, arguments)

    def _row(self, cls: type[T], function: str, **arguments: object) -> T:
        return _only(self._rows(cls, function, **arguments), function)

    def _value(self, function: str, **arguments: object) -> Any:
        return _only(self._read(scalar_row, function, arguments), function)

    def _values(self, function: str, **arguments: object) -> list[Any]:
        return self._read(scalar_row, function, arguments)

    def _dicts(self, function: str, **arguments: object) -> list[dict[str, Any]]:
        return self._read(dict_row, function, arguments)

    def _written_rows(self, cls: type[T], function: str, **arguments: object) -> list[T]:
        return self._write(rows_as(cls), function, arguments)

    def _written(self, cls: type[T], function: str, **arguments: object) -> T:
        return _only(self._written_rows(cls, function, **arguments), function)

    def _written_value(self, function: str, **arguments: object) -> Any:
        return _only(self._write(scalar_row, function, arguments), function)

    def _read(self, maker: Maker[T], function: str, arguments: dict[str, object]) -> list[T]:
        """Calls a function that may be repeated as it is: it reads, or does the same again."""
        return self._call(maker, function, arguments, repeatable=True)

    def _write(self, maker: Maker[T], function: str, arguments: dict[str, object]) -> list[T]:
        """Calls a function that takes a request_id, which makes it repeatable; one is made."""
        if arguments.get("request_id") is None:
            arguments["request_id"] = uuid4()
        return self._call(maker, function, arguments, repeatable=True)

    def _claimed(self, cls: type[T], function: str, **arguments: object) -> list[T]:
        """Calls a function that is repeated only when the caller gave a request_id."""
        repeatable = arguments.get("request_id") is not None
        return self._call(rows_as(cls), function, arguments, repeatable=repeatable)

    def _once(self, function: str, **arguments: object) -> Any:
        """Calls a function that must not be repeated when its answer was lost."""
        return _only(self._call(scalar_row, function, arguments, repeatable=False), function)

    def _call(
        self,
        maker: Maker[T],
        function: str,
        arguments: dict[str, object],
        *,
        repeatable: bool,
    ) -> list[T]:
        values = {name: _sent(value) for name, value in arguments.items() if value is not None}
        return self._connections.fetch(
            statement(function, tuple(values)), values, maker, repeatable=repeatable
        )


@lru_cache(maxsize=1024)
def statement(function: str, names: tuple[str, ...]) -> bytes:
    """The text of a call with named arguments; the same text is prepared once by the driver."""
    arguments = sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in names
    )
    call = sql.SQL("select * from docket.{}({})").format(sql.Identifier(function), arguments)
    return call.as_bytes(None)


def as_json(value: object) -> Jsonb | None:
    """A value for a jsonb parameter; None stays None, and is then not sent."""
    return None if value is None else Jsonb(value, dumps=_dumps)


def texts(values: Sequence[Id] | None) -> list[str] | None:
    return None if values is None else [str(value) for value in values]


def _dumps(value: object) -> str:
    return json.dumps(value, default=_jsonable, ensure_ascii=False)


def _jsonable(value: object) -> object:
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _sent(value: object) -> object:
    # Numbers go as text without a type, as a literal would: the function's own parameter says
    # whether it is an integer, a bigint or a numeric, and the server says when it doesn't fit.
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    return value


def _only(rows: list[T], function: str) -> T:
    if not rows:
        raise NotFound(f"docket.{function}() returned nothing")
    return rows[0]

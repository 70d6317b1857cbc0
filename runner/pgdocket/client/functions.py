"""A stored function as Python calls it: its parameters, and how often it may be sent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from importlib import import_module
from pathlib import Path
from time import time_ns
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg._cursor_base import BaseCursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.rows import dict_row

from pgdocket.errors import InvalidArgument

Id = UUID | str
T = TypeVar("T")
Maker = Callable[[Sequence[Any]], T]

_ROWS = "pgdocket.client.rows"


class Effect(Enum):
    """What a call does, and so whether it may be sent again when its answer was lost."""

    READ = auto()  # it reads
    REPEATABLE = auto()  # it does the same again
    FLEETING = auto()  # as REPEATABLE, and no harm is done when a crash of the server undoes it
    KEYED = auto()  # a request_id makes it repeatable; one is made where none is given
    ONCE = auto()  # never


class TransactionIds(Loader):
    """The ids of transactions (xid8), which psycopg knows as bytes only, as their digits."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        """The digits."""
        return str(int.from_bytes(bytes(data), "big"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. An argument that is the default is not sent: the function knows it, too."""

    name: str
    default: Any = None
    is_required: bool = False
    is_json: bool = False
    is_array: bool = False


class Function(Generic[T]):
    """A stored function that returns rows of a class, or values where that is None.

    A class of pgdocket.client.rows is named: that module is not imported before the first answer.
    """

    def __init__(
        self, name: str, effect: Effect, row: type[T] | str | None, *parameters: Parameter
    ) -> None:
        self.name = name
        self.is_read = effect is Effect.READ
        self._row = row
        self._names = [each.name for each in parameters]
        # What is never equal to an argument, so that a required one is always sent.
        self._defaults = [object() if p.is_required else p.default for p in parameters]
        self._converters = [_converter(each) for each in parameters]
        self._key = self._names.index("request_id") if "request_id" in self._names else -1
        self._makes_keys = effect is Effect.KEYED
        self._is_repeatable = effect in {Effect.READ, Effect.REPEATABLE, Effect.FLEETING}
        self._is_fleeting = effect is Effect.FLEETING
        self._queries: dict[tuple[bool, tuple[int, ...]], bytes] = {}
        self._makers: dict[tuple[int, bytes | None], Maker[T]] = {}

    def bind(
        self, arguments: Sequence[Any], *, is_alone: bool = True
    ) -> tuple[bytes, list[Any], bool]:
        """The call as a statement, what to send with it, and whether it may be sent again.

        With `is_alone` it is a transaction of its own: a write that has no request_id is given
        one, and no fleeting one waits for the disk.
        """
        places, values = [], []
        for place, value in enumerate(arguments):
            default = self._defaults[place]
            if value is default or value == default:
                continue
            places.append(place)
            values.append(self._converters[place](value))
        is_keyed = self._key >= 0 and arguments[self._key] is not None
        if is_alone and self._makes_keys and not is_keyed:
            is_keyed = True
            places.append(self._key)
            values.append(new_request_id())
        form = (is_alone and self._is_fleeting, tuple(places))
        query = self._queries.get(form)
        if query is None:
            query = self._queries[form] = self._query(*form)
        return query, values, is_keyed or self._is_repeatable

    def rows(self, cursor: BaseCursor[Any, Any]) -> Maker[T]:
        """A row factory of psycopg for what the function returns.

        Columns that the class doesn't know are left out, and those that the database doesn't
        have are None: so a client goes on working with a newer schema, or an older one.
        """
        result = cursor.pgresult
        if result is None:
            return tuple  # type: ignore[return-value]
        # A table grows at its end: whatever is changed, the number or the last name is another.
        shape = (result.nfields, result.fname(result.nfields - 1))
        maker = self._makers.get(shape)
        if maker is None:
            names = [result.fname(place) for place in range(result.nfields)]
            maker = self._makers[shape] = _maker(self._row, names)
        return maker

    def _query(self, is_fleeting: bool, given: Sequence[int]) -> bytes:
        arguments = ", ".join(
            f'"{self._names[place]}" => ${number}' for number, place in enumerate(given, 1)
        )
        call = f"docket.{self.name}({arguments})"
        if is_fleeting:
            # Until the transaction ends, which is this statement: one round trip, by any pooler.
            relaxed = "pg_catalog.set_config('synchronous_commit', 'off', true)"
            return f"select f.* from {relaxed} as s cross join {call} as f".encode()  # noqa: S608
        return f"select * from {call}".encode()  # noqa: S608 - names of the catalog


def new_request_id() -> UUID:
    """A UUID of version 7: ids that are made together lie together in the table of answers, so that
    keeping one dirties no page of its own (0.5 kB of log in place of 5.8 just after a checkpoint).
    """
    chance = int.from_bytes(os.urandom(10), "big") & _CHANCE
    return UUID(int=(time_ns() // 1_000_000 << 80) | _VERSION_7 | chance)


# What is not the time, less the bits that say which version and variant it is.
_CHANCE = (1 << 76) - 1 & ~(0b11 << 62)
_VERSION_7 = 0x7 << 76 | 0b10 << 62


class Statement(Function[dict[str, Any]]):
    """A question that is no function's: its rows are dictionaries."""

    def __init__(self, query: bytes) -> None:
        super().__init__("query", Effect.READ, None)
        self._text = query

    def bind(
        self, arguments: Sequence[Any], *, is_alone: bool = True
    ) -> tuple[bytes, list[Any], bool]:
        """The statement as it is, with what goes into it."""
        return self._text, list(arguments), True

    def rows(self, cursor: BaseCursor[Any, Any]) -> Maker[dict[str, Any]]:
        """A row factory that makes dictionaries."""
        return dict_row(cursor)


def _maker(named: type[T] | str | None, names: Sequence[bytes | None]) -> Maker[T]:
    if named is None:
        return lambda values: values[0]
    row: type[T] = getattr(import_module(_ROWS), named) if isinstance(named, str) else named
    found = [name.decode() for name in names if name is not None]
    wanted = [field.name.removesuffix("_") for field in fields(row)]  # type: ignore[arg-type]
    if found == wanted:
        return lambda values: row(*values)
    places = [found.index(name) if name in found else None for name in wanted]

    def make(values: Sequence[Any]) -> T:
        return row(*(None if place is None else values[place] for place in places))

    return make


def _converter(parameter: Parameter) -> Callable[[Any], Any]:
    if parameter.is_json:
        return json_text
    return _texts if parameter.is_array else _plain


def _plain(value: Any) -> Any:
    # Numbers go as text without a type, as a literal would: the function's own parameter says
    # whether it is an integer, a bigint or a numeric, and the server says when it doesn't fit.
    return str(value) if type(value) in _NUMBERS else value


_NUMBERS = frozenset({int, float, Decimal})


def _texts(values: Any) -> list[str] | None:
    if isinstance(values, str | bytes):
        raise InvalidArgument(f"a list is wanted, not the text {values!r}", hint="put it into []")
    return None if values is None else [str(value) for value in values]


def json_text(value: Any) -> str:
    """A value as JSON; ids, times, paths and numbers may be in it."""
    try:
        return json.dumps(value, default=_jsonable, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"a value has no JSON form: {error}") from error


def json_value(data: str | bytes) -> Any:
    """The value of JSON, quickly where it is empty, as most columns are."""
    if data == b"{}":
        return {}
    return json.loads(data if isinstance(data, str) else data.decode())


def _jsonable(value: object) -> object:
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")

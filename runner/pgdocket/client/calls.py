"""What stands under the generated methods: how a call is sent, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pgdocket.client.connections import Connections
from pgdocket.client.functions import Function
from pgdocket.errors import NotFound

T = TypeVar("T")


class Calls:
    """The base of the methods of a docket: each sends one call, and waits for its answer."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def _many(self, function: Function[T], arguments: Sequence[Any]) -> list[T]:
        return self._connections.call(function, arguments)

    def _one(self, function: Function[T], arguments: Sequence[Any]) -> T:
        return only(self._many(function, arguments), function)

    def _one_or_none(self, function: Function[T], arguments: Sequence[Any]) -> T | None:
        return next(iter(self._many(function, arguments)), None)


def only(rows: list[T], function: Function[T]) -> T:
    """The one row of an answer. Raises NotFound where there is none."""
    if not rows:
        raise NotFound(f"docket.{function.name}() returned nothing")
    return rows[0]

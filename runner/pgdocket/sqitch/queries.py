"""The engine's SQL: named statements of one file, bound to a registry's schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from pgdocket.sqitch.variables import quote_identifier, quote_literal

_PARAMETER = re.compile(r"%\((\w+)\)s")


def package_text(name: str) -> str:
    """The text of an SQL file that lies beside this module."""
    return Path(__file__).with_name(name).read_text("utf-8")


@cache
def named_queries(file: str, schema: str) -> dict[str, bytes]:
    """The statements of that file by the name in their `-- name:` line, as psycopg takes them."""
    parts = re.split(r"^-- name: (\w+)\n", package_text(file), flags=re.MULTILINE)
    registry = quote_identifier(schema)
    return {
        name: text.strip().rstrip(";").replace("{registry}", registry).encode()
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def written_out(query: bytes, parameters: Mapping[str, object]) -> bytes:
    """The query with values in the place of its parameters, as it can share a message."""
    return _PARAMETER.sub(lambda found: _literal(parameters[found[1]]), query.decode()).encode()


def _literal(value: object) -> str:
    """A value as SQL; lists are of texts or times."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return f"{quote_literal(value.isoformat())}::timestamptz"
    if isinstance(value, list):
        return f"array[{', '.join(map(_literal, value))}]"
    return quote_literal(str(value))

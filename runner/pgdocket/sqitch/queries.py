"""The engine's SQL: named statements of one file, bound to a registry's schema."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pgdocket.sqitch.variables import quote_identifier


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

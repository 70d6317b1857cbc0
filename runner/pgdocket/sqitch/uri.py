"""URIs of projects and of databases, as Sqitch reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def encode(text: str) -> str:
    """The URI as the registry stores it: wrapping removed, foreign characters percent-encoded."""
    raise NotImplementedError


def canonical(text: str) -> str:
    """The URI as ids hash it."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class DatabaseUri:
    """A `db:pg:` URI, its parts decoded. `text` is the URI as it was written."""

    text: str
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    query: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.text

    def display(self, environ: Mapping[str, str]) -> str:
        """The URI as messages show it: password blanked, a missing database name filled in."""
        raise NotImplementedError

    def conninfo(self) -> str:
        """libpq's key=value text: user, password, dbname, host, port, then the query's, sorted."""
        raise NotImplementedError


def parse_database_uri(text: str) -> DatabaseUri:
    """The parts of a database URI; SqitchError when it is none of PostgreSQL."""
    raise NotImplementedError

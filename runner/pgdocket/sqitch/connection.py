"""Connections to the database that changes go to."""

from __future__ import annotations

import re
from typing import Any

from pgdocket.sqitch.config import Target
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.registry import AnyConnection
from pgdocket.sqitch.uri import DatabaseUri


def destination(target: Target | str) -> tuple[str, str, str]:
    """What to hand to libpq, how messages name the database, and the registry's schema."""
    if isinstance(target, Target):
        return target.conninfo(), target.display, target.registry
    return target, display(target), "sqitch"


def display(conninfo: str) -> str:
    """How messages name the database of a connection string."""
    from psycopg.conninfo import conninfo_to_dict

    name = conninfo_to_dict(conninfo).get("dbname")
    return str(name) if name else str(DatabaseUri())


def connect(conninfo: str) -> AnyConnection:
    """A connection that leaves transactions to those who use it."""
    import psycopg

    connection: psycopg.Connection[Any] = psycopg.connect(
        conninfo,
        autocommit=True,
        prepare_threshold=None,
        client_encoding="UTF8",
        fallback_application_name="pgdocket",
    )
    return connection


def connect_control(conninfo: str) -> AnyConnection:
    """A connection for the registry, which nothing times out; SqitchError when that fails."""
    from psycopg import OperationalError

    try:
        connection = connect(conninfo)
    except OperationalError as error:
        message = re.sub(r"^connection (failed|is bad): ", "", str(error).strip())
        raise SqitchError(message, sqlstate=error.sqlstate or "PDCON") from error
    connection.execute(
        "set client_min_messages = warning; "
        "set idle_in_transaction_session_timeout = 0; "
        "set statement_timeout = 0"
    )
    return connection

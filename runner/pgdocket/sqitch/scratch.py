"""Databases for a trial, dropped when it is over."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgdocket.server import Binaries, LocalServer
from pgdocket.sqitch.connection import connect_control

_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
PREFIX = "pgdocket_scratch_"


@contextmanager
def scratch_server(binaries: Binaries) -> Iterator[str]:
    """A connection string of an empty database on a server that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="pgdocket-") as folder:
        Path(folder).chmod(0o755)
        server = LocalServer(Path(folder, "server"), binaries, _SETTINGS)
        server.start()
        try:
            yield server.conninfo()
        finally:
            server.stop("immediate")


def leftovers(conninfo: str) -> list[str]:
    """The databases that killed trials have left on a server: nobody is connected to them."""
    with connect_control(conninfo) as connection:
        rows = connection.execute(
            "select d.datname"
            "  from pg_catalog.pg_database as d"
            " where pg_catalog.starts_with(d.datname, %s)"
            "   and not exists (select"
            "                     from pg_catalog.pg_stat_activity as a"
            "                    where a.datname = d.datname)"
            " order by 1",
            [PREFIX],
        ).fetchall()
    return [str(name) for (name,) in rows]


@contextmanager
def scratch_database(conninfo: str) -> Iterator[tuple[str, str]]:
    """An empty database beside another one, dropped after the block: connection string, name.

    It has the other's encoding and locale. SqitchError when there is no connection; psycopg's
    error where the role may not create databases.
    """
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    create = sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {}")
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    with connect_control(conninfo) as connection:
        row = connection.execute(
            "select pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype"
            "  from pg_catalog.pg_database as d"
            " where d.datname = pg_catalog.current_database()"
        ).fetchone()
        settings = [sql.Literal(value) for value in row or ()]
        try:
            connection.execute(create.format(sql.Identifier(name), *settings))
            yield make_conninfo(conninfo, dbname=name), name
        finally:
            connection.execute(drop)

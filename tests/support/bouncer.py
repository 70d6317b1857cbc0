"""PgBouncer in transaction mode, before a server of the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgdocket.client import ConnectionSettings

_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_port = 6432
unix_socket_dir = {folder}
auth_file = {folder}/users
auth_user = {user}
auth_query = select usename, coalesce(passwd, '') from pg_catalog.pg_shadow where usename = $1
pool_mode = transaction
default_pool_size = 5
max_client_conn = 500
logfile = {folder}/log
{more}
"""
_TRUST = "auth_type = trust"
_PATIENCE = 10.0


@contextlib.contextmanager
def bouncer(server: str, more: str = _TRUST, password: str = "") -> Iterator[str]:
    """Starts one before the server of a connection string: yields the folder of its socket.

    `more` is more of its configuration, `password` that of the server's user. Skips, visibly,
    where PgBouncer is not installed.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    parts = conninfo_to_dict(server)
    # Short: the path of a socket has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="pb-", dir="/tmp") as name:
        folder = Path(name)
        text = _CONFIGURATION.format(
            host=parts["host"],
            port=parts.get("port", "5432"),
            user=parts["user"],
            folder=folder,
            more=more,
        )
        (folder / "ini").write_text(text)
        (folder / "users").write_text(f'"{parts["user"]}" "{password}"\n')
        # It refuses root; who owns the server's data can reach its socket.
        owner = (Path(str(parts["host"])).parent / "data").stat()
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
            os.chown(folder, owner.st_uid, owner.st_gid)
        process = subprocess.Popen(
            [program, "-q", folder / "ini"], stderr=subprocess.DEVNULL, **account
        )
        try:
            _wait(process, make_conninfo(server, host=name, port="6432", password=password))
            yield name
        finally:
            process.terminate()
            process.wait()


@dataclass(frozen=True, slots=True)
class Route:
    """How clients reach a server: straight, or by the PgBouncer whose socket is in `folder`."""

    server: str = ""
    folder: str | None = None

    def to(self, conninfo: str) -> str:
        """The way to a database of the server, for a client's own first argument."""
        is_there = conninfo_to_dict(conninfo).get("host") == self.server
        return through(conninfo, self.folder) if self.folder and is_there else conninfo

    def settings(self, conninfo: str, settings: ConnectionSettings) -> ConnectionSettings:
        """The settings that belong to that way."""
        listen = settings.listen_dsn or conninfo
        return replace(settings, pooled=True, listen_dsn=listen) if self.folder else settings


def through(conninfo: str, folder: str) -> str:
    """The same database, by way of the PgBouncer in a folder."""
    return make_conninfo(conninfo, host=folder, port="6432")


def _wait(process: subprocess.Popen[bytes], conninfo: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(conninfo, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "pgbouncer has ended"
            assert time.monotonic() < deadline, "pgbouncer doesn't answer"
            time.sleep(0.02)
        else:
            return

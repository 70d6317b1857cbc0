"""PgBouncer in transaction mode, before a server of the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 5
max_client_conn = 500
logfile = {folder}/log
"""
_PATIENCE = 10.0


@contextlib.contextmanager
def bouncer(server: str) -> Iterator[str]:
    """Starts one before the server of a connection string: yields the folder of its socket.

    Skips, visibly, where PgBouncer is not installed.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    parts = conninfo_to_dict(server)
    # Short: the path of a socket has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="pb-", dir="/tmp") as name:
        folder = Path(name)
        text = _CONFIGURATION.format(
            host=parts["host"], port=parts.get("port", "5432"), folder=folder
        )
        (folder / "ini").write_text(text)
        (folder / "users").write_text(f'"{parts["user"]}" ""\n')
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
            _wait(process, make_conninfo(server, host=name, port="6432"))
            yield name
        finally:
            process.terminate()
            process.wait()


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

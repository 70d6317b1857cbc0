"""TLS: the server is checked as sslmode says; what does not hold is one clear error, at once."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgdocket.client import AsyncDocket, ConnectionSettings, Docket
from pgdocket.config import Config
from pgdocket.errors import ConnectionFailed
from pgdocket.server.account import server_account
from support import databases
from support.databases import Database
from support.servers import open_private_server
from support.tls import authority, certificate

EARLY = "projects/read_projects"  # of the plan: enough to call something
PASSWORD = "hunter2"  # noqa: S105
RULES = "local all all trust\nhostssl all all 127.0.0.0/8 trust\n"
SETTINGS = ConnectionSettings(min_size=1, timeout=5.0)


@dataclass(frozen=True, slots=True)
class Listener:
    """A server that is reached by TCP with TLS alone."""

    database: Database
    address: str
    folder: Path

    def config(self, **options: Any) -> Config:
        """The way to it, by the name that its certificate has."""
        named = {"host": "localhost", "hostaddr": self.address, "user": "postgres"} | options
        return Config.of(database=self.database.name, password=PASSWORD, settings=SETTINGS, **named)


@pytest.fixture(scope="module")
def folder(run_folder: Path) -> Path:
    """An authority, a certificate of it for localhost, and an authority of somebody else."""
    folder = run_folder / f"tls-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o755)
    for name in ("ours", "theirs"):
        authority(folder, name)
    certificate(folder, "ours")
    (folder / "pg_hba.conf").write_text(RULES)
    return folder


@pytest.fixture(scope="module")
def listener(folder: Path, run_folder: Path) -> Iterator[Listener]:
    """The server of Debian: the embedded one is built without TLS."""
    key, account = folder / "server.key", server_account(folder)
    key.chmod(0o600)
    if account.drops:
        os.chown(key, account.uid, account.gid)
    # An address of its own, so that the port is free.
    address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(256)}.2"
    settings = {
        "ssl": "on",
        "ssl_cert_file": str(folder / "server.crt"),
        "ssl_key_file": str(key),
        "hba_file": str(folder / "pg_hba.conf"),
        "listen_addresses": address,
    }
    try:
        server = open_private_server(run_folder, "pg15", settings)
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    databases.deploy(database, to=EARLY)
    yield Listener(database, address, folder)
    server.local.stop("immediate")


def are_encrypted(listener: Listener) -> set[bool]:
    """Whether the sessions of clients are."""
    with closing(psycopg.connect(listener.database.conninfo)) as observer:
        found = observer.execute(
            "select s.ssl from pg_stat_ssl as s join pg_stat_activity as a using (pid)"
            " where a.application_name = 'pgdocket'"
        ).fetchall()
    return {is_encrypted for (is_encrypted,) in found}


def test_a_server_whose_certificate_is_right_is_talked_to(listener: Listener) -> None:
    config = listener.config(ssl_mode="verify-full", sslrootcert=str(listener.folder / "ours.crt"))
    with Docket(config) as docket:
        made = docket.create_project(slug="shop")
        assert are_encrypted(listener) == {True}

    async def work() -> None:
        async with AsyncDocket(config) as other:
            assert await other.list_projects() == [made]
            assert are_encrypted(listener) == {True}

    asyncio.run(work())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ssl_mode": "verify-full", "sslrootcert": "theirs.crt"}, "certificate verify failed"),
        ({"ssl_mode": "verify-ca", "sslrootcert": "theirs.crt"}, "certificate verify failed"),
        (
            {"ssl_mode": "verify-full", "sslrootcert": "ours.crt", "host": "db.example"},
            'does not match host name "db.example"',
        ),
        ({"ssl_mode": "verify-full", "sslrootcert": "none.crt"}, "does not exist"),
        ({"ssl_mode": "disable"}, "no encryption"),
    ],
)
def test_what_does_not_hold_is_one_error(
    listener: Listener, options: dict[str, str], says: str
) -> None:
    root = {"sslrootcert": str(listener.folder / options.get("sslrootcert", "ours.crt"))}
    config = listener.config(**options | root)
    with pytest.raises(ConnectionFailed) as refused:
        Docket(config)
    assert says in refused.value.message
    assert "tries" not in str(refused.value.detail)
    assert PASSWORD not in f"{refused.value} {refused.value.detail} {refused.value.hint}"

    async def work() -> None:
        async with AsyncDocket(config):
            pass

    with pytest.raises(ConnectionFailed) as again:
        asyncio.run(work())
    assert says in again.value.message


def test_the_name_is_asked_for_by_verify_full_alone(listener: Listener) -> None:
    config = listener.config(
        ssl_mode="verify-ca", sslrootcert=str(listener.folder / "ours.crt"), host="db.example"
    )
    with Docket(config) as docket:
        assert docket.health().is_up


@pytest.mark.parametrize(
    "environment", [{"DB_SSL": "true"}, {"DB_SSL_MODE": "require"}, {"PGSSLMODE": "require"}]
)
def test_the_environment_may_ask_for_it(
    listener: Listener, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in os.environ if each.startswith(("PG", "DB_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGSSLROOTCERT", str(listener.folder / "none.crt"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    named = {
        "DB_HOST": listener.address, "DB_NAME": listener.database.name, "DB_USER": "postgres",
        **environment,
    }  # fmt: skip
    with Docket(Config.from_env(named)) as docket:
        assert docket.health().is_up
        assert are_encrypted(listener) == {True}

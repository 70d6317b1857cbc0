"""A pooling proxy such as Hyperdrive: named beside the database, with TLS and a token."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pgdocket.client import Agent, AsyncDocket, Docket
from pgdocket.config import Config, is_explicit
from pgdocket.errors import ConnectionFailed, InvalidArgument
from support.bouncer import bouncer
from support.databases import Database
from support.servers import TestServer
from support.tls import authority, certificate

TOKEN = "hunter2"  # noqa: S105
MORE = """
auth_type = scram-sha-256
listen_addr = {address}
client_tls_sslmode = require
client_tls_key_file = {folder}/server.key
client_tls_cert_file = {folder}/server.crt
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A PgBouncer that is reached by TCP with TLS and a password alone."""

    address: str
    certificate: Path

    def url(self, database: Database, **options: str) -> str:
        """The way to a database by it, without the password."""
        named = {"sslmode": "verify-full", "sslrootcert": str(self.certificate), **options}
        query = "&".join(f"{name}={value}" for name, value in named.items())
        place = f"localhost:6432/{database.name}?hostaddr={self.address}"
        return f"postgresql://postgres@{place}&{query}"

    def environment(self, database: Database, **options: str) -> dict[str, str]:
        """What names it, and the database itself."""
        return {
            "DATABASE_URL": database.conninfo,
            "CLOUDFLARE_PROXY_ENABLED": "true",
            "CLOUDFLARE_PROXY_URL": self.url(database, **options),
            "CLOUDFLARE_PROXY_TOKEN": TOKEN,
        }


@pytest.fixture(scope="module")
def proxy(server18: TestServer, run_folder: Path) -> Iterator[Proxy]:
    folder = run_folder / f"proxy-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o755)
    authority(folder, "ours")
    certificate(folder, "ours")
    key = folder / "server.key"
    owner = (Path(server18.home) / "data").stat()
    if os.geteuid() == 0:
        os.chown(key, owner.st_uid, owner.st_gid)
    address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(256)}.3"
    more = MORE.format(address=address, folder=folder)
    with bouncer(server18.conninfo(), more, TOKEN):
        yield Proxy(address, folder / "ours.crt")


def test_clients_are_led_through_it(docket18: Database, proxy: Proxy) -> None:
    config = Config.from_env(proxy.environment(docket18))
    config = replace(config, settings=replace(config.settings, min_size=1, timeout=10.0))
    # Commands take the direct way.
    assert conninfo_to_dict(config.conninfo) == conninfo_to_dict(docket18.conninfo)
    with Docket(config) as docket:
        assert docket.health().mode == "pgbouncer"
        project_id = docket.create_project(slug="shop").project_id
        docket.create_tasks(project_id=project_id, tasks=[{"title": "T"} for _ in range(5)])
        # Notifications take the direct way.
        assert docket.listen_conninfo() == config.conninfo
        agent = Agent(
            docket, name="a", handler=lambda _: None, project_id=project_id, until_idle=True
        )
        assert agent.run(handle_signals=False).completed == 5
        with docket.transaction(reason="spring cleaning"):
            assert docket._connections._own.get().pgconn.ssl_in_use  # type: ignore[union-attr]
        with psycopg.connect(docket18.conninfo) as observer:
            there = observer.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and application_name = 'pgdocket' and client_port = -1"
            ).fetchone()
            assert there is not None
            assert there[0] >= 1

    async def work() -> None:
        async with AsyncDocket(config) as docket:
            assert (await docket.health()).mode == "pgbouncer"
            assert [each.slug for each in await docket.list_projects()] == ["shop"]

    asyncio.run(work())


def test_it_may_be_all_that_is_named(docket18: Database, proxy: Proxy) -> None:
    environment = proxy.environment(docket18)
    del environment["DATABASE_URL"]
    assert is_explicit(environ=environment)
    config = Config.from_env(environment)
    assert (config.source, config.database) == ("CLOUDFLARE_PROXY_URL", docket18.name)
    with Docket(config) as docket:
        assert docket.list_projects() == []
        assert docket.listen_conninfo() is None


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        ({"CLOUDFLARE_PROXY_TOKEN": "swordfish"}, {}, "failed"),
        ({}, {"sslmode": "disable"}, "SSL required"),
        ({}, {"sslrootcert": "/dev/null"}, "certificate"),
    ],
)
def test_what_it_refuses_is_one_error_without_the_token(
    docket18: Database, proxy: Proxy, changes: dict[str, str], options: dict[str, str], says: str
) -> None:
    environment = proxy.environment(docket18, **options) | changes
    config = Config.from_env(environment)
    with pytest.raises(ConnectionFailed) as refused:
        Docket(config)
    told = f"{refused.value} {refused.value.detail} {refused.value.hint} {config!r}"
    assert says in told
    assert environment["CLOUDFLARE_PROXY_TOKEN"] not in told


def test_how_it_is_named() -> None:
    named = {
        "DATABASE_URL": "postgresql://u@direct.example/d",
        "CLOUDFLARE_PROXY_URL": "postgresql://u@proxy.example/d",
        "CLOUDFLARE_PROXY_TOKEN": TOKEN,
    }
    assert Config.from_env(named).for_clients()[0] == Config.from_env(named).conninfo  # is off
    on = named | {"CLOUDFLARE_PROXY_ENABLED": "true"}
    assert conninfo_to_dict(Config.from_env(on).for_clients()[0]) == {
        "host": "proxy.example", "user": "u", "dbname": "d",
        "password": TOKEN, "sslmode": "require",
    }  # fmt: skip
    own = on | {"CLOUDFLARE_PROXY_URL": "postgresql://u:own@proxy.example/d?sslmode=disable"}
    assert "password=own" in Config.from_env(own).for_clients()[0]
    assert "sslmode=disable" in Config.from_env(own).for_clients()[0]
    manual = Config.of(host="direct.example").through("postgresql://proxy.example/d", token=TOKEN)
    assert manual.for_clients()[1].pooled
    assert manual.for_clients()[1].listen_dsn == "host=direct.example"
    assert TOKEN not in f"{manual!r} {manual.for_clients()[1]!r}"
    assert not Config.of(host="direct.example").for_clients()[1].pooled
    for wrong in ("https://proxy.example", ""):
        with pytest.raises(InvalidArgument, match="CLOUDFLARE_PROXY_URL"):
            Config.from_env(on | {"CLOUDFLARE_PROXY_URL": wrong})

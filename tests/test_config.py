"""Which database is used: the promised precedence, and no password in anything that is shown."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pgdocket import config
from pgdocket.errors import InvalidArgument, NoServer, ServerTooOld
from pgdocket.settings import ConnectionSettings
from support.servers import TestServer

SECRET = "s3cr3t-w0rd"  # noqa: S105


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq reads the process's own environment, so that is what the tests change."""
    for name in list(os.environ):
        if name.startswith(("PG", "DB_", "DATABASE_", "ENABLE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def parts(found: config.Config) -> dict[str, str]:
    return {key: str(value) for key, value in conninfo_to_dict(found.conninfo).items()}


def test_each_source_beats_the_next(given: Callable[..., None]) -> None:
    given(DB_NAME="alias", DB_HOST="alias.example")
    assert (config.resolve().source, config.resolve().database) == ("DB_*", "alias")
    given(PGDATABASE="libpq")
    assert (config.resolve().source, config.resolve().database) == ("PG*", "libpq")
    given(DATABASE_URL="postgresql://url.example/url")
    assert (config.resolve().source, config.resolve().database) == ("DATABASE_URL", "url")
    found = config.resolve("host=option.example dbname=option")
    assert (found.source, found.database) == ("--db", "option")
    assert "alias" not in found.conninfo


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("docket", {"dbname": "docket"}),
        ("dbname=docket port=5433", {"dbname": "docket", "port": "5433"}),
        ("postgres://h/docket", {"host": "h", "dbname": "docket"}),
        ("postgresql+psycopg2://u@h:1/d", {"user": "u", "host": "h", "port": "1", "dbname": "d"}),
    ],
)
def test_the_forms_of_a_connection_string(value: str, expected: dict[str, str]) -> None:
    assert parts(config.resolve(value)) == expected


def test_aliases_fill_what_libpq_was_not_told(given: Callable[..., None]) -> None:
    given(DB_HOST="h", DB_PORT="6543", DB_NAME="d", DB_USER="u", DB_PASSWORD=SECRET, DB_SSL="true")
    assert parts(config.resolve()) == {
        "host": "h", "port": "6543", "dbname": "d", "user": "u",
        "password": SECRET, "sslmode": "require",
    }  # fmt: skip
    given(DB_SSL_MODE="verify-full", PGHOST="better", PGPASSWORD="x")
    found = parts(config.resolve())
    assert "host" not in found, "PGHOST wins, and libpq reads it itself"
    assert "password" not in found
    assert found["sslmode"] == "verify-full"


def test_false_turns_ssl_off(given: Callable[..., None]) -> None:
    given(DB_NAME="d", DB_SSL="off")
    assert parts(config.resolve())["sslmode"] == "disable"
    given(DB_SSL="perhaps")
    with pytest.raises(InvalidArgument, match="DB_SSL must be true or false"):
        config.resolve()


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql://u:{SECRET}@h:5432/d",
        f"host=h user=u password={SECRET} dbname=d",
        f"postgresql://h/d?user=u&password={SECRET}",
    ],
)
def test_no_password_is_shown(value: str) -> None:
    found = config.resolve(value)
    assert SECRET in found.conninfo
    assert SECRET not in found.description
    assert SECRET not in repr(found)
    assert found.description == "d on h:5432 as u"


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql://u:{SECRET}%zz@h/d",
        f"host=h {SECRET}",
        f"postgresql://u:{SECRET}@h/d?{SECRET}=1",
        f"host=h password='{SECRET}",
    ],
)
def test_an_unreadable_string_is_refused_without_quoting_it(value: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        config.resolve(value)
    assert SECRET not in f"{caught.value.as_dict()}"
    assert "--db" in caught.value.message


def test_another_database_s_url_is_refused(given: Callable[..., None]) -> None:
    given(DATABASE_URL="mysql://u@h/d")
    with pytest.raises(InvalidArgument, match=r"DATABASE_URL is not a PostgreSQL URL.*mysql://"):
        config.resolve()


def test_the_mode_says_whether_the_server_is_the_local_one(
    given: Callable[..., None], tmp_path: Path
) -> None:
    given(DATABASE_URL="postgresql://h/d", DATABASE_MODE="local")
    assert not config.is_explicit()
    with pytest.raises(NoServer, match="pgdocket"):
        config.resolve(cwd=tmp_path)
    assert config.resolve("e").database == "e"
    given(DATABASE_MODE="postgres")
    assert config.Config.from_env().source == "DATABASE_URL"
    with pytest.raises(NoServer, match="DATABASE_MODE"):
        config.Config.from_env({"DATABASE_MODE": "postgres"})
    with pytest.raises(InvalidArgument, match="DATABASE_MODE must be local or postgres"):
        config.Config.from_env({"DATABASE_MODE": "redis"})


def test_a_configuration_by_hand() -> None:
    found = config.Config.of(
        host="h", port=5433, database="d", user="u", password=SECRET, ssl_mode="verify-full",
        sslrootcert="/ca.pem",
    )  # fmt: skip
    assert parts(found) == {
        "host": "h", "port": "5433", "dbname": "d", "user": "u", "password": SECRET,
        "sslmode": "verify-full", "sslrootcert": "/ca.pem",
    }  # fmt: skip
    assert SECRET not in repr(found)
    with pytest.raises(InvalidArgument):
        config.Config.of(colour="blue")


def test_pool_settings(given: Callable[..., None]) -> None:
    assert config.resolve("d").settings == ConnectionSettings()
    given(DB_POOL_MIN="1", DB_POOL_MAX="4", DB_IDLE_TIMEOUT="15000", DB_CONNECTION_TIMEOUT="5s")
    assert config.resolve("d").settings == ConnectionSettings(
        min_size=1, max_size=4, max_idle=15.0, connect_timeout=5.0
    )
    given(ENABLE_CONNECTION_POOLING="off")
    assert not config.resolve("d").settings.use_pool


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_POOL_MAX", "many"),
        ("DB_POOL_MAX", "0"),
        ("DB_POOL_MIN", "21"),
        ("DB_IDLE_TIMEOUT", "soon"),
        ("DB_CONNECTION_TIMEOUT", "-1"),
    ],
)
def test_bad_pool_settings_are_named(given: Callable[..., None], name: str, value: str) -> None:
    given(**{name: value})
    with pytest.raises(InvalidArgument, match=name):
        config.resolve("d")


@pytest.mark.parametrize("policy", ["running", "start"])
def test_without_any_server_the_ways_out_are_named(
    policy: config.LocalPolicy, tmp_path: Path
) -> None:
    with pytest.raises(NoServer, match=r"there is no \.pgdocket/") as caught:
        config.resolve(local=policy, cwd=tmp_path)
    assert "pgdocket up" in (caught.value.hint or "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "variable",
    [{"DATABASE_URL": "postgresql://h/d"}, {"PGHOST": "h"}, {"PGSERVICE": "s"}, {"DB_HOST": "h"}],
)
def test_a_server_that_is_named_is_never_started(
    given: Callable[..., None], variable: dict[str, str], tmp_path: Path
) -> None:
    given(**variable)
    assert config.is_explicit()
    assert not config.resolve(local="create", cwd=tmp_path).is_local
    assert not list(tmp_path.iterdir())


def test_the_local_server_is_used_by_its_folder(server18: TestServer, tmp_path: Path) -> None:
    home = {"PGDOCKET_HOME": str(server18.home), "PATH": os.environ["PATH"]}
    found = config.resolve(local="running", cwd=tmp_path, environ=home)
    assert found.is_local
    assert (found.source, found.database) == ("local server", "pgdocket")
    with config.connect(found) as session:
        assert session.info.dbname == "pgdocket"
        assert session.info.parameter_status("application_name") == "pgdocket"


@pytest.fixture
def old_server() -> Iterator[int]:
    """Says that it is PostgreSQL 14 to whoever connects; answers the port."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(1024)
            client.sendall(
                message(b"R", struct.pack("!i", 0))
                + message(b"S", b"server_version\x0014.9\x00")
                + message(b"S", b"client_encoding\x00UTF8\x00")
                + message(b"Z", b"I")
            )
            client.recv(1024)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_an_old_server_is_refused(old_server: int) -> None:
    found = config.resolve(f"host=127.0.0.1 port={old_server} user=u dbname=d sslmode=disable"
                           " gssencmode=disable")  # fmt: skip
    with pytest.raises(ServerTooOld, match=r"PostgreSQL 14\.9"):
        config.connect(found)


def test_a_server_that_does_not_answer(given: Callable[..., None], tmp_path: Path) -> None:
    given(PGHOST=str(tmp_path))
    with pytest.raises(psycopg.OperationalError):
        config.connect(config.resolve())

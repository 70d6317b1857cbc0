"""Which database to use: an explicit option, DATABASE_URL, PG*, DB_*, else the local server."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pgdocket.errors import InvalidArgument, NoServer, ServerTooOld
from pgdocket.settings import ConnectionSettings, boolean, choice, settings_from

if TYPE_CHECKING:
    import psycopg

    from pgdocket.server import LocalServer

# How far `resolve` may go when nothing names a server: use a running local server only, start
# the one that exists, or make one where there is none.
LocalPolicy = Literal["running", "start", "create"]

LOCAL_DATABASE = "pgdocket"
OLDEST_SERVER = 15

# Those of PG* that say which database; the others (PGPASSWORD, PGSSLMODE...) say how.
_PG_PLACES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")

# alias: (libpq keyword, the variable of libpq that wins over the alias)
_ALIASES = {
    "DB_HOST": ("host", "PGHOST"),
    "DB_PORT": ("port", "PGPORT"),
    "DB_NAME": ("dbname", "PGDATABASE"),
    "DB_USER": ("user", "PGUSER"),
    "DB_PASSWORD": ("password", "PGPASSWORD"),
    "DB_SSL_MODE": ("sslmode", "PGSSLMODE"),
}
PROXY_URL = "CLOUDFLARE_PROXY_URL"
_ALIAS_PLACES = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER")


@dataclass(frozen=True, slots=True)
class Config:
    """What to connect to.

    `conninfo` is for libpq and may hold a password: it is not part of the repr and is never
    printed. `description` is for people and holds none. `source` names where it was found.
    """

    conninfo: str = field(repr=False)
    description: str
    source: str
    database: str
    is_local: bool = False
    settings: ConnectionSettings = field(default_factory=ConnectionSettings)
    proxy: str | None = field(default=None, repr=False)

    def through(self, url: str, *, token: str | None = None) -> Config:
        """The same database, for clients by way of a proxy that pools, as Hyperdrive does.

        `url` is a PostgreSQL URL, `token` the password where it has none. TLS is asked for unless
        its sslmode says otherwise. A client treats it as PgBouncer in transaction mode; what needs
        a session of its own, notifications and commands such as deploy, takes the direct way.
        Raises InvalidArgument for a URL that can't be read.
        """
        conninfo = _explicit(_proxied(url, token), PROXY_URL, self.settings).conninfo
        return replace(self, proxy=conninfo)

    def for_clients(
        self, settings: ConnectionSettings | None = None
    ) -> tuple[str, ConnectionSettings]:
        """What a client connects to, and how; `settings` in place of its own."""
        settings = settings or self.settings
        if self.proxy is None:
            return self.conninfo, settings
        direct = self.conninfo if self.conninfo != self.proxy else None
        listen_dsn = settings.listen_dsn or direct
        return self.proxy, replace(settings, pooled=True, listen_dsn=listen_dsn)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """What the environment names: DATABASE_URL, else PG*, else DB_*, else the local server.

        DATABASE_MODE local or postgres asks for the local server, or for one that is named.
        CLOUDFLARE_PROXY_ENABLED leads clients by CLOUDFLARE_PROXY_URL, see through().
        Raises InvalidArgument on a value that can't be read, NoServer where there is nothing.
        """
        return resolve(environ=environ)

    @classmethod
    def of(
        cls,
        *,
        host: str | None = None,
        port: int | None = None,
        database: str | None = None,
        user: str | None = None,
        password: str | None = None,
        ssl_mode: str | None = None,
        settings: ConnectionSettings | None = None,
        **others: str,
    ) -> Config:
        """What is named here; `others` are parameters of libpq, such as sslrootcert.

        Raises InvalidArgument for a parameter that libpq doesn't know.
        """
        named = {
            "host": host,
            "port": None if port is None else str(port),
            "dbname": database,
            "user": user,
            "password": password,
            "sslmode": ssl_mode,
            **others,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return _explicit(given, "Config.of", settings or ConnectionSettings())


def resolve(
    db: str | None = None,
    *,
    local: LocalPolicy = "start",
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    notify: Callable[[str], None] | None = None,
) -> Config:
    """Decides which database to use, by the precedence that the documentation promises.

    `db` is a connection string, a URL or a database name. When neither it nor the environment
    names a server, `local` says how far to go with the local server, which is looked for from
    `cwd` upwards; a server that was named is never started. `notify` hears of what takes long.
    Raises InvalidArgument (PD422) on a value that can't be read, and NoServer (PDSRV) where there
    is nothing to connect to.
    """
    env = os.environ if environ is None else environ
    settings = settings_from(env)
    mode = choice(env, "DATABASE_MODE", ("local", "postgres"))
    if db:
        return _explicit(_parse(db, "--db"), "--db", settings)
    if mode != "local" and (named := _named(env)) is not None:
        given, source = named
        found = _explicit(given, source, settings)
        return found.through(env[PROXY_URL], token=_token(env)) if _has_proxy(env) else found
    if mode == "postgres":
        raise NoServer(
            "DATABASE_MODE is postgres, and no database is named",
            hint="name one with --db, DATABASE_URL, PG* or DB_*",
        )
    started = _local_server(local, env, cwd, notify)
    return Config(
        conninfo=started.conninfo(LOCAL_DATABASE),
        description=f"{LOCAL_DATABASE} on the local server in {started.home}",
        source="local server",
        database=LOCAL_DATABASE,
        is_local=True,
        settings=settings,
    )


def connect(config: Config, *, autocommit: bool = False) -> psycopg.Connection:
    """Opens one connection, named pgdocket in the server's views.

    Raises psycopg.OperationalError when the server doesn't answer, and ServerTooOld (PDOLD)
    when it is older than PostgreSQL 15.
    """
    import psycopg

    session = psycopg.connect(
        config.conninfo,
        autocommit=autocommit,
        connect_timeout=connect_seconds(config),
        fallback_application_name="pgdocket",
    )
    if session.info.server_version < OLDEST_SERVER * 10000:
        version = session.info.parameter_status("server_version")
        session.close()
        raise ServerTooOld(
            f"{config.description} is PostgreSQL {version};"
            f" the oldest for pgdocket is {OLDEST_SERVER}",
            hint="name a newer server with --db or DATABASE_URL",
        )
    return session


def connect_seconds(config: Config) -> int:
    """How long connecting may take: whole seconds, as libpq wants it, never 0, its for ever."""
    return max(1, round(config.settings.connect_timeout))


def is_explicit(db: str | None = None, environ: Mapping[str, str] | None = None) -> bool:
    """Whether an option or the environment names a server, so that none may be started."""
    env = os.environ if environ is None else environ
    is_local = choice(env, "DATABASE_MODE", ("local", "postgres")) == "local"
    names = ("DATABASE_URL", *_PG_PLACES, *_ALIAS_PLACES)
    is_named = any(env.get(name) for name in names) or _has_proxy(env)
    return bool(db) or (not is_local and is_named)


def _named(env: Mapping[str, str]) -> tuple[dict[str, str], str] | None:
    """What the environment says of a server, and where it says so; None where it names none."""
    if url := env.get("DATABASE_URL"):
        return _parse(url, "DATABASE_URL"), "DATABASE_URL"
    if any(env.get(name) for name in _PG_PLACES):
        return _from_aliases(env), "PG*"
    if any(env.get(name) for name in _ALIAS_PLACES):
        return _from_aliases(env), "DB_*"
    if _has_proxy(env):
        return _proxied(env[PROXY_URL], _token(env)), PROXY_URL
    return None


def _has_proxy(env: Mapping[str, str]) -> bool:
    if not boolean(env, "CLOUDFLARE_PROXY_ENABLED", default=False):
        return False
    if not env.get(PROXY_URL):
        raise InvalidArgument(
            f"CLOUDFLARE_PROXY_ENABLED is set, and {PROXY_URL} is not",
            hint="name the proxy: postgresql://user@host:port/database",
        )
    return True


def _token(env: Mapping[str, str]) -> str | None:
    return env.get("CLOUDFLARE_PROXY_TOKEN") or None


def _proxied(url: str, token: str | None) -> dict[str, str]:
    given = {"sslmode": "require"} | _parse(url, PROXY_URL)
    return {"password": token} | given if token else given


def _parse(value: str, source: str) -> dict[str, str]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    if re.fullmatch(r"[\w-]+", value):
        return {"dbname": value}
    # SQLAlchemy's spelling, which many projects have in DATABASE_URL.
    text = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", value)
    scheme = re.match(r"[a-z][a-z0-9+.-]*(?=://)", text, re.IGNORECASE)
    if scheme and scheme[0] not in {"postgres", "postgresql"}:
        raise InvalidArgument(
            f"{source} is not a PostgreSQL URL: it begins with {scheme[0]}://",
            hint="use postgresql://user@host:port/database, or name one with --db",
        )
    try:
        return {k: str(v) for k, v in conninfo_to_dict(text).items() if v is not None}
    except psycopg.ProgrammingError:
        # libpq's message quotes the part that it couldn't read, which may be the password.
        raise InvalidArgument(
            f"{source} can't be read as a connection string",
            hint="use postgresql://user@host:port/database (special characters as %XX)"
            " or host=... port=... dbname=... user=...",
        ) from None


def _from_aliases(env: Mapping[str, str]) -> dict[str, str]:
    if env.get("PGSERVICE"):
        return {}
    given = {
        keyword: env[alias]
        for alias, (keyword, pg_name) in _ALIASES.items()
        if env.get(alias) and not env.get(pg_name)
    }
    if "sslmode" not in given and env.get("DB_SSL") and not env.get("PGSSLMODE"):
        given["sslmode"] = "require" if boolean(env, "DB_SSL", default=False) else "disable"
    return given


def _explicit(given: dict[str, str], source: str, settings: ConnectionSettings) -> Config:
    import psycopg
    from psycopg.conninfo import make_conninfo

    try:
        conninfo = make_conninfo("", **given)
    except psycopg.ProgrammingError:
        raise InvalidArgument(f"{source} holds a value that libpq doesn't accept") from None
    effective = _effective(given)
    return Config(
        conninfo=conninfo,
        description=_describe(effective),
        source=source,
        database=effective.get("dbname") or effective.get("user") or "postgres",
        settings=settings,
    )


def _effective(given: dict[str, str]) -> dict[str, str]:
    from psycopg import pq

    # Only what is described is taken, so that no password can reach a description.
    wanted = {"host", "hostaddr", "port", "dbname", "user", "service"}
    found = {
        option.keyword.decode(): option.val.decode()
        for option in pq.Conninfo.get_defaults()
        if option.val is not None and option.keyword.decode() in wanted
    }
    return found | {key: value for key, value in given.items() if key in wanted}


def _describe(effective: dict[str, str]) -> str:
    host = effective.get("host") or effective.get("hostaddr") or "the default socket"
    port = effective.get("port", "5432")
    user = effective.get("user", "")
    database = effective.get("dbname") or user or "the default database"
    place = f"{host}:{port}" if not host.startswith("/") else f"{host} (port {port})"
    return f"{database} on {place}" + (f" as {user}" if user else "")


def _local_server(
    policy: LocalPolicy,
    env: Mapping[str, str],
    cwd: Path | None,
    notify: Callable[[str], None] | None,
) -> LocalServer:
    from pgdocket import server

    home = server.find_home(cwd, environ=env)
    if home is None and policy != "create":
        raise NoServer(
            f"no database is named and there is no .pgdocket/ in {cwd or Path.cwd()} or above it",
            hint="start a local server with: pgdocket up; or name one with --db or DATABASE_URL",
        )
    found = server.local_server(home, cwd=cwd, environ=env, notify=notify)
    if policy != "running":
        found.start()
    elif not found.is_up():
        raise NoServer(
            f"the local server in {found.home} is not running", hint="start it with: pgdocket up"
        )
    return found

"""Database URIs: `db:pg://user@host/name`, and what libpq is given for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, unquote_plus

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.project_uri import encode

_DATABASE = re.compile(r"(?:db:)?([A-Za-z][A-Za-z0-9]*):(.*)\Z", re.DOTALL | re.IGNORECASE)
_PARTS = re.compile(r"(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")
_PLAIN_VALUE = re.compile(r"[^\s'\\]+\Z")
_USERINFO = re.compile(r"(//[^:/@]*):[^@/]*@")
_PORT = re.compile(r":(\d*)\Z")
ENGINE_NAMES = frozenset({"pg", "pgsql", "postgres", "postgresql"})


@dataclass(frozen=True, slots=True)
class DatabaseUri:
    """A `db:pg:` URI, its parts decoded. `engine` is the name as it was written.

    `text` is the whole of it as it was written, `query_text` its query.
    """

    engine: str = "pg"
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    text: str = ""
    query_text: str = ""

    def __str__(self) -> str:
        return self.text or self._compose(self.password)

    def without_password(self) -> str:
        """The URI with its password blanked, the colon before it kept."""
        if self.password is None:
            return str(self)
        blanked = _USERINFO.sub(r"\1:@", self.text)
        return blanked if self.text else self._compose("")

    def with_default_database(self, environ: Mapping[str, str], login: str) -> DatabaseUri:
        """The URI with the name of the database that libpq would take, where it has none."""
        if self.dbname:
            return self
        default = environ.get("PGDATABASE") or self.user or environ.get("PGUSER") or login
        return replace(self, dbname=default, text="")

    def conninfo(self, password: str | None = None) -> str:
        """libpq's `key=value` text: user, password, dbname, host, port, the query's, sorted.

        `password` replaces the URI's. What is not said is left to PG* variables.
        """
        pairs: list[tuple[str, object]] = [
            ("user", self.user),
            ("password", password or self.password),
            ("dbname", self.dbname),
            ("host", self.host),
            ("port", self.port),
            *sorted(self.query),
        ]
        return " ".join(f"{key}={quote_value(str(value))}" for key, value in pairs if value)

    def _compose(self, password: str | None) -> str:
        userinfo = _escape(self.user or "", safe="")
        if password is not None:
            userinfo += f":{_escape(password, safe='')}"
        host = f"[{self.host}]" if ":" in (self.host or "") else _escape(self.host or "", safe="")
        authority = f"{userinfo}@" if userinfo else ""
        authority += host + (f":{self.port}" if self.port else "")
        path = _escape(self.dbname or "")
        query = self.query_text or "&".join(
            f"{_escape(key)}={_escape(value)}" for key, value in self.query
        )
        # Without a server the name stands directly behind the colon.
        place = f"//{authority}/{path}" if authority else path
        return f"db:{self.engine}:{place}" + (f"?{query}" if query else "")


def parse_database_uri(text: str) -> DatabaseUri:
    """The parts of a database URI; SqitchError when it is none of PostgreSQL."""
    match = _DATABASE.match(text)
    if match is None or match[1].lower() == "db":
        raise SqitchError(f'No engine specified by URI {text}; URI must start with "db:$engine:"')
    engine, rest = match[1], match[2]
    if engine.lower() not in ENGINE_NAMES:
        raise SqitchError(f'Engine "{engine}" of URI {_blank(text)} is not PostgreSQL')
    parts = _PARTS.match(rest)
    assert parts is not None  # noqa: S101  # every part of the pattern may be empty
    user, password, host, port = _parse_authority(parts["authority"] or "", text)
    path = unquote(parts["path"])
    if parts["authority"] is not None or path.startswith("/"):
        path = path.removeprefix("/")
    return DatabaseUri(
        engine=engine,
        user=user,
        password=password,
        host=host,
        port=port,
        dbname=path or None,
        query=tuple(_parse_query(parts["query"] or "")),
        text=encode(text if text[:3].lower() == "db:" else f"db:{text}"),
        query_text=encode(parts["query"] or ""),
    )


def _parse_authority(
    authority: str, text: str
) -> tuple[str | None, str | None, str | None, int | None]:
    userinfo, at, server = authority.rpartition("@")
    user, colon, password = userinfo.partition(":")
    host, port = server, ""
    with_port = _PORT.search(server)
    if with_port is not None:
        host, port = server[: with_port.start()], with_port[1]
    if len(port) > 5:
        raise SqitchError(f"Invalid port {port} in URI {_blank(text)}")
    return (
        (unquote(user) or None) if at else None,
        unquote(password) if colon else None,
        unquote(host.removeprefix("[").removesuffix("]")) or None,
        int(port) if port else None,
    )


def _parse_query(query: str) -> Iterator[tuple[str, str]]:
    for pair in re.split("[&;]", query):
        key, _, value = pair.partition("=")
        if key:
            yield unquote_plus(key), unquote_plus(value)


def _blank(text: str) -> str:
    return _USERINFO.sub(r"\1:@", text)


def _escape(text: str, safe: str = "/!~*'()@:$,") -> str:
    return quote(text, safe=safe)


def quote_value(value: str) -> str:
    """The value as it stands in libpq's `key=value` text."""
    if _PLAIN_VALUE.match(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

"""How a client holds its connections, and what the environment says of that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pgdocket.errors import InvalidArgument

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How a client holds its connections. Times are in seconds.

    `min_size` and `max_size` bound the pool, `timeout` is how long a call waits for one of its
    connections, `connect_timeout` how long making one may take, and one that is not needed for
    `max_idle` is closed. Where no server is there yet, opening goes on trying for `open_timeout`,
    with growing pauses (0: it tries once). Every `check_seconds` the idle connections are asked
    whether they still live (None: never), and so is one that was not used for `trust_seconds`,
    before it is. With `use_pool` false each call has a connection of its own, at most `max_size`
    at a time.

    `pooled` says that the server is reached through PgBouncer in transaction mode: nothing is
    prepared, and nothing stays in a session. Notifications don't pass it; `listen_dsn` is a way
    around it for them.

    A statement that takes longer than `slow_ms` milliseconds is logged as a warning (None: none),
    with `log_statements` every one is; arguments are logged at level DEBUG alone.
    `target_session_attrs` is libpq's, such as read-write where `dsn` names several hosts.
    """

    min_size: int = 2
    max_size: int = 20
    timeout: float = 30.0
    connect_timeout: float = 10.0
    open_timeout: float = 10.0
    max_idle: float = 30.0
    check_seconds: float | None = 30.0
    trust_seconds: float = 5.0
    use_pool: bool = True
    pooled: bool = False
    listen_dsn: str | None = field(default=None, repr=False)  # may hold a password
    target_session_attrs: str | None = None
    slow_ms: int | None = 1000
    log_statements: bool = False
    application_name: str = "pgdocket"


def settings_from(env: Mapping[str, str]) -> ConnectionSettings:
    """The settings that DB_POOL_MIN, DB_POOL_MAX, DB_IDLE_TIMEOUT, DB_CONNECTION_TIMEOUT and
    ENABLE_CONNECTION_POOLING ask for. Raises InvalidArgument for a value that can't be read.
    """
    default = ConnectionSettings()
    max_size = _integer(env, "DB_POOL_MAX", default.max_size)
    min_size = _integer(env, "DB_POOL_MIN", min(default.min_size, max_size))
    if max_size < 1 or min_size > max_size:
        raise InvalidArgument(
            f"DB_POOL_MIN ({min_size}) and DB_POOL_MAX ({max_size}) don't fit together",
            hint="0 <= DB_POOL_MIN <= DB_POOL_MAX, and DB_POOL_MAX is at least 1",
        )
    return ConnectionSettings(
        min_size=min_size,
        max_size=max_size,
        max_idle=_seconds(env, "DB_IDLE_TIMEOUT", default.max_idle),
        connect_timeout=_seconds(env, "DB_CONNECTION_TIMEOUT", default.connect_timeout),
        use_pool=boolean(env, "ENABLE_CONNECTION_POOLING", default=default.use_pool),
    )


def boolean(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A variable that says yes or no. Raises InvalidArgument when it says something else."""
    value = env.get(name, "").strip().lower()
    if not value:
        return default
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise InvalidArgument(f"{name} must be true or false, not {env[name]!r}")


def choice(env: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    """A variable that is one of some words, None where it is not set. Raises InvalidArgument."""
    value = env.get(name, "").strip().lower()
    if value and value not in allowed:
        raise InvalidArgument(f"{name} must be {' or '.join(allowed)}, not {env[name]!r}")
    return value or None


def _integer(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name)
    if not value:
        return default
    if not value.isdecimal():
        raise InvalidArgument(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    """Milliseconds, as every duration of pgdocket, unless the value says `s`."""
    return duration(env, name, default=default, unit="ms")


def duration(env: Mapping[str, str], name: str, *, default: float, unit: str) -> float:
    """A variable that is a time, in seconds; its `unit`, where it says none, is ms or s.

    Raises InvalidArgument.
    """
    value = env.get(name)
    if not value:
        return default
    match = re.fullmatch(r"(\d+)(ms|s)?", value.strip())
    if match is None:
        raise InvalidArgument(
            f"{name} must be a duration, not {value!r}", hint="30000, 30000ms or 30s"
        )
    return float(match[1]) if (match[2] or unit) == "s" else int(match[1]) / 1000

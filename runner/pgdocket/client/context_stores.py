# GENERATED from async_context_stores.py by "pgdocket snapshot".
"""Where a cache keeps contexts: in the process, and in a Redis that processes share."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from pgdocket.client.context_text import context_of, text_of
from pgdocket.errors import InvalidArgument

if TYPE_CHECKING:
    from redis import Redis

    from pgdocket.client.rows import TaskContext

log = logging.getLogger("pgdocket.client")

Key = tuple[str, str]  # the task and the type

_PREFIX = "pgdocket:context:"
# How long one command may take, and how long a Redis is left alone that could not be used.
_TIMEOUT, _REST = 2.0, 30.0


@dataclass(frozen=True, slots=True)
class _Kept:
    context: TaskContext
    until: float


class MemoryStore:
    """The contexts that were used last, for `ttl` seconds."""

    def __init__(self, ttl: float, max_entries: int, clock: Callable[[], float]) -> None:
        self._ttl, self._max_entries, self._clock = ttl, max_entries, clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Key) -> TaskContext | None:
        """What is kept."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.until <= self._clock():
                return None
            self._kept.move_to_end(key)
            return kept.context

    def keep(self, key: Key, context: TaskContext | None) -> None:
        """Keeps a context in place of what was there; None: nothing."""
        with self._lock:
            self._kept.pop(key, None)
            if context is None:
                return
            self._kept[key] = _Kept(context, self._clock() + self._ttl)
            if len(self._kept) > self._max_entries:
                self._kept.popitem(last=False)

    def close(self) -> None:
        """Lets go of everything."""
        with self._lock:
            self._kept.clear()


class RedisStore:
    """Contexts as JSON in a Redis, for `ttl` seconds. Where it can't be used, nothing is there."""

    def __init__(self, redis: str | Redis, ttl: float) -> None:
        try:
            driver = import_module("redis")
            retry = import_module("redis.retry").Retry
            pauses = import_module("redis.backoff")
        except ImportError as error:
            raise InvalidArgument(
                "the package redis is not installed", hint='pip install "pgdocket[redis]"'
            ) from error
        self._ttl = ttl
        self._errors = (driver.RedisError, OSError)
        self._rests_until = 0.0
        self._is_mine = isinstance(redis, str)
        self._redis: Any = redis
        if self._is_mine:
            try:
                self._redis = driver.Redis.from_url(
                    redis,
                    socket_timeout=_TIMEOUT,
                    socket_connect_timeout=_TIMEOUT,
                    retry=retry(pauses.NoBackoff(), 1),  # where an idle connection was closed
                )
            except ValueError:  # whose text may have the password in it
                raise InvalidArgument(
                    "the URL of the Redis can't be read",
                    hint="use redis://[user:password@]host:port/0, rediss:// or unix://path",
                ) from None

    def find(self, key: Key) -> TaskContext | None:
        """What is kept, where it can be read."""
        text = self._ask("GET", _name(key))
        return None if text is None else context_of(text)

    def keep(self, key: Key, context: TaskContext | None) -> None:
        """Keeps a context in place of what was there; None: nothing."""
        if context is None:
            self._ask("DEL", _name(key))
        else:
            ttl = max(1, int(self._ttl * 1000))
            self._ask("SET", _name(key), text_of(context), "PX", ttl)

    def close(self) -> None:
        """Closes the connections, where they were made here."""
        if self._is_mine:
            self._redis.close()

    def _ask(self, *command: Any) -> Any:
        if monotonic() < self._rests_until:
            return None
        try:
            return self._redis.execute_command(*command)
        except self._errors as error:
            log.warning("the Redis can't be used for %g seconds: %s", _REST, error)
            self._rests_until = monotonic() + _REST
            return None


def _name(key: Key) -> str:
    return _PREFIX + ":".join(key)

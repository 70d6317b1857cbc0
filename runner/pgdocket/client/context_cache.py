# GENERATED from async_context_cache.py by "pgdocket snapshot".
"""Contexts that were read before, for clients that read large ones again and again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from pgdocket.client.context_stores import MemoryStore, RedisStore
from pgdocket.context_limits import max_context_bytes, require_size
from pgdocket.settings import boolean, duration

if TYPE_CHECKING:
    from redis import Redis

    from pgdocket.client.docket import Docket
    from pgdocket.client.functions import Id
    from pgdocket.client.rows import Json, TaskContext


class ContextCache:
    """Reads and writes contexts of a docket, and keeps what it has read.

    Versions never change, so nothing that is kept can be wrong; it can only be old. Therefore the
    latest version is asked for before one that is kept is given, which is a small statement in
    place of a large one: with and without the cache the answers are the same, whoever else writes.

        contexts = ContextCache(docket)
        contexts.get(task_id=task.task_id, context_type="codebase")

    `ttl` is for how many seconds a context is kept, `max_entries` how many are; with `enabled`
    false all is read anew. What has more than `max_bytes` is not sent
    (LimitExceeded). `redis`, a URL or a client of the package redis, is where contexts are
    kept besides, for all processes that name it (extra `redis`); while it can't be reached, the
    docket alone is asked. The docket still decides who sees what; but whoever reaches the Redis
    itself reads, and can change, what is kept there. `hits` and `misses` count.
    Threads may share it.
    """

    def __init__(
        self,
        docket: Docket,
        *,
        enabled: bool = True,
        ttl: float = 3600.0,
        max_entries: int = 1000,
        redis: str | Redis | None = None,
        max_bytes: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.max_bytes = max_bytes
        self.enabled = enabled and ttl > 0 and max_entries > 0
        self.ttl = ttl
        self.hits = self.misses = 0
        self._docket = docket
        memory = MemoryStore(ttl, max_entries, clock)
        self._stores: tuple[MemoryStore | RedisStore, ...] = (memory,)
        if redis is not None and self.enabled:
            self._stores = (memory, RedisStore(redis, ttl))

    @classmethod
    def from_env(cls, docket: Docket, environ: Mapping[str, str] | None = None) -> Self:
        """As ENABLE_CONTEXT_CACHING (true), CONTEXT_CACHE_TTL (3600 seconds), MAX_CONTEXT_SIZE_MB
        (none but the docket's) and CONTEXT_CACHE_REDIS_URL (none) say. Raises InvalidArgument for
        a value that can't be read.
        """
        env = os.environ if environ is None else environ
        return cls(
            docket,
            enabled=boolean(env, "ENABLE_CONTEXT_CACHING", default=True),
            ttl=duration(env, "CONTEXT_CACHE_TTL", default=3600.0, unit="s"),
            redis=env.get("CONTEXT_CACHE_REDIS_URL") or None,
            max_bytes=max_context_bytes(env),
        )

    def get(self, *, task_id: Id, context_type: str) -> TaskContext | None:
        """The latest version of a context, as Docket.get_context() has it."""
        if self.enabled:
            kept = self._find(task_id, context_type)
            if kept is not None:
                self.hits += 1
                return kept
            self.misses += 1
        found = self._docket.get_context(task_id=task_id, context_type=context_type)
        self._keep(task_id, context_type, found)
        return found

    def put(
        self, *, task_id: Id, context_type: str, data: Json, **options: Any
    ) -> TaskContext:
        """Stores the next version, as Docket.put_context(), and forgets the one before."""
        require_size(_size(data), self.max_bytes)
        self.forget(task_id=task_id, context_type=context_type)
        stored = self._docket.put_context(
            task_id=task_id, context_type=context_type, data=data, **options
        )
        self._keep(task_id, context_type, stored)
        return stored

    def forget(self, *, task_id: Id, context_type: str) -> None:
        """Lets go of a context."""
        self._keep(task_id, context_type, None)

    def close(self) -> None:
        """Lets go of everything, and of the connections that were made for `redis`, not of the
        docket. Calling it twice is harmless.
        """
        for store in self._stores:
            store.close()

    def _find(self, task_id: Id, context_type: str) -> TaskContext | None:
        """What is kept and still the latest."""
        key = (str(task_id), context_type)
        latest = None
        for place, store in enumerate(self._stores):
            kept = store.find(key)
            if kept is None:
                continue
            latest = latest or self._docket.context_version(
                task_id=task_id, context_type=context_type
            )
            if latest is None:
                return None
            if (kept.version, kept.content_hash) == (latest.version, latest.content_hash):
                for nearer in self._stores[:place]:
                    nearer.keep(key, kept)
                return kept
        return None

    def _keep(self, task_id: Id, context_type: str, found: TaskContext | None) -> None:
        if self.enabled:
            for store in self._stores:
                store.keep((str(task_id), context_type), found)


def _size(data: Json) -> int:
    """The bytes of a document, as PostgreSQL writes it."""
    return len(json.dumps(data, ensure_ascii=False).encode(errors="surrogatepass"))

"""Contexts that were read before, for clients that read large ones again and again."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from pgdocket.settings import boolean, duration

if TYPE_CHECKING:
    from pgdocket.client.docket import Docket
    from pgdocket.client.functions import Id
    from pgdocket.client.rows import Json, TaskContext


@dataclass(frozen=True, slots=True)
class _Kept:
    context: TaskContext
    until: float


class ContextCache:
    """Reads and writes contexts of a docket, and keeps what it has read.

    Versions never change, so nothing that is kept can be wrong; it can only be old. Therefore the
    latest version is asked for before one that is kept is given, which is a small statement in
    place of a large one: with and without the cache the answers are the same, whoever else writes.

        contexts = ContextCache(docket)
        contexts.get(task_id=task.task_id, context_type="codebase")

    `ttl` is for how many seconds a context is kept, `max_entries` how many are; with `enabled`
    false all is read anew. `hits` and `misses` count. Threads may share it.
    """

    def __init__(
        self,
        docket: Docket,
        *,
        enabled: bool = True,
        ttl: float = 3600.0,
        max_entries: int = 1000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.enabled = enabled and ttl > 0 and max_entries > 0
        self.ttl = ttl
        self.hits = self.misses = 0
        self._docket = docket
        self._max_entries = max_entries
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def from_env(cls, docket: Docket, environ: Mapping[str, str] | None = None) -> Self:
        """As ENABLE_CONTEXT_CACHING (true) and CONTEXT_CACHE_TTL (3600 seconds) say.

        Raises InvalidArgument for a value that can't be read.
        """
        env = os.environ if environ is None else environ
        return cls(
            docket,
            enabled=boolean(env, "ENABLE_CONTEXT_CACHING", default=True),
            ttl=duration(env, "CONTEXT_CACHE_TTL", default=3600.0, unit="s"),
        )

    def get(self, *, task_id: Id, context_type: str) -> TaskContext | None:
        """The latest version of a context, as Docket.get_context() has it."""
        if not self.enabled:
            return self._docket.get_context(task_id=task_id, context_type=context_type)
        key = (str(task_id), context_type)
        kept = self._find(key)
        if kept is not None:
            latest = self._docket.context_version(task_id=task_id, context_type=context_type)
            if latest is not None and latest.version == kept.version:
                self.hits += 1
                return kept
        self.misses += 1
        found = self._docket.get_context(task_id=task_id, context_type=context_type)
        self._keep(key, found)
        return found

    def put(self, *, task_id: Id, context_type: str, data: Json, **options: Any) -> TaskContext:
        """Stores the next version, as Docket.put_context() does, and forgets the one before."""
        self.forget(task_id=task_id, context_type=context_type)
        stored = self._docket.put_context(
            task_id=task_id, context_type=context_type, data=data, **options
        )
        self._keep((str(task_id), context_type), stored)
        return stored

    def forget(self, *, task_id: Id, context_type: str) -> None:
        """Lets go of a context."""
        self._keep((str(task_id), context_type), None)

    def _find(self, key: tuple[str, str]) -> TaskContext | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.until <= self._clock():
                return None
            self._kept.move_to_end(key)
            return kept.context

    def _keep(self, key: tuple[str, str], found: TaskContext | None) -> None:
        with self._lock:
            self._kept.pop(key, None)
            if found is None or not self.enabled:
                return
            self._kept[key] = _Kept(found, self._clock() + self.ttl)
            if len(self._kept) > self._max_entries:
                self._kept.popitem(last=False)

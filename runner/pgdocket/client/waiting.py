"""What threads and coroutines do each in their way."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

log = logging.getLogger("pgdocket.client")

T = TypeVar("T")

sleep = time.sleep
async_sleep = asyncio.sleep


class Own(Generic[T]):
    """What belongs to the present thread alone."""

    def __init__(self) -> None:
        self._local = threading.local()

    def get(self) -> T | None:
        """What this thread has."""
        return getattr(self._local, "value", None)

    def set(self, value: T | None) -> None:
        """Gives this thread something, or takes it away."""
        self._local.value = value


class AsyncOwn(Generic[T]):
    """What belongs to the present task alone: not to those that it starts."""

    def __init__(self) -> None:
        self._by_task: WeakKeyDictionary[asyncio.Task[Any], T] = WeakKeyDictionary()

    def get(self) -> T | None:
        """What this task has."""
        if not self._by_task:
            return None
        task = asyncio.current_task()
        return None if task is None else self._by_task.get(task)

    def set(self, value: T | None) -> None:
        """Gives this task something, or takes it away."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a coroutine of a docket runs in a task")
        if value is None:
            self._by_task.pop(task, None)
        else:
            self._by_task[task] = value


class Every:
    """Does something again and again in a thread, until it is stopped; errors are logged."""

    def __init__(self, seconds: float, action: Callable[[], object]) -> None:
        self._seconds, self._action = seconds, action
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pgdocket-check", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it, soon."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._action()
            except Exception as error:  # noqa: BLE001 - the next call meets it, too
                log.info("the connections could not be checked: %s", error)


class AsyncEvery:
    """Does something again and again in a task, until it is stopped; errors are logged."""

    def __init__(self, seconds: float, action: Callable[[], Awaitable[object]]) -> None:
        self._seconds, self._action = seconds, action
        self._task = asyncio.create_task(self._run(), name="pgdocket-check")

    async def stop(self) -> None:
        """Ends it at once."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self._action()
            except Exception as error:  # noqa: BLE001 - the next call meets it, too
                log.info("the connections could not be checked: %s", error)


def is_away(conninfo: str) -> bool:
    """Whether no server answers there, or one that is only starting; it is told no names."""
    places = {"host", "hostaddr", "port", "service"}
    given = {key: value for key, value in conninfo_to_dict(conninfo).items() if key in places}
    asked = make_conninfo(
        "", user="nobody", dbname="none", sslmode="disable", connect_timeout=2, **given
    )
    unconnected = psycopg.pq.PGconn.connect_start(b"host=/nowhere")
    said = unconnected.ping(asked.encode())
    return said in {psycopg.pq.Ping.NO_RESPONSE, psycopg.pq.Ping.REJECT}


async def async_is_away(conninfo: str) -> bool:
    """The same for a coroutine."""
    return await asyncio.to_thread(is_away, conninfo)


@contextmanager
def limited(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Gives up a connection on which there is no answer in time: OperationalError is raised."""
    cutter = _Cutter(connection.pgconn)
    timer = threading.Timer(seconds, cutter.cut)
    timer.daemon = True
    timer.start()
    with cutter.told(seconds):
        try:
            yield
        finally:
            timer.cancel()


@contextmanager
def async_limited(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """The same for a coroutine."""
    cutter = _Cutter(connection.pgconn)
    timer = asyncio.get_running_loop().call_later(seconds, cutter.cut)
    with cutter.told(seconds):
        try:
            yield
        finally:
            timer.cancel()


@dataclass(slots=True)
class _Cutter:
    """Cuts the line to a server, so that whoever waits for it need not wait any longer."""

    line: psycopg.pq.abc.PGconn
    is_cut: bool = False

    def cut(self) -> None:
        self.is_cut = True
        with (
            suppress(OSError, psycopg.OperationalError),
            socket.socket(fileno=os.dup(self.line.socket)) as end,
        ):
            end.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def told(self, seconds: float) -> Iterator[None]:
        try:
            yield
        except psycopg.OperationalError as error:
            if self.is_cut:
                raise psycopg.OperationalError(f"no answer in {seconds:g} seconds") from error
            raise

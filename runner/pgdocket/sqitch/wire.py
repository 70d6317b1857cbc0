"""What goes to the server and comes back: messages, statements in one go, and COPY's data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from psycopg import Connection, Error, OperationalError, generators, pq

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

    from pgdocket.sqitch.blocking import LockWatch

_CHUNK = 1 << 18
_FAILED = pq.ExecStatus.FATAL_ERROR
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_Result = TypeVar("_Result")


class Wire:
    """Sends on a connection and waits; meanwhile `locks` looks for those that it waits for."""

    def __init__(self, connection: Connection[tuple[object, ...]], locks: LockWatch | None) -> None:
        self._connection = connection
        self._locks = locks
        self._is_interrupted = False

    def message(self, query: bytes) -> list[PGresult]:
        """Sends one message of any number of statements; returns all results, errors included."""
        pgconn = self._connection.pgconn
        pgconn.send_query(query)
        return self._wait(generators.execute(pgconn))

    def pipeline(
        self, queries: Sequence[bytes], turn: Callable[[int], None]
    ) -> tuple[int, PGresult]:
        """Sends statements without waiting for each other's results.

        The server runs one after the other, inside the open transaction, and none after one that
        fails. `turn` is called with the position of each before its notices come. Returns
        position and result of the one that failed, else of the last.
        """
        return self._wait(_pipeline(self._connection.pgconn, queries, turn))

    def copy_in(self, lines: Iterable[str]) -> PGresult:
        """Sends the data that COPY has asked for."""
        pgconn, wait = self._connection.pgconn, self._connection.wait
        chunk: list[str] = []
        size = 0
        for line in lines:
            chunk.append(line)
            size += len(line)
            if size > _CHUNK:
                wait(generators.copy_to(pgconn, _encode(chunk)))
                chunk, size = [], 0
        if chunk:
            wait(generators.copy_to(pgconn, _encode(chunk)))
        return wait(generators.copy_end(pgconn, None))

    def refuse_copy(self, reason: bytes) -> PGresult:
        """Ends a COPY that there are no data for; returns its error."""
        return self._connection.wait(generators.copy_end(self._connection.pgconn, reason))

    def copy_out(self, out: Callable[[str], None]) -> PGresult:
        """Hands on the data that COPY sends."""
        while True:
            data = self._connection.wait(generators.copy_from(self._connection.pgconn))
            if not isinstance(data, memoryview):
                return data
            out(bytes(data).decode("utf-8", "replace"))

    def _wait(self, steps: PQGen[_Result]) -> _Result:
        if self._locks is None:
            return self._connection.wait(steps)
        watched = self._watched(steps, self._locks)
        result = self._connection.wait(watched, self._locks.interval)
        if self._is_interrupted:
            self._is_interrupted = False
            raise KeyboardInterrupt
        return result

    def _watched(self, steps: PQGen[_Result], locks: LockWatch) -> PQGen[_Result]:
        """The same steps; whenever nothing happens for a while, `locks` has a look."""
        locks.begin()
        began = perf_counter()
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if ready:
                    wanted = steps.send(ready)
                else:
                    self._look(locks, perf_counter() - began)
        except StopIteration as end:
            result: _Result = end.value
            return result

    def _look(self, locks: LockWatch, waited: float) -> None:
        try:
            is_endless = self._is_interrupted or locks.look(waited)
        except KeyboardInterrupt:  # it must not end the steps, which have the results to fetch
            self._is_interrupted = is_endless = True
        except Error:  # who can't look lets the statement go on
            return
        if is_endless:
            self._connection.cancel_safe()


def _pipeline(
    pgconn: PGconn, queries: Sequence[bytes], turn: Callable[[int], None]
) -> PQGen[tuple[int, PGresult]]:
    pgconn.enter_pipeline_mode()
    try:
        for query in queries:
            pgconn.send_query_params(query, None)
        pgconn.pipeline_sync()
        yield from generators.send(pgconn)
        for number in range(len(queries)):
            turn(number)
            result = (yield from generators.fetch_many(pgconn))[-1]
            if result.status == _FAILED:
                break
        try:
            while (yield from generators.fetch_many(pgconn))[-1].status != _SYNC:
                pass
        except OperationalError:  # lost together with a statement that failed
            if result.status != _FAILED:
                raise
        return number, result
    finally:
        with suppress(OperationalError):  # where the connection is lost
            pgconn.exit_pipeline_mode()


def _encode(lines: list[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")

"""What is sent again, when, and how what can't be is told."""

from __future__ import annotations

import logging
import random

import psycopg
from psycopg_pool import PoolTimeout

from pgdocket.errors import ConnectionFailed, Error, InvalidArgument, from_psycopg

log = logging.getLogger("pgdocket.client")

# Whole transaction undone by the server: to send it again is always right.
_ROLLED_BACK = frozenset({"40001", "40P01"})
_FIRST_PAUSE, _LONGEST_PAUSE, _TRIES = 0.05, 2.0, 6


def pause_before(tries: int, exc: psycopg.Error, *, is_repeatable: bool) -> float | None:
    """How many seconds to wait before the next try, the pauses doubling, with jitter.

    None where there is none: `tries` have been enough, or it can't be sent again. What the server
    rolled back always can; what was under way when the connection was lost, where it is
    repeatable.
    """
    if tries >= _TRIES or not (exc.sqlstate in _ROLLED_BACK or (is_repeatable and is_lost(exc))):
        return None
    log.info("sent again after: %s", exc)
    return growing_pause(tries)


def growing_pause(tries: int) -> float:
    """How many seconds to wait after so many tries."""
    pause = min(_FIRST_PAUSE * 2.0 ** (tries - 1), _LONGEST_PAUSE)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, no secret


def is_lost(exc: psycopg.Error) -> bool:
    """Whether the connection was lost. Where none could be had, the pool has tried for long."""
    return not isinstance(exc, PoolTimeout) and isinstance(from_psycopg(exc), ConnectionFailed)


def understood(exc: psycopg.Error, database: str | None, tries: int = 1) -> Error:
    """The error of pgdocket for one of the driver's, which ended the last of so many tries."""
    if isinstance(exc, PoolTimeout):
        return ConnectionFailed(
            f"no connection was free in time: {exc}",
            hint="the server is away, or max_size connections are too few for so many threads",
        )
    if isinstance(exc, psycopg.DataError) and exc.sqlstate is None:
        # The driver refused a value before sending it: text with a NUL, a number out of range.
        return InvalidArgument(str(exc))
    if exc.sqlstate is not None and exc.sqlstate.startswith("22"):
        # The server could not read a value: no uuid, no date, out of range.
        return InvalidArgument(exc.diag.message_primary or str(exc), hint=exc.diag.message_hint)
    error = from_psycopg(exc, database=database)
    if tries > 1 and (error.detail is None or isinstance(error, ConnectionFailed)):
        told = f"given up after {tries} tries"
        error.detail = told if error.detail is None else f"{told}: {error.detail}"
    return error

"""The advisory lock that keeps two deployments of one database apart, Sqitch's included."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pgdocket.sqitch.blocking import find_holder
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.registry import AnyConnection, Registry
    from pgdocket.sqitch.reporter import Reporter

_POLL_SECONDS = 0.25


def take_lock(
    connection: AnyConnection,
    registry: Registry,
    destination: str,
    reporter: Reporter,
    *,
    timeout: int = 60,
) -> None:
    """Takes Sqitch's session lock; the connection's end gives it back.

    Waits up to `timeout` seconds where another deployment holds it, and says so. SqitchError when
    the time is over.
    """
    if _try(connection, registry):
        return
    reporter.info(
        f"Blocked by another instance of Sqitch working on {destination}; "
        f"waiting {timeout} seconds..."
    )
    end = time.monotonic() + timeout
    while (rest := end - time.monotonic()) > 0:
        time.sleep(min(_POLL_SECONDS, rest))
        if _try(connection, registry):
            return
    holder = find_holder(connection)
    raise SqitchError(
        f"Timed out waiting {timeout} seconds for another instance of Sqitch "
        f"to finish work on {destination}",
        hint=f"it is {holder}" if holder is not None else None,
    )


def _try(connection: AnyConnection, registry: Registry) -> bool:
    row = connection.execute(registry.query("try_lock")).fetchone()
    return bool(row and row[0])

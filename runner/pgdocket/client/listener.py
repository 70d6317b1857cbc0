"""Hears that there is work again, over a connection of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg

log = logging.getLogger("pgdocket.agent")

CHANNEL = "docket_ready"
_LOOK_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


class ReadyListener:
    """Calls `on_ready` whenever the database says that `project_id` has work, from a thread.

    Any project's work counts where that is None. A hint and no more: what comes while there is
    no connection is not heard. The connection is made anew when it is lost. It has to be a
    session's own: PgBouncer in transaction mode passes no notification on.
    """

    def __init__(self, conninfo: str, project_id: str | None, on_ready: Callable[[], None]) -> None:
        self._conninfo = conninfo
        self._project_id = project_id
        self._on_ready = on_ready
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pgdocket-listen", daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stops listening, soon."""
        self._closed.set()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            try:
                with psycopg.connect(
                    self._conninfo, autocommit=True, application_name="pgdocket listen"
                ) as connection:
                    connection.execute(f"listen {CHANNEL}")
                    pause = _FIRST_PAUSE
                    self._on_ready()  # what came before there was anybody to hear it
                    self._hear(connection)
            except psycopg.Error as error:
                log.info("can't listen for work, and look for it instead: %s", error)
                self._closed.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _hear(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        while not self._closed.is_set():
            for notify in connection.notifies(timeout=_LOOK_SECONDS):
                if self._project_id in {None, notify.payload}:
                    self._on_ready()

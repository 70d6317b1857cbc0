"""The loop that works through a queue: claim, hold, handle, complete or fail, stop in order."""

from __future__ import annotations

import logging
import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from types import FrameType
from typing import Any, Literal
from uuid import UUID

from pgdocket.client.calls import Id
from pgdocket.client.docket import Docket
from pgdocket.client.listener import ReadyListener
from pgdocket.client.rows import Task
from pgdocket.errors import ConnectionFailed, Error, GateNotPassed, LeaseLost

log = logging.getLogger("pgdocket.agent")

Event = Literal["claimed", "completed", "failed", "released", "lost"]
_POLL = 0.2


class Failed(Exception):
    """Raised by a handler: the task failed, with the class that decides what happens next."""

    def __init__(
        self,
        message: str,
        *,
        failure_class: str = "bug",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.failure_class = failure_class
        self.details = details


class Released(Exception):
    """Raised by a handler: give the task back, which is no failure; not before a time if given."""

    def __init__(self, reason: str, *, not_before: datetime | None = None) -> None:
        super().__init__(reason)
        self.not_before = not_before


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent did: tasks by how they ended, `lost` being results that came too late."""

    completed: int = 0
    failed: int = 0
    released: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What a handler is given: the task, and whether it is still worth going on with it."""

    task: Task
    attempt_id: UUID
    _lost: threading.Event = field(default_factory=threading.Event)
    _given_back: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def is_lost(self) -> bool:
        """Whether the lease is lost; whatever the handler returns is then dropped."""
        return self._lost.is_set()

    @property
    def should_stop(self) -> bool:
        """Whether the agent is asked to stop; a long handler may then raise Released."""
        return self._stopping.is_set()


Handler = Callable[[Work], Any]


class Agent:
    """Works through a project's queue under one name, with `concurrency` tasks at a time.

    `handler` is given a Work and returns the results (anything that has a JSON form, or None);
    an exception fails the task, with Failed choosing the failure class, and Released gives the
    task back. Leases of `lease_seconds` are renewed in the background; when one is lost all the
    same, the result is dropped. An idle agent asks again after `idle_seconds`: from the first to
    the second, doubling, and at once when the database says that there is work, unless
    `listen` is false. With `until_idle` it stops when it holds nothing and nothing is ready.
    `on_event` is told what happens to each task, from the worker's thread.

        Agent(docket, project_id=project.project_id, name="builder", handler=build).run()
    """

    def __init__(
        self,
        docket: Docket,
        *,
        project_id: Id,
        name: str,
        handler: Handler,
        concurrency: int = 1,
        lease_seconds: int = 60,
        workflow_id: Id | None = None,
        tags_all: Sequence[str] | None = None,
        idle_seconds: tuple[float, float] = (0.05, 2.0),
        drain_seconds: float | None = None,
        until_idle: bool = False,
        listen: bool = True,
        on_event: Callable[[Event, Task], None] | None = None,
    ) -> None:
        self.name = name
        self._docket = docket
        self._project_id = project_id
        self._handler = handler
        self._concurrency = concurrency
        self._lease_seconds = lease_seconds
        self._filters: dict[str, Any] = {"workflow_id": workflow_id, "tags_all": tags_all}
        self._idle_seconds = idle_seconds
        self._drain_seconds = drain_seconds
        self._until_idle = until_idle
        self._listen = listen
        self._on_event = on_event
        self._held: dict[UUID, Work] = {}
        self._busy = 0  # workers with a task, or between one and the next
        self._counts: dict[str, int] = {}
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._wake = threading.Event()
        self._finished = threading.Event()
        self._fatal: BaseException | None = None

    def stop(self) -> None:
        """Asks the agent to stop: nothing new is claimed, and what is held is finished.

        A second call gives back at once what is held. Safe from any thread or signal handler.
        """
        if self._stopping.is_set():
            self._hurry.set()
        self._halt()

    def _halt(self) -> None:
        self._stopping.set()
        self._wake.set()

    def run(self, *, handle_signals: bool = True) -> AgentReport:
        """Works until stop(), or SIGTERM or SIGINT when called from the main thread.

        Then what is held is finished, or, `drain_seconds` later (None: never), given back.
        Returns what was done. Raises the error that made going on impossible, such as NotFound
        for a project that is gone; a lost connection is waited out.
        """
        workers = [
            threading.Thread(target=self._work, name=f"{self.name}-{number}", daemon=True)
            for number in range(1, self._concurrency + 1)
        ]
        keeper = threading.Thread(target=self._keep_leases, name=f"{self.name}-lease", daemon=True)
        with self._signals(handle_signals), self._listening():
            for thread in (*workers, keeper):
                thread.start()
            self._wait(workers)
        self._finished.set()
        self._give_back()
        keeper.join(_POLL)
        if self._fatal is not None:
            raise self._fatal
        return AgentReport(**self._counts)

    def _wait(self, workers: Sequence[threading.Thread]) -> None:
        """Returns when the workers have ended, or may no longer be waited for."""
        deadline: float | None = None
        while any(worker.is_alive() for worker in workers):
            if self._hurry.is_set() or (deadline is not None and monotonic() > deadline):
                return
            if self._stopping.is_set() and deadline is None and self._drain_seconds is not None:
                deadline = monotonic() + self._drain_seconds
            next(worker for worker in workers if worker.is_alive()).join(_POLL)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        conninfo = self._docket.listen_conninfo()
        if not self._listen or conninfo is None:
            yield
            return
        listener = ReadyListener(conninfo, str(self._project_id), self._wake.set)
        listener.start()
        try:
            yield
        finally:
            listener.close()

    @contextmanager
    def _signals(self, wanted: bool) -> Iterator[None]:
        def on_signal(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        if not wanted or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, on_signal) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _work(self) -> None:
        task: Task | None = None
        try:
            while True:
                task = self._next()
                if task is None:
                    return
                while task is not None:
                    task = self._do(task)
                with self._mutex:
                    self._busy -= 1
        except BaseException as error:
            log.exception("agent %s can't go on", self.name)
            self._fatal = self._fatal or error
            self._halt()

    def _next(self) -> Task | None:
        """A claimed task, or None when the agent is asked to stop."""
        pause, longest = self._idle_seconds
        while not self._stopping.is_set():
            try:
                claimed = self._docket.claim_tasks(
                    project_id=self._project_id,
                    agent=self.name,
                    lease_seconds=self._lease_seconds,
                    **self._filters,
                )
            except ConnectionFailed as error:
                log.warning("agent %s could not claim: %s", self.name, error)
                claimed = []
            if claimed:
                with self._mutex:
                    self._busy += 1
                return claimed[0]
            if self._until_idle and not self._busy:
                self._halt()
            self._wake.wait(pause * random.uniform(0.75, 1.0))  # noqa: S311 - no secret
            if not self._stopping.is_set():
                self._wake.clear()
            pause = min(pause * 2, longest)
        return None

    def _do(self, task: Task) -> Task | None:
        """Handles a claimed task; returns the next when one was claimed with the completion."""
        if task.attempt_id is None:
            raise Error(f"task {task.task_key} was claimed without an attempt_id")
        work = Work(task, task.attempt_id, _stopping=self._stopping)
        with self._mutex:
            self._held[work.attempt_id] = work
        self._tell("claimed", task)
        try:
            return self._settle(work)
        except LeaseLost:
            self._lost(work)
        except ConnectionFailed as error:
            log.warning(
                "agent %s could not report task %s, whose lease will expire: %s",
                self.name, task.task_key, error,
            )  # fmt: skip
        finally:
            with self._mutex:
                self._held.pop(work.attempt_id, None)
        return None

    def _settle(self, work: Work) -> Task | None:
        """Runs the handler and reports how it ended."""
        results: object = None
        ending: BaseException | None = None
        try:
            if self._stopping.is_set():
                raise Released("the agent stops")  # it was claimed in the same moment
            results = self._handler(work)
        except BaseException as exc:  # noqa: BLE001 - every ending is reported, below
            ending = exc
        if work.is_lost:
            self._lost(work)
        elif ending is None:
            return self._complete(work, results)
        elif isinstance(ending, Released):
            self._release(work, ending)
        elif isinstance(ending, Failed):
            self._fail(work, str(ending), ending.failure_class, ending.details)
        else:
            log.info("handler failed on task %s", work.task.task_key, exc_info=ending)
            self._fail(work, f"{type(ending).__name__}: {ending}")
        return None

    def _complete(self, work: Work, results: object) -> Task | None:
        try:
            following = self._completed(work, results)
        except (LeaseLost, ConnectionFailed):
            raise
        except GateNotPassed as error:
            self._fail(work, error.message, "validation_failed")
        except (Error, TypeError, ValueError) as error:
            self._fail(work, f"the results were refused: {error}")
        else:
            self._count("completed", work.task)
            return following
        return None

    def _completed(self, work: Work, results: object) -> Task | None:
        if self._stopping.is_set():
            self._docket.complete_task(attempt_id=work.attempt_id, results=results)
            return None
        claimed = self._docket.complete_and_claim(
            attempt_id=work.attempt_id,
            results=results,
            lease_seconds=self._lease_seconds,
            **self._filters,
        )
        return claimed[0] if claimed else None

    def _fail(
        self,
        work: Work,
        error: str,
        failure_class: str = "bug",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self._docket.fail_task(
            attempt_id=work.attempt_id, error=error, failure_class=failure_class, details=details
        )
        self._count("failed", work.task)

    def _release(self, work: Work, released: Released) -> None:
        self._docket.release_task(
            attempt_id=work.attempt_id, reason=str(released), not_before=released.not_before
        )
        self._count("released", work.task)

    def _lost(self, work: Work) -> None:
        if work._given_back.is_set():
            return  # by ourselves, and counted there
        log.warning(
            "agent %s lost its lease on task %s; the result is dropped",
            self.name, work.task.task_key,
        )  # fmt: skip
        self._count("lost", work.task)

    def _give_back(self) -> None:
        """Releases what is still held when the workers are no longer waited for."""
        with self._mutex:
            held = list(self._held.values())
        for work in held:
            work._given_back.set()
            work._lost.set()
            try:
                self._release(work, Released("the agent stopped before it was done"))
            except LeaseLost:
                log.debug("task %s was reported in the same moment", work.task.task_key)
            except Error as error:
                log.warning("could not give task %s back: %s", work.task.task_key, error)

    def _keep_leases(self) -> None:
        """Renews all leases three times in their length, with one call for all."""
        pause = self._lease_seconds / 3
        while not self._finished.wait(pause):
            with self._mutex:
                held = list(self._held.values())
            if not held:
                continue
            try:
                kept = self._docket.heartbeats(
                    attempt_ids=[work.attempt_id for work in held],
                    lease_seconds=self._lease_seconds,
                )
            except Error as error:
                log.warning("agent %s could not renew its leases: %s", self.name, error)
                continue
            still_held = {attempt.attempt_id for attempt in kept}
            for work in held:
                if work.attempt_id not in still_held:
                    work._lost.set()

    def _count(self, event: Event, task: Task) -> None:
        with self._mutex:
            self._counts[event] = self._counts.get(event, 0) + 1
        self._tell(event, task)

    def _tell(self, event: Event, task: Task) -> None:
        log.debug("agent %s: task %s %s", self.name, task.task_key, event)
        if self._on_event is not None:
            self._on_event(event, task)

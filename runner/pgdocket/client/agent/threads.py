"""The agent whose handlers are functions, each in a thread."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from pgdocket.client.agent.base import BaseAgent
from pgdocket.client.agent.desk import Desk
from pgdocket.client.agent.scripts import give_back, keeper, scripts
from pgdocket.client.agent.steps import Abandon, Call, Ending, Handle, Rest, Script, Step
from pgdocket.client.agent.work import AgentReport, Work
from pgdocket.client.docket import Docket

Handler = Callable[[Work], Any]

_POLL = 1.0  # a signal may meet another thread, and then wakes nobody


class _ThreadBell:
    """A bell between threads."""

    def __init__(self, lock: threading.RLock) -> None:
        self._condition = threading.Condition(lock)

    def ring(self, most: int | None = None) -> None:
        """Wakes those who rest; called under the lock."""
        if most is None:
            self._condition.notify_all()
        else:
            self._condition.notify(most)

    def rest(self, until: Callable[[], bool], seconds: float | None) -> None:
        """Waits until something holds."""
        with self._condition:
            self._condition.wait_for(until, seconds)


class Agent(BaseAgent[Docket, Handler]):
    """Works through a project's queue under one name, with `concurrency` tasks at a time.

    Without `project_id` it works in every project that it may, in turn. `capabilities` are what
    it can do: a task that requires more than these is left to others.

    `handler` is given a Work and returns the results (anything that has a JSON form, or None);
    an exception fails the task, with Failed choosing the failure class, and Released gives the
    task back. A function can't be ended from outside: a handler that never returns keeps its
    place, though not its task. Leases of `lease_seconds` are renewed in the background; when one
    is lost all the same, the result is dropped. An idle agent asks again after `idle_seconds`:
    from the first to the second, doubling, and at once when the database says that there is
    work, unless `listen` is false. With `until_idle` it stops when it holds nothing and nothing
    is ready. `on_event` is told what happens to each task, from the thread where it happens;
    when it raises something, the agent stops, and run() raises that.

    Many small tasks go faster with a `batch_size`: up to so many are claimed in one call, and
    those finished while the last call was under way are completed in one (one by one when that
    is refused, so that a bad one costs only itself). `prefetch` tasks at most (`batch_size` - 1
    where it is not given) are claimed ahead of free workers and wait; their leases are renewed
    too, and one whose lease was lost is dropped before its handler runs. One that has waited for
    `lease_seconds` is given back, for others, and none is claimed ahead until a worker is free.

        Agent(docket, project_id=project.project_id, name="builder", handler=build).run()
    """

    def run(self, *, handle_signals: bool = True) -> AgentReport:
        """Works until stop(), or SIGTERM or SIGINT when called from the main thread.

        Then what is held is finished, or, `drain_seconds` later (None: never), given back.
        Returns what was done. Raises the error that made going on impossible, such as NotFound
        for a project that is gone; a lost connection is waited out. An agent runs once.
        """
        crew = _Crew(self._docket, self._handler)
        self._nudge = crew.nudge
        desk = self._begin(Desk(self._options, self._stop, _ThreadBell, Work, crew.nudge))
        with self._signals(handle_signals), self._listening(desk):
            crew.work(desk)
        if desk.fatal is not None:
            raise desk.fatal
        return desk.report

    @contextmanager
    def _listening(self, desk: Desk) -> Iterator[None]:
        listener = self._listener(desk.wake)
        if listener is None:
            yield
            return
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


class _Crew:
    """The threads of one run, and what the thread that called it does meanwhile."""

    def __init__(self, docket: Docket, handler: Handler) -> None:
        self._docket = docket
        self._handler = handler
        # Alone among the queues it may be put into by a signal handler.
        self._orders: queue.SimpleQueue[int] = queue.SimpleQueue()

    def nudge(self) -> None:
        """Has the supervisor look at the flags."""
        self._orders.put(0)

    def work(self, desk: Desk) -> None:
        """Returns when all that was held has ended."""
        renewing = self._thread(desk, "lease", keeper(desk), 0)
        is_drained = False
        try:
            renewing.start()
            named = scripts(desk)
            for name, script in named.items():
                self._thread(desk, name, script, 1).start()
            is_drained = self._supervise(desk, len(named))
        except BaseException as error:  # noqa: BLE001 - raised again when all is in order
            desk.stop.hurried = True
            desk.broke(error)
        self._drive(give_back(desk, by_force=is_drained))
        desk.finish()
        renewing.join(_POLL)

    def _supervise(self, desk: Desk, scripts_left: int) -> bool:
        """Returns when the scripts have ended, or, with False, may no longer be waited for."""
        while scripts_left:
            if desk.stop.asked and not desk.is_halted:
                desk.halt()
            left = desk.time_left()
            if left <= 0:
                return False
            with suppress(queue.Empty):
                scripts_left -= self._orders.get(timeout=min(left, _POLL))
        return True

    def _thread(self, desk: Desk, name: str, script: Script[None], weight: int) -> threading.Thread:
        def run() -> None:
            try:
                self._drive(script)
            except BaseException as error:  # noqa: BLE001 - raised by run(), in order
                desk.broke(error)
            finally:
                self._orders.put(weight)

        return threading.Thread(target=run, name=f"{desk.options.name}-{name}", daemon=True)

    def _drive(self, script: Script[None]) -> None:
        """Takes the steps of a script in this thread."""
        with suppress(StopIteration):
            step = next(script)
            while True:
                try:
                    answer = self._take(step)
                except Exception as error:  # noqa: BLE001 - for the script to judge
                    step = script.throw(error)
                else:
                    step = script.send(answer)

    def _take(self, step: Step) -> Any:
        match step:
            case Call(name, arguments):
                return getattr(self._docket, name)(**arguments)
            case Handle(work):
                try:
                    return Ending(self._handler(work))
                except BaseException as error:  # noqa: BLE001 - every ending is reported
                    return Ending(error=error)
            case Rest(bell, until, seconds):
                return bell.rest(until, seconds)
            case Abandon():
                return None  # a thread can't be ended; its handler sees is_lost

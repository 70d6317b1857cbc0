"""The agent whose handlers are coroutines, all on the caller's event loop."""

from __future__ import annotations

import asyncio
import math
import signal
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from pgdocket.client.agent.base import BaseAgent
from pgdocket.client.agent.desk import Desk
from pgdocket.client.agent.scripts import give_back, keeper, log, scripts
from pgdocket.client.agent.steps import Abandon, Call, Ending, Handle, Rest, Script, Step
from pgdocket.client.agent.work import AgentReport, AsyncWork, Stop, Work
from pgdocket.client.async_docket import AsyncDocket
from pgdocket.client.rows import Task

AsyncHandler = Callable[[AsyncWork], Awaitable[Any]]

_GRACE = 5.0  # for coroutines that are cancelled


class _LoopBell:
    """A bell between coroutines of one loop."""

    def __init__(self, _lock: threading.RLock) -> None:
        self._resting: deque[asyncio.Future[None]] = deque()

    def ring(self, most: int | None = None) -> None:
        """Wakes those who rest; called on the loop."""
        left = len(self._resting) if most is None else most
        while self._resting and left > 0:
            future = self._resting.popleft()
            if not future.done():
                future.set_result(None)
                left -= 1

    async def rest(self, until: Callable[[], bool], seconds: float | None) -> None:
        """Waits until something holds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not until():
                    await self._once()

    async def _once(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._resting.append(future)
        try:
            await future
        finally:
            if future.cancelled():
                with suppress(ValueError):  # it was rung in the same moment
                    self._resting.remove(future)


class AsyncAgent(BaseAgent[AsyncDocket, AsyncHandler]):
    """An Agent whose handlers are coroutines, `concurrency` at a time on the caller's loop.

    Its options and what it does are those of Agent. `handler` is given an AsyncWork, whose
    lost() and stopping() can be awaited; it is cancelled when its lease is lost. `on_event` is
    called on the loop.

        await AsyncAgent(docket, project_id=project_id, name="ada", handler=ask_model).run()

    or beside something else, until the block ends; what is held is finished then, or given back
    when the block ends with an exception:

        async with AsyncAgent(docket, project_id=project_id, name="ada", handler=ask_model):
            await serve()
    """

    _running: asyncio.Task[AgentReport] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.run(handle_signals=False), name=self.name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._running is None:
            return
        if error is None:
            await self._running
            return
        self.stop()
        await asyncio.wait({self._running})
        if not self._running.cancelled() and (other := self._running.exception()) is not None:
            log.warning("agent %s had stopped already: %s", self.name, other)

    async def run(self, *, handle_signals: bool = True) -> AgentReport:
        """Works until stop(), or SIGTERM or SIGINT when the loop is the main thread's.

        Then what is held is finished, or, `drain_seconds` later (None: never), given back; and
        at once when this coroutine is cancelled. Returns what was done. Raises the error that
        made going on impossible, such as NotFound for a project that is gone; a lost connection
        is waited out. An agent runs once.
        """
        loop = asyncio.get_running_loop()
        crew = _Crew(self._docket, self._handler, self._stop)
        self._nudge = partial(_call_on, loop, crew.nudge)
        desk = self._begin(Desk(self._options, self._stop, _LoopBell, crew.make_work, crew.nudge))
        listener = self._listener(partial(_call_on, loop, desk.wake))
        with self._signals(loop, handle_signals):
            if listener is not None:
                listener.start()
            try:
                await self._unhurt(asyncio.create_task(crew.work(desk)))
            finally:
                if listener is not None:
                    listener.close()
        if desk.fatal is not None:
            raise desk.fatal
        return desk.report

    async def _unhurt(self, working: asyncio.Task[None]) -> None:
        """Waits for the work; when that is cancelled, all is given back before."""
        try:
            await asyncio.wait({working})
        except asyncio.CancelledError:
            self.stop()
            self.stop()
            await asyncio.wait({working})
            raise
        working.result()

    @contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop, wanted: bool) -> Iterator[None]:
        numbers = (signal.SIGTERM, signal.SIGINT)
        if not wanted or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.getsignal(each) for each in numbers}
        for each in numbers:
            loop.add_signal_handler(each, self.stop)
        try:
            yield
        finally:
            for each in numbers:
                loop.remove_signal_handler(each)
                signal.signal(each, before[each] or signal.SIG_DFL)


def _call_on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Calls something on the loop, from wherever; nothing when the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


class _Crew:
    """The coroutines of one run."""

    def __init__(self, docket: AsyncDocket, handler: AsyncHandler, stop: Stop) -> None:
        self._docket = docket
        self._handler = handler
        self._stop = stop
        self._order = asyncio.Event()
        self._stopping = asyncio.Event()
        self._handling: dict[Work, asyncio.Task[Ending]] = {}

    def nudge(self) -> None:
        """Has the supervisor look at the flags; called on the loop."""
        self._order.set()
        if self._stop.asked:
            self._stopping.set()

    def make_work(self, task: Task, stop: Stop, claimed_at: float) -> AsyncWork:
        """A Work of this run."""
        return AsyncWork(task, stop, claimed_at, self._stopping)

    async def work(self, desk: Desk) -> None:
        """Returns when all that was held has ended."""
        renewing = self._task(desk, "lease", keeper(desk))
        going = [self._task(desk, *named) for named in scripts(desk).items()]
        is_drained = await self._supervise(desk, going)
        await self._drive(give_back(desk, by_force=is_drained))
        desk.finish()
        await asyncio.wait({renewing}, timeout=1.0)

    async def _supervise(self, desk: Desk, going: list[asyncio.Task[None]]) -> bool:
        """Returns when the scripts have ended, or, with False, may no longer be waited for."""
        all_ended = asyncio.ensure_future(asyncio.wait(going))
        while not all_ended.done():
            if desk.stop.asked and not desk.is_halted:
                desk.halt()
            left = desk.time_left()
            if left <= 0:
                all_ended.cancel()
                return False
            self._order.clear()
            ordered = asyncio.ensure_future(self._order.wait())
            await asyncio.wait(
                {all_ended, ordered},
                timeout=None if math.isinf(left) else left,
                return_when=asyncio.FIRST_COMPLETED,
            )
            ordered.cancel()
        return True

    def _task(self, desk: Desk, name: str, script: Script[None]) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await self._drive(script)
            except asyncio.CancelledError:
                raise  # the loop itself comes to its end
            except BaseException as error:  # noqa: BLE001 - raised by run(), in order
                desk.broke(error)

        return asyncio.create_task(run(), name=f"{desk.options.name}-{name}")

    async def _drive(self, script: Script[None]) -> None:
        """Takes the steps of a script in this coroutine."""
        with suppress(StopIteration):
            step = next(script)
            while True:
                try:
                    answer = await self._take(step)
                except Exception as error:  # noqa: BLE001 - for the script to judge
                    step = script.throw(error)
                else:
                    step = script.send(answer)

    async def _take(self, step: Step) -> Any:
        match step:
            case Call(name, arguments):
                return await getattr(self._docket, name)(**arguments)
            case Handle(work) if isinstance(work, AsyncWork):
                return await self._handle(work)
            case Rest(bell, until, seconds):
                return await bell.rest(until, seconds)
            case Abandon(works):
                return await self._abandon(works)
            case _:
                raise TypeError(f"not a step of coroutines: {step}")

    async def _handle(self, work: AsyncWork) -> Ending:
        """Runs the handler as a task of its own, which can be cancelled and nothing else is."""
        handling = self._handling[work] = asyncio.create_task(self._ending(work))
        work.on_lost = handling.cancel
        try:
            await asyncio.wait({handling})
        finally:
            del self._handling[work]
        return Ending(error=asyncio.CancelledError()) if handling.cancelled() else handling.result()

    async def _ending(self, work: AsyncWork) -> Ending:
        try:
            return Ending(await self._handler(work))
        except BaseException as error:  # noqa: BLE001 - every ending is reported
            return Ending(error=error)

    async def _abandon(self, works: list[Work]) -> None:
        """Waits for handlers that have just been cancelled, though not for ever."""
        handling = [self._handling[work] for work in works if work in self._handling]
        if handling:
            _, deaf = await asyncio.wait(handling, timeout=_GRACE)
            if deaf:
                log.warning("%d handlers go on though they were cancelled", len(deaf))

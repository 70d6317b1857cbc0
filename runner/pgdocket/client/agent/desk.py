"""What an agent holds, and who may do what with it: one lock, and no call of the database."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from time import monotonic
from uuid import UUID

from pgdocket.client.agent.options import Options
from pgdocket.client.agent.steps import Bell
from pgdocket.client.agent.work import AgentReport, Event, Phase, Stop, Work
from pgdocket.client.rows import Task

log = logging.getLogger("pgdocket.agent")


class Desk:
    """The state that the scripts of one agent share.

    A claimed task is held from the claim until it has ended. It waits in the stock, is handled,
    and is reported: whoever moves it to that last phase, under the lock, ends it and counts it,
    and nobody else does.
    """

    def __init__(
        self,
        options: Options,
        stop: Stop,
        make_bell: Callable[[threading.RLock], Bell],
        make_work: Callable[[Task, Stop, float], Work],
        on_halt: Callable[[], None],
    ) -> None:
        self.options = options
        self.stop = stop
        self.lock = threading.RLock()
        self.for_workers = make_bell(self.lock)
        self.for_fetcher = make_bell(self.lock)
        self.for_helpers = make_bell(self.lock)
        self.for_reporter = make_bell(self.lock)
        self.for_keeper = make_bell(self.lock)
        self.for_ends = make_bell(self.lock)
        self.held: dict[UUID, Work] = {}
        self.fatal: BaseException | None = None
        self.is_finished = False
        self._make_work = make_work
        self._on_halt = on_halt
        self._stock: deque[Work] = deque()
        self._done: deque[Work] = deque()
        self._busy = 0  # workers with a task, or between one and the next
        self._workers_left = options.concurrency
        self._fetchers_left = 1 + options.helpers
        self._asked = 0  # tasks that claims under way may bring
        self._is_plenty = False  # the last claim brought all that it asked for
        self._reports = 0  # under way
        self._is_late = False  # a task has waited too long, and no worker has been free since
        self._is_woken = False
        self._stopped_at: float | None = None
        self._counts: Counter[Event] = Counter()

    @property
    def report(self) -> AgentReport:
        """What has been done up to now."""
        with self.lock:
            return AgentReport(**{k: n for k, n in self._counts.items() if k != "claimed"})

    # Claiming

    def wanted(self) -> int:
        """How many to claim now: for free workers, and to wait when half of those are gone."""
        most = self.options.batch_size
        with self.lock:
            if self.stop.asked or len(self._done) >= 2 * most:
                return 0
            ahead = 0 if self._is_late else self.options.prefetch
            free = self.options.concurrency - self._busy - len(self._stock) - self._asked
            if free <= 0 and -free > ahead // 2:
                return 0
            return max(0, min(most, free + ahead))

    def may_fetch(self) -> bool:
        """Whether the fetcher has something to do."""
        return self.stop.asked or self.wanted() > 0

    def may_help(self) -> bool:
        """Whether one more claim beside the fetcher's is worth it: for a whole batch."""
        return self.stop.asked or (self._is_plenty and self.wanted() >= self.options.batch_size)

    def may_look_again(self) -> bool:
        """Whether the fetcher need not wait out its pause."""
        return self.stop.asked or self._is_woken

    def wake(self) -> None:
        """There may be work again."""
        with self.lock:
            self._is_woken = True
            self.for_fetcher.ring()

    def look(self) -> int | None:
        """Before a claim: from now on a wake counts anew. What was_idle() asks for."""
        with self.lock:
            self._is_woken = False
            return self._ended_while_quiet()

    def was_idle(self, seen: int | None) -> bool:
        """Whether nothing was held at look(), nor since; a claim that found nothing is true."""
        with self.lock:
            return seen is not None and seen == self._ended_while_quiet()

    def _ended_while_quiet(self) -> int | None:
        if self.held or self._busy or self._asked:
            return None
        return self._counts.total()

    def ask(self) -> int:
        """How many to claim now, which no other claim is to bring then; answered() follows."""
        with self.lock:
            wanted = self.wanted()
            self._asked += wanted
            return wanted

    def answered(self, asked: int, found: int | None) -> None:
        """A claim has brought so many; None when the server could not be asked."""
        with self.lock:
            self._asked -= asked
            self._is_plenty = found == asked
            self._ring_fetchers()

    def put(self, tasks: Iterable[Task], asked_at: float) -> None:
        """Claimed tasks join the stock."""
        with self.lock:
            works = [self._make_work(task, self.stop, asked_at) for task in tasks]
            self.held.update((work.attempt_id, work) for work in works)
        for work in works:
            self.tell("claimed", work.task)
        with self.lock:
            self._stock.extend(work for work in works if work.phase is Phase.WAITING)
            self.for_workers.ring(len(works))

    # Handling

    def has_work(self) -> bool:
        """Whether a worker has something to do, be it to end."""
        return self.stop.asked or bool(self._stock)

    def take(self) -> Work | None:
        """The task that has waited longest, for a worker; None when it may have none."""
        with self.lock:
            if self.stop.asked or not self._stock:
                return None
            work = self._stock.popleft()
            work.phase = Phase.HANDLED
            self._busy += 1
            self._ring_fetchers()
            return work

    def follow(self, task: Task, asked_at: float) -> Work:
        """The task that a worker has claimed with the completion of another."""
        work = self._make_work(task, self.stop, asked_at)
        with self.lock:
            work.phase = Phase.HANDLED
            self.held[work.attempt_id] = work
        self.tell("claimed", task)
        return work

    def free(self) -> None:
        """A worker is without a task."""
        with self.lock:
            self._busy -= 1
            self._is_late = False
            if self.options.is_direct:
                self._is_woken = True
                self.for_fetcher.ring()
            self._ring_fetchers()

    def worker_ended(self) -> None:
        """A worker is gone."""
        with self.lock:
            self._workers_left -= 1
            self.for_reporter.ring()

    def fetcher_ended(self) -> None:
        """No more will be claimed ahead."""
        with self.lock:
            self._fetchers_left -= 1
            self.for_ends.ring()

    def is_empty(self) -> bool:
        """Whether nothing is held, nor about to be."""
        return not self.held and not self._fetchers_left

    # Reporting

    def own(self, work: Work) -> bool:
        """Whether a handled task is the caller's to report; it is nobody else's then."""
        with self.lock:
            if work.phase is not Phase.HANDLED:
                return False
            work.phase = Phase.REPORTED
            return True

    def lay_down(self, work: Work, results: object) -> None:
        """A completed task waits for the reporter."""
        with self.lock:
            work.results = results
            self._done.append(work)
            if self.has_reports():
                self.for_reporter.ring(1)

    def is_reported(self) -> bool:
        """Whether there is nothing to report, and will be nothing."""
        return self.is_finished or (not self._workers_left and not self._done)

    def has_reports(self) -> bool:
        """Whether a reporter has something to do: a whole batch, or less when no other reports."""
        if self.is_reported() or len(self._done) >= self.options.batch_size:
            return True
        return bool(self._done) and not self._reports

    def take_done(self) -> list[Work]:
        """Completed tasks of one project, at most a batch; reported() follows."""
        batch: list[Work] = []
        with self.lock:
            self._reports += 1
            while self._done and len(batch) < self.options.batch_size:
                if batch and self._done[0].task.project_id != batch[0].task.project_id:
                    break
                batch.append(self._done.popleft())
            self._ring_fetchers()
        return batch

    def reported(self) -> None:
        """A call of a reporter is over."""
        with self.lock:
            self._reports -= 1
            if self.has_reports():
                self.for_reporter.ring()

    def end(self, work: Work, event: Event) -> None:
        """A reported task has ended."""
        with self.lock:
            work.phase = Phase.ENDED
            self.held.pop(work.attempt_id, None)
            self._counts[event] += 1
            if not self.options.is_direct:
                self._is_woken = True
                self.for_fetcher.ring()
            self.for_ends.ring()
        self.tell(event, work.task)

    def tell(self, event: Event, task: Task) -> None:
        """Says what happens to a task; one who can't hear it stops the agent."""
        log.debug("agent %s: task %s %s", self.options.name, task.task_key, event)
        if self.options.on_event is None:
            return
        try:
            self.options.on_event(event, task)
        except BaseException as error:  # noqa: BLE001 - raised by run(), in order
            self.broke(error)

    # Leases

    def to_renew(self) -> list[Work]:
        """Those whose leases are worth renewing."""
        with self.lock:
            return [work for work in self.held.values() if not work.is_lost]

    def renewed(self, asked: Iterable[Work], kept: set[UUID], asked_at: float) -> list[Work]:
        """Marks what the database has told of leases; the lost ones that waited are returned."""
        dropped = []
        with self.lock:
            for work in asked:
                if work.attempt_id in kept:
                    work.confirmed_at = asked_at
                elif work.phase is Phase.WAITING:
                    dropped.append(work)
                elif work.phase is Phase.HANDLED:
                    work.lose()
            self._pull(dropped)
        return dropped

    def is_doubtful(self, work: Work) -> bool:
        """Whether a lease has not been confirmed for so long that it may be lost."""
        return monotonic() - work.confirmed_at > self.options.lease_seconds / 2

    def pull_late(self) -> list[Work]:
        """Takes out those that have waited for a whole lease; others may have a free worker."""
        earliest = monotonic() - self.options.lease_seconds
        with self.lock:
            late = [work for work in self._stock if work.claimed_at < earliest]
            self._is_late = self._is_late or bool(late)
            return self._pull(late)

    def pull_waiting(self) -> list[Work]:
        """Takes out all that wait."""
        with self.lock:
            return self._pull(list(self._stock))

    def pull_all(self, *, by_force: bool) -> list[Work]:
        """Takes what has not ended from whoever has it; from one who reports it, by force only."""
        with self.lock:
            taken = [
                work for work in self.held.values() if by_force or work.phase is not Phase.REPORTED
            ]
            for work in taken:
                work.lose()
            return self._pull(taken)

    def _pull(self, works: list[Work]) -> list[Work]:
        for work in works:
            work.phase = Phase.REPORTED
        if works:
            self._stock = deque(each for each in self._stock if each.phase is Phase.WAITING)
        return works

    # Stopping

    @property
    def is_halted(self) -> bool:
        """Whether the scripts have been told to stop."""
        return self._stopped_at is not None

    def halt(self) -> None:
        """Nothing new is begun."""
        with self.lock:
            self.stop.asked = True
            if self._stopped_at is None:
                self._stopped_at = monotonic()
            self._ring_all()
        self._on_halt()

    def broke(self, error: BaseException) -> None:
        """Going on is impossible: stops, for the first reason of all."""
        log.error("agent %s can't go on", self.options.name, exc_info=error)
        with self.lock:
            self.fatal = self.fatal or error
        self.halt()

    def time_left(self) -> float:
        """Seconds until what is held is given back."""
        if self.stop.hurried:
            return 0.0
        if self._stopped_at is None or self.options.drain_seconds is None:
            return math.inf
        return max(0.0, self._stopped_at + self.options.drain_seconds - monotonic())

    def finish(self) -> None:
        """All is over: whatever script still rests may end."""
        with self.lock:
            self.is_finished = True
            self._ring_all()

    def _ring_fetchers(self) -> None:
        if self.wanted():
            self.for_fetcher.ring()
            if self.may_help():
                self.for_helpers.ring(1)

    def _ring_all(self) -> None:
        for bell in (
            self.for_workers, self.for_fetcher, self.for_helpers, self.for_reporter,
            self.for_keeper,
        ):  # fmt: skip
            bell.ring()

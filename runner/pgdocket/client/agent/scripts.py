"""What an agent does, as scripts: each asks for steps, and threads or coroutines take them."""

from __future__ import annotations

import logging
import random
from time import monotonic

from pgdocket.client.agent import reports
from pgdocket.client.agent.desk import Desk
from pgdocket.client.agent.steps import Abandon, Call, Ending, Handle, Rest, Script
from pgdocket.client.agent.work import Released, Work
from pgdocket.client.rows import Task, TaskAttempt
from pgdocket.errors import ConnectionFailed, Error

log = logging.getLogger("pgdocket.agent")

_PATIENCE = 10.0  # for those who report in the moment when everything is given back


def worker(desk: Desk) -> Script[None]:
    """Handles one task at a time, until the agent stops."""
    try:
        while not desk.stop.asked:
            work = desk.take()
            if work is None:
                yield Rest(desk.for_workers, desk.has_work)
                continue
            if (yield from _is_held(desk, work)):
                following: Work | None = work
                while following is not None:
                    following = yield from _do(desk, following)
            desk.free()
    finally:
        desk.worker_ended()


def _is_held(desk: Desk, work: Work) -> Script[bool]:
    """Asks whether the lease of a task is held that has waited long unconfirmed."""
    if not desk.is_doubtful(work):
        return True
    reason: Exception | None = None
    try:
        kept = yield from _renew(desk, [work])
    except Error as error:
        kept, reason = False, error
    if not kept and desk.own(work):
        reports.lost(desk, work, reason)
    return kept


def _do(desk: Desk, work: Work) -> Script[Work | None]:
    """Handles a task and reports it; returns the next when it was claimed with that."""
    if desk.stop.asked:  # it was claimed in the same moment
        ending = Ending(error=Released("the agent stops"))
    elif work.is_lost:
        ending = Ending()
    else:
        ending = yield Handle(work)
    if not desk.own(work):
        return None
    if work.is_lost:
        reports.lost(desk, work)
    elif ending.error is not None:
        yield from reports.give_up(desk, work, ending.error)
    elif desk.options.batch_size > 1:
        desk.lay_down(work, ending.results)
    else:
        work.results = ending.results
        return (yield from reports.complete(desk, work))
    return None


def fetcher(desk: Desk) -> Script[None]:
    """Claims for all the workers, and gives back at once what still waits when the agent stops."""
    yield from _fetching(desk, _fetch(desk))


def helper(desk: Desk) -> Script[None]:
    """Claims whole batches beside the fetcher, while there is plenty."""
    yield from _fetching(desk, _help(desk))


def _fetching(desk: Desk, script: Script[None]) -> Script[None]:
    try:
        try:
            yield from script
        except Exception as error:  # noqa: BLE001 - raised by run(), when all is in order
            desk.broke(error)
        for work in desk.pull_waiting():
            yield from reports.release(desk, work, Released("the agent stops"))
    finally:
        desk.fetcher_ended()


def _fetch(desk: Desk) -> Script[None]:
    first, longest = desk.options.idle_seconds
    pause = first
    while not desk.stop.asked:
        seen = desk.look()
        wanted = desk.ask()
        if not wanted:
            yield Rest(desk.for_fetcher, desk.may_fetch)
            continue
        found = yield from _claim(desk, wanted)
        if found and (found == wanted or desk.options.is_everywhere):
            pause = first
            continue
        if found == 0 and desk.options.until_idle and desk.was_idle(seen):
            desk.halt()
            return
        pause = first if found else pause
        yield Rest(
            desk.for_fetcher,
            desk.may_look_again,
            pause * random.uniform(0.75, 1.0),  # noqa: S311 - no secret
        )
        pause = first if desk.may_look_again() else min(pause * 2, longest)


def _help(desk: Desk) -> Script[None]:
    while not desk.stop.asked:
        yield Rest(desk.for_helpers, desk.may_help)
        if wanted := desk.ask():
            yield from _claim(desk, wanted)


def _claim(desk: Desk, most: int) -> Script[int | None]:
    """Claims tasks; returns how many, None when the server could not be asked."""
    asked_at = monotonic()
    found: int | None = None
    try:
        tasks: list[Task] = yield Call(*desk.options.claim(most))
        found = len(tasks)
        desk.put(tasks, asked_at)
    except ConnectionFailed as error:
        log.warning("agent %s could not claim: %s", desk.options.name, error)
    finally:
        desk.answered(most, found)
    return found


def reporter(desk: Desk) -> Script[None]:
    """Completes in one call what was finished while the last call was under way."""
    while not desk.is_reported():
        yield Rest(desk.for_reporter, desk.has_reports)
        works = desk.take_done()
        try:
            yield from reports.complete_all(desk, works)
        finally:
            desk.reported()


def keeper(desk: Desk) -> Script[None]:
    """Renews all leases three times in their length, with one call for all."""
    while True:
        yield Rest(desk.for_keeper, lambda: desk.is_finished, desk.options.lease_seconds / 3)
        if desk.is_finished:
            return
        held = desk.to_renew()
        if held:
            try:
                yield from _renew(desk, held)
            except Error as error:
                log.warning("agent %s could not renew its leases: %s", desk.options.name, error)
        for work in desk.pull_late():
            yield from reports.release(desk, work, Released("no worker was free for it in time"))


def _renew(desk: Desk, works: list[Work]) -> Script[bool]:
    """Renews leases, and drops what waits without one; returns whether all are held."""
    asked_at = monotonic()
    kept: list[TaskAttempt] = yield Call(
        "heartbeats",
        {
            "attempt_ids": [work.attempt_id for work in works],
            "lease_seconds": desk.options.lease_seconds,
        },
    )
    held = {attempt.attempt_id for attempt in kept}
    for work in desk.renewed(works, held, asked_at):
        reports.lost(desk, work)
    return len(held) == len(works)


def give_back(desk: Desk, *, by_force: bool) -> Script[None]:
    """Releases what is still held when the scripts are no longer waited for."""
    taken = desk.pull_all(by_force=by_force)
    if taken:
        yield Abandon(taken)
    for work in taken:
        yield from reports.release(desk, work, Released("the agent stopped before it was done"))
    yield Rest(desk.for_ends, desk.is_empty, _PATIENCE)


def scripts(desk: Desk) -> dict[str, Script[None]]:
    """All that has to end before the agent has, by name; the keeper goes on beside them."""
    named = {str(number): worker(desk) for number in range(1, desk.options.concurrency + 1)}
    named["fetch"] = fetcher(desk)
    for number in range(1, desk.options.helpers + 1):
        named[f"fetch-{number}"] = helper(desk)
    for number in range(1, desk.options.reporters + 1):
        named[f"report-{number}"] = reporter(desk)
    return named

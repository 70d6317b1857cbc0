"""How the ending of a task is reported; whatever is answered, the task has ended for the agent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any

from pgdocket.client.agent.desk import Desk
from pgdocket.client.agent.steps import Call, Script
from pgdocket.client.agent.work import Failed, Released, Work
from pgdocket.errors import ConnectionFailed, GateNotPassed, LeaseLost, NotFound

log = logging.getLogger("pgdocket.agent")

# The task is out of the agent's hands, whatever it goes on to say.
_GONE = (LeaseLost, NotFound, ConnectionFailed)
_LONGEST_ERROR = 10_000


def complete(desk: Desk, work: Work) -> Script[Work | None]:
    """Completes a task; returns the next, where one is claimed with the completion."""
    asked_at = monotonic()
    told = {"attempt_id": work.attempt_id, "results": work.results}
    claims = desk.options.is_direct and not desk.stop.asked
    try:
        if claims:
            claimed = yield Call("complete_and_claim", told | desk.options.complete_and_claim())
        else:
            yield Call("complete_task", told)
    except _GONE as error:
        lost(desk, work, error)
    except GateNotPassed as error:
        yield from fail(desk, work, error.message, "validation_failed")
    except Exception as error:  # noqa: BLE001 - the results can be anything
        yield from fail(desk, work, f"the results were refused: {described(error)}")
    else:
        desk.end(work, "completed")
        if claims and claimed:
            return desk.follow(claimed[0], asked_at)
    return None


def complete_all(desk: Desk, works: list[Work]) -> Script[None]:
    """Completes tasks in one call, or one by one when that is refused: it is all or none."""
    if len(works) > 1:
        try:
            yield Call(
                "complete_tasks",
                {
                    "completions": [
                        {"attempt_id": work.attempt_id, "results": work.results} for work in works
                    ]
                },
            )
        except ConnectionFailed as error:
            for work in works:
                lost(desk, work, error)
            return
        except Exception as error:  # noqa: BLE001 - told again below, to whom it belongs
            log.info("agent %s reports one by one: %s", desk.options.name, described(error))
        else:
            for work in works:
                desk.end(work, "completed")
            return
    for work in works:
        yield from complete(desk, work)


def give_up(desk: Desk, work: Work, error: BaseException) -> Script[None]:
    """Reports a task whose handler has raised something."""
    match error:
        case Released():
            yield from release(desk, work, error)
        case Failed():
            yield from fail(desk, work, described(error), error.failure_class, error.details)
        case _:
            log.info("handler failed on task %s", work.task.task_key, exc_info=error)
            yield from fail(desk, work, described(error))


def fail(
    desk: Desk,
    work: Work,
    text: str,
    failure_class: str = "bug",
    details: Mapping[str, Any] | None = None,
) -> Script[None]:
    """Fails a task; when that is refused as it is (a class that isn't known), as a plain bug."""
    told: dict[str, Any] = {"error": text, "failure_class": failure_class, "details": details}
    for is_last in (False, True):
        try:
            yield Call("fail_task", {"attempt_id": work.attempt_id, **told})
        except _GONE as error:
            lost(desk, work, error)
        except Exception as error:  # noqa: BLE001 - what a handler raises can be anything
            if not is_last:
                refused = f"{text} (this failure was refused: {described(error)})"
                told = {"error": printable(refused), "failure_class": "bug"}
                continue
            lost(desk, work, error)
        else:
            desk.end(work, "failed")
        return


def release(desk: Desk, work: Work, released: Released) -> Script[None]:
    """Gives a task back; when that is refused as it is, without a reason and a time."""
    told: dict[str, Any] = {"reason": described(released), "not_before": released.not_before}
    for is_last in (False, True):
        try:
            yield Call("release_task", {"attempt_id": work.attempt_id, **told})
        except _GONE as error:
            lost(desk, work, error)
        except Exception as error:  # noqa: BLE001 - what a handler raises can be anything
            if not is_last:
                told = {"reason": printable(f"the release was refused: {described(error)}")}
                continue
            lost(desk, work, error)
        else:
            desk.end(work, "released")
        return


def lost(desk: Desk, work: Work, error: BaseException | None = None) -> None:
    """A task is out of the agent's hands: its lease is lost, or its ending was not heard."""
    if error is None or isinstance(error, LeaseLost):
        log.warning(
            "agent %s lost its lease on task %s; the result is dropped",
            desk.options.name, work.task.task_key,
        )  # fmt: skip
    else:
        log.warning(
            "agent %s could not report task %s, whose lease will expire: %s",
            desk.options.name, work.task.task_key, described(error),
        )  # fmt: skip
    desk.end(work, "lost")


def described(error: BaseException) -> str:
    """An exception in words, even one that can't say them; by name, where it is nobody's own."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the handler's exceptions are its own
        text = "(it has no text)"
    return text if isinstance(error, Failed | Released) else f"{type(error).__name__}: {text}"


def printable(text: str) -> str:
    """A text that the database takes: no NUL, no half characters, not endless."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:_LONGEST_ERROR]

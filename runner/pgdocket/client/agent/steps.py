"""What the scripts of an agent ask for; threads and coroutines each do it in their way."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pgdocket.client.agent.work import Work

T = TypeVar("T")


class Bell(Protocol):
    """Something to wait at until another script has changed what is waited for."""

    def ring(self, most: int | None = None) -> None:
        """Wakes at most so many of those who rest here (None: all). Called under the lock."""

    def rest(self, until: Callable[[], bool], seconds: float | None) -> Any:
        """Waits until something holds, or so long; coroutines have to await it."""


@dataclass(frozen=True, slots=True)
class Call:
    """Call a method of the docket; the answer is what it returns, or raises."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Handle:
    """Run the handler; the answer is an Ending, whatever it raised."""

    work: Work


@dataclass(frozen=True, slots=True)
class Ending:
    """How a handler ended."""

    results: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """Wait at a bell until something holds, or so many seconds have passed."""

    bell: Bell
    until: Callable[[], bool]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Abandon:
    """End the handlers of these, where that can be done."""

    works: list[Work]


Step = Call | Handle | Rest | Abandon
Script = Generator[Step, Any, T]

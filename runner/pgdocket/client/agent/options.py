"""What an agent is told when it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pgdocket.client.agent.work import Event
from pgdocket.client.functions import Id
from pgdocket.client.rows import Task
from pgdocket.errors import InvalidArgument

MOST_CALLS = 4  # that claim, and as many that complete, at once
LARGEST_BATCH = 1000  # of docket.claim_tasks()


@dataclass(frozen=True, slots=True)
class Options:
    """The options that both kinds of agent take; Agent says what they mean."""

    project_id: Id | None
    name: str
    concurrency: int
    batch_size: int
    prefetch: int
    lease_seconds: int
    workflow_id: Id | None
    tags_all: Sequence[str] | None
    capabilities: Sequence[str] | None
    idle_seconds: tuple[float, float]
    drain_seconds: float | None
    until_idle: bool
    listen: bool
    on_event: Callable[[Event, Task], None] | None

    def __post_init__(self) -> None:
        for name, least, most in (
            ("concurrency", 1, None),
            ("batch_size", 1, LARGEST_BATCH),
            ("prefetch", 0, None),
        ):
            value = getattr(self, name)
            if value < least or (most is not None and value > most):
                raise InvalidArgument(
                    f"{name} is {value}",
                    hint=f"from {least}" + ("" if most is None else f" to {most}"),
                )

        if self.project_id is None and self.workflow_id is not None:
            raise InvalidArgument(
                "a workflow was given without its project", hint="give project_id as well"
            )

    @property
    def is_everywhere(self) -> bool:
        """Whether the agent works in all projects; one claim takes from one of them."""
        return self.project_id is None

    @property
    def is_direct(self) -> bool:
        """Whether each completion claims the next task in the same call, and none wait."""
        return self.batch_size == 1 and self.prefetch == 0 and not self.is_everywhere

    @property
    def reporters(self) -> int:
        """How many calls may complete batches at once."""
        return 0 if self.batch_size == 1 else min(self.concurrency, MOST_CALLS)

    @property
    def helpers(self) -> int:
        """How many calls may claim batches at once, beside the first."""
        return max(0, self.reporters - 1)

    def claim(self, max_tasks: int) -> tuple[str, dict[str, Any]]:
        """The call that claims: its name and arguments."""
        told = {"agent": self.name, "max_tasks": max_tasks, **self._choice()}
        if self.is_everywhere:
            return "claim_across_projects", told
        return "claim_tasks", told | {
            "project_id": self.project_id,
            "workflow_id": self.workflow_id,
        }

    def complete_and_claim(self) -> dict[str, Any]:
        """What complete_and_claim is told, beside the completion."""
        return self._choice() | {"workflow_id": self.workflow_id}

    def _choice(self) -> dict[str, Any]:
        return {
            "lease_seconds": self.lease_seconds,
            "tags_all": self.tags_all,
            "capabilities": self.capabilities,
        }

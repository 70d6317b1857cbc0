"""What the commands return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgdocket.errors import Error
from pgdocket.sqitch.errors import SqitchError


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """One change of a run. `action` is deploy, revert or verify; `seconds` is the elapsed time.

    `is_atomic` says that script, verification and registry were one transaction.
    """

    id: str
    name: str
    tags: tuple[str, ...]
    action: str
    ok: bool
    seconds: float
    is_atomic: bool = False
    comment: str = ""
    error: Error | None = None

    def as_dict(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return {
            "change_id": self.id,
            "change": self.name,
            "tags": list(self.tags),
            "action": self.action,
            "ok": self.ok,
            "seconds": round(self.seconds, 6),
            "atomic": self.is_atomic,
            "comment": self.comment or None,
            "error": self.error.as_dict() if self.error else None,
        }


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run. `message` is its closing line, such as `Nothing to deploy (up-to-date)`."""

    project: str
    target: str
    changes: tuple[ChangeResult, ...] = ()
    message: str = ""

    def as_dict(self) -> dict[str, object]:
        """The result as `--json` prints it; `seconds` is what all its changes took."""
        return {
            "project": self.project,
            "target": self.target,
            "changes": [change.as_dict() for change in self.changes],
            "seconds": round(sum(change.seconds for change in self.changes), 6),
            "message": self.message or None,
        }


class RunFailed(SqitchError):
    """A run that stopped at a change. `changes` is what was done, the failed one included."""

    def __init__(
        self, message: str, changes: Sequence[ChangeResult], cause: Error | None = None
    ) -> None:
        detail = cause.message if cause else None
        sqlstate = cause.sqlstate if cause else None
        super().__init__(
            message, detail=detail, hint=cause.hint if cause else None, sqlstate=sqlstate
        )
        self.changes = tuple(changes)

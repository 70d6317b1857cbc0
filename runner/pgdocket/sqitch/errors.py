"""The error that the change engine raises."""

from __future__ import annotations

from pgdocket.errors import Error


class SqitchError(Error):
    """A failure with the text and the exit code that Sqitch would have given.

    Sqitch ends with 2 for every error, and with 1 for what it calls soft: nothing to show,
    a question answered with no. Soft messages belong on standard output.
    """

    def __init__(
        self,
        message: str,
        exit_code: int = 2,
        *,
        detail: str | None = None,
        hint: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(message, detail=detail, hint=hint, sqlstate=sqlstate)
        self._exit_code = exit_code

    @property
    def exit_code(self) -> int:
        """What the process exits with."""
        return self._exit_code

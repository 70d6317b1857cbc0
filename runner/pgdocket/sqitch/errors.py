"""The one error that the change engine raises."""

from __future__ import annotations


class SqitchError(Exception):
    """A failure with the text and the exit code that Sqitch would have given.

    Sqitch ends with 2 for every error, and with 1 for what it calls soft: nothing to show,
    a question answered with no. Soft messages belong on standard output.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code

"""What a command says while it works, before its result is known."""

from __future__ import annotations

from typing import Protocol


class Talk(Protocol):
    """Where the lines of a command go."""

    def info(self, text: str) -> None:
        """What has been done."""

    def debug(self, text: str) -> None:
        """What is worth knowing when something went wrong."""

    def warn(self, text: str) -> None:
        """What should not have been done."""


class Silence:
    """Says nothing."""

    def info(self, text: str) -> None:
        """Nothing."""

    def debug(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Nothing."""

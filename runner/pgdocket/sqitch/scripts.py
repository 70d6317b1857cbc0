"""Where the scripts of a change lie, reworked ones included."""

from __future__ import annotations

from pathlib import Path

from pgdocket.sqitch.config import Target
from pgdocket.sqitch.model import Change


def deploy_file(change: Change, target: Target) -> Path:
    """The deploy script of the change; the file may be missing."""
    raise NotImplementedError


def revert_file(change: Change, target: Target) -> Path:
    """The revert script of the change; the file may be missing."""
    raise NotImplementedError


def verify_file(change: Change, target: Target) -> Path:
    """The verify script of the change; the file may be missing."""
    raise NotImplementedError


def script_hash(change: Change, target: Target) -> str | None:
    """SHA-1 of the deploy script's bytes in hex, None when the file is missing."""
    raise NotImplementedError

"""Tests that have two sizes: short in `./dev test`, long in `./dev soak`.

Each has the mark `soak`, by which `./dev soak` finds them, and waits PATIENCE at most.
"""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

LONG = os.environ.get("PGDOCKET_SOAK") == "1"
PATIENCE = 1800 if LONG else 120  # seconds


def size(short: T, long: T) -> T:
    """The size of this run."""
    return long if LONG else short

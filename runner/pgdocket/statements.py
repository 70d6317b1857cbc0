"""Statements that are no function call: each stands in one named SQL file of this package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its name, the comment above it in one line, and its text."""

    name: str
    title: str
    text: bytes


@cache
def statements(file: str) -> dict[str, Statement]:
    """The statements of a file in pgdocket/sql, in its order, by name.

    Each begins with a line `-- name: ...`; comments directly after that are its title.
    """
    source = resources.files("pgdocket").joinpath("sql", file).read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", source, flags=re.MULTILINE)
    return {
        name: _statement(name, body) for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _statement(name: str, body: str) -> Statement:
    lines = body.splitlines()
    end = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    title = " ".join(line.removeprefix("--").strip() for line in lines[:end])
    return Statement(name, title, "\n".join(lines[end:]).strip().rstrip(";").encode())

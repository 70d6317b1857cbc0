"""The proof that work was done rightly: claims in sql/proof.sql, checked against the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from pgdocket.demo.crew import ask
from pgdocket.statements import statements

FILE = "proof.sql"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that must hold, with the rows that break it."""

    name: str
    title: str
    broken_by: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.broken_by


def prove(session: psycopg.Connection[Any], project_id: UUID) -> list[Claim]:
    """Checks every claim of the file for one project."""
    return [
        Claim(each.name, each.title, tuple(ask(session, FILE, each.name, project_id=project_id)))
        for each in statements(FILE).values()
    ]

"""What `pgdocket status` shows: the server, the schema deployed and pending, the queue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgdocket.config import Config, connect
from pgdocket.files import project_files
from pgdocket.sqitch.plan import load_plan


@dataclass(frozen=True, slots=True)
class Schema:
    """How far the plan is deployed.

    `unknown` are deployed changes that this plan doesn't have: it is older than the database.
    """

    deployed: int
    last_change: str | None
    last_deployed_at: datetime | None
    pending: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The answer of one server. `queue` is None while the schema that holds it is missing."""

    description: str
    source: str
    version: str
    schema: Schema
    queue: tuple[dict[str, Any], ...] | None


def overview(config: Config) -> Overview:
    """Asks the server for its overview, in one read-only transaction.

    Raises what connecting raises, and ServerTooOld.
    """
    statements = _statements()
    with connect(config) as session, session.cursor(row_factory=dict_row) as cursor:
        session.read_only = True
        present = cursor.execute(statements["present"]).fetchone() or {}
        queue = cursor.execute(statements["queue"]).fetchall() if present["queue"] else None
        return Overview(
            description=config.description,
            source=config.source,
            version=session.info.parameter_status("server_version") or "",
            schema=_schema(cursor, statements["deployed"] if present["registry"] else None),
            queue=None if queue is None else tuple(queue),
        )


def _schema(cursor: psycopg.Cursor[dict[str, Any]], statement: bytes | None) -> Schema:
    plan = load_plan(project_files() / "sqitch.plan")
    rows = cursor.execute(statement, {"project": plan.project}).fetchall() if statement else []
    deployed = {row["change_id"] for row in rows}
    planned = {change.id for change in plan.changes}
    return Schema(
        deployed=len(rows),
        last_change=rows[-1]["change"] if rows else None,
        last_deployed_at=rows[-1]["committed_at"] if rows else None,
        pending=tuple(change.name for change in plan.changes if change.id not in deployed),
        unknown=tuple(row["change"] for row in rows if row["change_id"] not in planned),
    )


def _statements() -> dict[str, bytes]:
    source = resources.files("pgdocket").joinpath("overview.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", source, flags=re.MULTILINE)
    return {name: body.encode() for name, body in zip(parts[1::2], parts[2::2], strict=True)}

"""What `pgdocket status` shows: the server, the schema deployed and pending, the queue."""

from __future__ import annotations

import re
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pgdocket.config import OLDEST_SERVER, Config, connect, connect_seconds
from pgdocket.files import project_files
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.reader import Readable, open_reader


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
    # psycopg, which takes long to import, is there to say what is wrong.
    with suppress(SqitchError):
        reader = open_reader(config.conninfo, connect_seconds(config))
        if reader is not None:
            with closing(reader):
                number, version = reader.server_version
                if number >= OLDEST_SERVER * 10000:
                    reader.execute(b"begin read only")
                    return _ask(config, reader, version)
    with connect(config) as session:
        session.read_only = True
        return _ask(config, session, session.info.parameter_status("server_version") or "")


def _ask(config: Config, session: Readable, version: str) -> Overview:
    statements = _statements()
    ((has_registry, has_queue),) = session.execute(statements["present"]).fetchall()
    queue = session.execute(statements["queue"]).fetchall() if has_queue else None
    names = ("project_id", "slug", "status", "tasks")
    return Overview(
        description=config.description,
        source=config.source,
        version=version,
        schema=_schema(session, statements["deployed"] if has_registry else None),
        queue=None if queue is None else tuple(dict(zip(names, row, strict=True)) for row in queue),
    )


def _schema(session: Readable, statement: bytes | None) -> Schema:
    plan = load_plan(project_files() / "sqitch.plan")
    parameters = {"project": plan.project}
    rows = session.execute(statement, parameters).fetchall() if statement else []
    deployed = {change_id for change_id, _, _ in rows}
    planned = {change.id for change in plan.changes}
    return Schema(
        deployed=len(rows),
        last_change=rows[-1][1] if rows else None,
        last_deployed_at=rows[-1][2] if rows else None,
        pending=tuple(change.name for change in plan.changes if change.id not in deployed),
        unknown=tuple(name for change_id, name, _ in rows if change_id not in planned),
    )


def _statements() -> dict[str, bytes]:
    source = Path(__file__).with_name("overview.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", source, flags=re.MULTILINE)
    return {name: body.encode() for name, body in zip(parts[1::2], parts[2::2], strict=True)}

"""A context as text, and back, for a cache that processes share."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from pgdocket.client.rows import TaskContext

_IDS = ("task_id", "project_id", "attempt_id")


def text_of(context: TaskContext) -> str:
    """The row as JSON."""
    row = {field.name: getattr(context, field.name) for field in fields(context)}
    row |= {name: str(row[name]) for name in _IDS if row[name] is not None}
    row["content_hash"] = context.content_hash.hex()
    row["created_at"] = context.created_at.isoformat()
    return json.dumps(row)


def context_of(text: str | bytes) -> TaskContext | None:
    """The row; None where it was written by a client that knows other columns, or is none."""
    from pgdocket.client.rows import TaskContext

    try:
        row = json.loads(text)
        if set(row) != {field.name for field in fields(TaskContext)}:
            return None
        row |= {name: UUID(row[name]) for name in _IDS if row[name] is not None}
        row["content_hash"] = bytes.fromhex(row["content_hash"])
        row["created_at"] = datetime.fromisoformat(row["created_at"])
        return TaskContext(**row)
    except (TypeError, ValueError, AttributeError):
        return None

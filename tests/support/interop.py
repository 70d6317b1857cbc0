"""What the comparisons with the real sqitch share: a plan with everything, and equality."""

from __future__ import annotations

import re
from pathlib import Path

from support.changes import Project, events
from support.databases import Database
from support.outcomes import Outcome

URI = "%uri=https://example.com/flipr"

REWORKED = (
    "begin;\nalter table public.users add column nick text;\ncommit;\n",
    "begin;\nalter table public.users drop column nick;\ncommit;\n",
    "begin;\nselect nick from public.users;\nrollback;\n",
)


def flipr(folder: Path) -> Project:
    """Tags, a rework, a conflict with another project, a script that is no block."""
    project = Project(folder / "flipr", "flipr")
    project.change("app", note="First\\n\\nSecond, ünï").change("users", "app")
    project.change("flips", "users app !other:evil", note="Flips").tag("v1").tag("v1b")
    project.change("lists", "flips").tag("v2").change("users", "users@v1 lists", table=False)
    for kind in ("deploy", "revert", "verify"):
        script = project.folder / kind / "users.sql"
        script.rename(project.folder / kind / "users@v2.sql")
    project.scripts("users", *REWORKED)
    project.change("indexes", "lists").tag("v3")
    project.write(
        "indexes",
        "deploy",
        "create table public.indexes (id int);\n"
        "create index concurrently i on public.indexes (id);\n",
    )
    return project.save(URI)  # fmt: skip


def succeed(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome
    return outcome


def same(first: Outcome, second: Outcome) -> None:
    """Asserts that both programs printed and returned the same, times apart."""
    assert (masked(first.stdout), masked(first.stderr), first.code) == (
        masked(second.stdout),
        masked(second.stderr),
        second.code,
    )


def masked(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\d[ T][0-9:]{8}( [+-]\d{4}|Z)", "TIME", text)
    return re.sub(r"\bt_[0-9a-f]{16}\b", "DATABASE", text)


def replayed(database: Database) -> set[str]:
    """The ids that are deployed when the events are played from the beginning."""
    present: set[str] = set()
    for event, change_id, *_ in events(database):
        (present.discard if event == "revert" else present.add)(change_id)
    return present

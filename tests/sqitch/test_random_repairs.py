"""Whatever was edited in the past of a plan: after the repair nobody can tell that it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from support import soak
from support.changes import registry_rows
from support.databases import Database
from support.interop import replayed, succeed
from support.servers import TestServer
from support.turns import History, begin

NewDatabase = Callable[[TestServer], Database]


def edit_the_past(random: Random, history: History) -> None:
    """A note, a date, a planner or a tag's note that nobody should have touched."""
    project = history.project
    place = random.randrange(len(project.lines))
    line = project.lines[place]
    kind = random.choice(("note", "date", "planner", "dependency"))
    if kind == "note":
        line += " # Edited"
    elif kind == "date":
        line = line.replace("2024-05-06T07", "2024-05-06T06")
    elif kind == "planner":
        line = line.replace("Ada Lovelace", "Ada King")
    elif "[" in line and "@" not in line.split("]")[0]:
        line = line.split(" [")[0] + line.split("]")[1]
    project.lines[place] = line
    project.save()


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
@pytest.mark.parametrize("seed", range(soak.size(4, 16)))
def test_a_repaired_registry_is_that_of_a_plan_that_was_always_so(
    server15: TestServer, new_database: NewDatabase, tmp_path: Path, seed: int
) -> None:
    history = begin(tmp_path / "history", seed)
    history.grow(4)
    random, project = Random(seed), history.project  # noqa: S311
    repaired, fresh = new_database(server15), new_database(server15)
    last = random.randrange(3, history.made)
    names = [line.split()[0] for line in project.lines if not line.startswith("@")]
    reached = f"ROOT~{last}" if last else "ROOT"
    succeed(project.ours(repaired, "deploy", "--to", reached))
    for _ in range(random.randint(1, 3)):
        edit_the_past(random, history)
    succeed(project.ours(repaired, "repair", "--rewrite-ids", "--tags", "-y"))
    succeed(project.ours(fresh, "deploy", "--to", reached))
    assert [row[2] for row in registry_rows(repaired)["changes"]] == names[: last + 1]
    assert by_key(repaired) == by_key(fresh)
    assert replayed(repaired) == {row[0] for row in registry_rows(repaired)["changes"]}
    succeed(project.ours(repaired, "check", "--full"))
    succeed(project.ours(repaired, "deploy", "--verify"))
    succeed(project.ours(repaired, "revert", "--all"))
    if seed == 0:
        succeed(project.theirs(repaired, "deploy", "--verify"))
        succeed(project.theirs(repaired, "check"))


def by_key(database: Database) -> dict[str, list[object]]:
    """The registry's rows in an order that does not depend on when they were written."""
    return {name: sorted(rows, key=str) for name, rows in registry_rows(database).items()}

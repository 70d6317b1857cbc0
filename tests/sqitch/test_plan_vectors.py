"""Every plan that the real program was run over gives the same ids, lines or error."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change, Dependency
from pgdocket.sqitch.plan import Plan, parse_plan

VECTORS = Path(os.environ.get("PGDOCKET_SAMPLES", "")) / "sqitch" / "plan_vectors.json"
CASES: list[dict[str, Any]] = (
    json.loads(VECTORS.read_text())["cases"] if "PGDOCKET_SAMPLES" in os.environ else []
)


@pytest.mark.skipif(not CASES, reason="PGDOCKET_SAMPLES does not name the folder of samples")
def test_all_vectors_are_there() -> None:
    assert len(CASES) == 220


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_plan_gives_what_sqitch_gives(case: dict[str, Any]) -> None:
    data = base64.b64decode(case["plan_b64"])
    expected = case["expect"]

    if "error" in expected:
        with pytest.raises(SqitchError) as caught:
            parse_plan(data, Path("FILE"))
        # Perl's date errors end with a line end, which is no part of what they say.
        assert caught.value.message == expected["error"].rstrip("\n")
        assert caught.value.exit_code == 2
    else:
        assert describe(parse_plan(data, Path("FILE"))) == expected


def describe(plan: Plan) -> dict[str, Any]:
    """The plan in the form of the vectors."""
    return {
        "project": plan.project,
        "uri": plan.uri,
        "lines": plan.serialize().splitlines(),
        "changes": [describe_change(change) for change in plan.changes],
    }


def describe_change(change: Change) -> dict[str, Any]:
    """A change in the form of the vectors."""
    return {
        "name": change.name,
        "id": change.id,
        "op": change.op,
        "note": change.note,
        "date": f"{change.planned_at:%Y-%m-%dT%H:%M:%SZ}",
        "planner_name": change.planner_name,
        "planner_email": change.planner_email,
        "requires": strings(change.requires),
        "conflicts": strings(change.conflicts),
        "tags": [{"id": tag.id, "name": tag.name, "note": tag.note} for tag in change.tags],
        "rework_tags": list(change.rework_tags),
        "deploy_file": f"{change.name}{''.join(change.rework_tags[:1])}.sql",
    }


def strings(dependencies: tuple[Dependency, ...]) -> list[str]:
    """The dependencies as ids hash them."""
    return [dependency.as_string for dependency in dependencies]

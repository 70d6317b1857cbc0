"""Whatever a file and a project change between two imports, no change of either is lost."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.sessions import Connection
from support.task_files import export_file

TASKS = 3
FIELDS = ("title", "details")
edits = st.dictionaries(
    st.tuples(st.integers(1, TASKS), st.sampled_from(FIELDS)), st.sampled_from("xyz"), max_size=4
)
gone = st.sets(st.integers(1, TASKS), max_size=1)

IMPORT = (
    "select docket.import_tasks_json('p', 'f', %s, resolutions => %s::jsonb, dry_run => %s)"
    " -> 'conflicts'"
)


def content(changes: dict[tuple[int, str], str], removed: set[int]) -> bytes:
    """A file with some fields changed and some tasks gone."""
    tasks: list[dict[str, Any]] = [
        {"id": number, "title": f"t{number}", "details": "d"} for number in range(1, TASKS + 1)
    ]
    for (number, field), value in changes.items():
        tasks[number - 1][field] = value
    return json.dumps({"tasks": [t for t in tasks if t["id"] not in removed]}, indent=2).encode()


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(there=edits, here=edits, gone_there=gone, gone_here=gone, side=st.sampled_from(FIELDS))
def test_a_merge_loses_no_change(
    connection: Connection, there: dict[tuple[int, str], str], here: dict[tuple[int, str], str],
    gone_there: set[int], gone_here: set[int], side: str,
) -> None:  # fmt: skip
    with connection.transaction(force_rollback=True):
        connection.execute(IMPORT, [content({}, set()), "{}", False])
        for (number, field), value in here.items():
            connection.execute(
                """select docket.update_task(t.task_id, jsonb_build_object(%s::text, %s::text))
                     from docket.tasks as t where t.task_key = %s""",
                [field, value, str(number)],
            )
        connection.execute(
            """select docket.delete_task(t.task_id) from docket.tasks as t
                where t.task_key = any (%s)""",
            [[str(number) for number in gone_here]],
        )
        whose = "ours" if side == "title" else "theirs"
        row = connection.execute(IMPORT, [content(there, gone_there), "{}", True]).fetchone()
        connection.execute(IMPORT, [content(there, gone_there), json.dumps({"*": whose}), False])
        found = json.loads(export_file(connection, "p"))["tasks"]

    told = {(c["identity"], c["field"]) for c in (row[0] if row and row[0] else [])}
    after = {task["id"]: task for task in found}
    for number in range(1, TASKS + 1):
        name = f"master/{number}"
        mine = {field: value for (n, field), value in here.items() if n == number}
        yours = {field: value for (n, field), value in there.items() if n == number}
        if number in gone_there or number in gone_here:
            both = number in gone_there and number in gone_here
            kept = {} if both else yours if number in gone_here else mine
            assert ((name, None) in told) == bool(kept)
            wanted = bool(kept) and (whose == "ours") == (number in gone_there)
            assert (number in after) == wanted
            continue
        for field in FIELDS:
            values = {side[field] for side in (mine, yours) if field in side}
            assert ((name, field) in told) == (len(values) == 2)
            expected = (mine | yours if whose == "theirs" else yours | mine).get(field)
            assert after[number][field] == (expected or {"title": f"t{number}"}.get(field, "d"))

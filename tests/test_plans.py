"""The hottest statements go on using their indexes: those that bench/plans/ names.

Where a plan has changed for the better, `./dev bench explain` writes bench/plans/ anew.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench import explain

from support.catalog import nothing
from support.databases import Database
from support.sessions import Connect

# What may be read from end to end, though it is big, and why.
MEANT = {
    ("next_tasks", "tasks"): "it looks at all that is ready, which here is half of all tasks",
    ("next_tasks", "ready_tasks"): "as above",
    ("list_tasks", "tasks_pkey"): "nearly all tasks here are the project's, so the first are near",
    ("search_tasks", "tasks"): "a thousand finds are expected, and a thousand look-ups cost more",
}
TASKS = 8_000
# Chosen or not by costs that are nearly equal, or by the version...
FREE = {
    "claim_orders_pkey", "pg_authid_oid_index", "pg_authid_rolname_index", "task_attempts_live_idx",
    "workflows_name_key", "workflows_pkey",
}  # fmt: skip
# ...and what is used all the same.
USED = {
    "claim_tasks": {"ready_tasks_claim_idx", "task_attempts_live_idx"},
    "complete_task": {"tasks_pkey", "task_nodes_pkey", "task_dependencies_dependents_key"},
    "get_context": {"task_contexts_pkey"},
    "search_contexts": {"context_search_vector_idx", "task_contexts_pkey"},
    "search_tasks": {"task_search_vector_idx", "task_search_title_idx"},
    "sweep_leases": {"task_attempts_live_idx"},
    "tasks_touching": {"task_search_files_idx", "context_search_paths_idx"},
}


Plans = tuple[dict[str, list[explain.Statement]], set[str], dict[str, str]]


@pytest.fixture
def plans(docket: Database, connect: Connect, new_role: Callable[..., str]) -> Plans:
    """The statements of each call, the tables that are big, and how their indexes begin."""
    role = new_role("docket_agent")
    session = connect(docket)
    project = explain.fill(session, role, TASKS)
    found = explain.explain(session, role, project)
    session.execute("reset role")
    big = explain.big_tables(session)
    begin = session.execute(
        """
        select i.indexrelid::regclass::text, split_part(i.indexrelid::regclass::text, '.', 2),
               pg_get_indexdef(i.indexrelid, 1, true)
          from pg_catalog.pg_index as i
          join pg_catalog.pg_class as c on c.oid = i.indrelid
         where c.relname = any (%s)
        """,
        (list(big),),
    )
    return found, big, {name or label: column for label, name, column in begin}


def test_the_hottest_statements_use_their_indexes(plans: Plans) -> None:
    found, big, begin = plans
    assert {"tasks", "task_attempts", "task_dependencies", "task_nodes"} <= big
    nothing(
        f"{call} reads all of {table}:\n{each.query}\n{each.plan}"
        for call, statements in found.items()
        for each in statements
        for table in each.read_whole & big
        if (call, table) not in MEANT
    )
    # Entered by a later column alone, an index is read from end to end as well.
    nothing(
        f"{call} reads all of {index}: {condition}\n{each.query}\n{each.plan}"
        for call, statements in found.items()
        for each in statements
        for index, condition in each.index_conditions
        if index in begin
        and condition
        and begin[index] not in condition
        and (call, index) not in MEANT
    )
    nothing(
        f"{call} no longer uses {index}"
        for call, statements in found.items()
        for index in (explain.kept_indexes(call) - FREE) | USED.get(call, set())
        if not any(index in each.indexes for each in statements)
    )


def test_every_kept_plan_is_of_a_call() -> None:
    assert {path.stem for path in explain.PLANS.glob("*.txt")} == set(explain.CALLS)

"""GitHub's own example payloads, twice and in any order, have one result.

PGDOCKET_WEBHOOK_EXAMPLES names the file api.github.com/index.json of npm's package
@octokit/webhooks-examples: npm install @octokit/webhooks-examples
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from support.databases import Database
from support.sessions import Connect, Connection

EXAMPLES = os.environ.get("PGDOCKET_WEBHOOK_EXAMPLES")
EVENTS = {
    "pull_request", "pull_request_review", "check_suite", "check_run", "status", "push",
    "merge_group", "workflow_run", "pull_request_review_comment", "pull_request_review_thread",
}  # fmt: skip
STATE = {
    "pull requests": """
        select repository, number, title, description, url, author, status, has_conflict,
               head_branch, head_commit, base_branch, base_commit, merge_commit, commits,
               changed_files, additions, deletions, checks_status, review_status, merge_status,
               auto_merge_method, auto_merge_by, is_queued, opened_at, merged_at, merged_by,
               closed_at
          from docket.pull_requests where project_id = %s order by repository, number""",
    "checks": """
        select repository, commit_hash, source, name, check_status, conclusion, told_key
          from docket.commit_checks where project_id = %s order by 1, 2, 3, 4""",
    "reviews": """
        select host_review_id, reviewer, review_state, told_key
          from docket.pull_request_reviews where project_id = %s order by 1""",
    "pushes": """
        select repository, ref, before_commit, after_commit, pushed_at
          from docket.pushes where project_id = %s order by 1, 2, 3, 4, 5""",
}


def examples() -> list[tuple[str, str, dict[str, Any]]]:
    """Event, id of the delivery and payload of each example."""
    if EXAMPLES is None:
        pytest.skip("PGDOCKET_WEBHOOK_EXAMPLES names no examples; the head of this file says how")
    return [
        (each["name"], f"{each['name']}-{number}", payload)
        for each in json.loads(Path(EXAMPLES).read_text())
        if each["name"] in EVENTS
        for number, payload in enumerate(each["examples"])
    ]


def state_after(session: Connection, slug: str, deliveries: list[Any]) -> dict[str, Any]:
    """What a project of its own knows when all was delivered."""
    made = session.execute("select (docket.create_project(%s)).project_id", (slug,)).fetchone()
    assert made is not None
    with session.transaction():
        for event, key, payload in deliveries:
            answered = session.execute(
                "select d.delivery_status, d.error from docket.ingest_github(%s, %s, %s, %s) as d",
                (made[0], event, key, Jsonb(payload)),
            ).fetchone()
            assert answered is not None
            assert answered[0] != "failed", f"{key}: {answered[1]}"
    return {name: session.execute(query.encode(), made).fetchall() for name, query in STATE.items()}


def test_all_examples_have_one_result_in_any_order_and_twice(
    docket18: Database, connect: Connect
) -> None:
    deliveries = examples()
    assert len(deliveries) >= 69
    session = connect(docket18)
    once = state_after(session, "once", deliveries)
    assert once["pull requests"]
    assert once["checks"]
    assert once["reviews"] == [("237895671", "Codertocat", "dismissed", once["reviews"][0][3])]
    for seed in range(3):
        chance = random.Random(seed)  # noqa: S311 - an order, no secret
        again = [(event, f"{key}-{turn}", told) for turn in "ab" for event, key, told in deliveries]
        chance.shuffle(again)
        assert state_after(session, f"shuffled-{seed}", again) == once


def test_a_delivery_that_comes_twice_is_counted(docket18: Database, connect: Connect) -> None:
    deliveries = examples()
    session = connect(docket18)
    assert state_after(session, "twice", deliveries + deliveries)["pull requests"]
    received = session.execute(
        "select distinct times_received, times_processed from docket.webhook_deliveries"
    ).fetchall()
    assert received == [(2, 1)]

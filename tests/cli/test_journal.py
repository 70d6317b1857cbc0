"""The journal from the shell: read, followed, sealed and verified."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg

from pgdocket.cli.journal import following
from pgdocket.client import Docket
from support.clients import Run, RunJson
from support.databases import Database
from support.races import settle
from support.sessions import Connect


def test_a_task_is_shown_as_it_was_and_who_made_it_so(shop: RunJson, run: Run) -> None:
    before = datetime.now(UTC).isoformat()
    shop("task", "update", "shop-1", "--title", "Lay both tables")
    assert shop("task", "as-of", "shop-1", before)["title"] == "Lay the table"
    assert "Lay the table" in run("task", "as-of", "shop-1", before).output
    assert run("task", "as-of", "shop-1", "2001-01-01").exit_code == 4
    assert run("task", "as-of", "shop-1", "soon").exit_code == 2
    changed = shop("task", "who-changed", "shop-1", "title")
    assert [(each["old_value"], each["new_value"]) for each in changed] == [
        ("Lay the table", "Lay both tables"),
        (None, "Lay the table"),
    ]
    assert "Lay both tables" in run("task", "who-changed", "shop-1", "title").output
    assert shop("task", "history", "shop-1") == shop("history", "shop-1")


def test_the_history_of_any_row_is_shown(shop: RunJson, run: Run) -> None:
    entries = shop("history", "--table", "settings", "max_context_bytes")
    assert [entry["operation"] for entry in entries] == ["insert"]
    assert run("history", "--table", "settings", "no such").stderr == "no history\n"
    assert run("history", "shop-1", "--limit", "0").exit_code == 3


def test_changes_are_shown_and_gone_on_with(
    shop: RunJson, run: Run, docket: Database, connect: Connect
) -> None:
    settle(connect(docket))
    found = shop("changes", "--limit", "1000")
    titles = [each["changes"]["title"][1] for each in found if each["table_name"] == "tasks"]
    assert titles == ["Lay the table", "Serve", "Wash up"]
    assert shop("changes", "--after", found[-1]["place"]) == []
    assert shop("changes", "--after", found[-2]["place"]) == found[-1:]
    assert "status pending" in run("changes", "--limit", "1000").output
    assert run("changes", "--after", "here").exit_code == 3


def test_who_follows_the_changes_gets_what_comes(
    shop: RunJson, docket: Database, connect: Connect
) -> None:
    observer = connect(docket)
    settle(observer)
    with Docket(docket.conninfo) as client:
        place = client.changes_end()
        shop("task", "update", "shop-1", "--title", "Lay both tables")
        shop("task", "update", "shop-3", "--title", "Dry up")
        comes = following(client, place, 0.001)
        assert [next(comes).changes["title"][1] for _ in range(2)] == ["Lay both tables", "Dry up"]


def test_the_journal_is_sealed_and_what_is_changed_is_found(
    shop: RunJson, run: Run, docket: Database, connect: Connect
) -> None:
    settle(connect(docket))
    sealed = run("audit", "seal")
    head = sealed.stdout.strip()
    assert len(head) == 64
    assert "rows sealed" in sealed.stderr
    assert shop("audit", "verify", "--head", head)["is_intact"]
    assert run("audit", "verify", "--head", head).output.startswith("intact: ")
    assert run("audit", "seal").stdout.strip() == head
    assert run("audit", "verify", "--head", "0" * 64).exit_code == 1
    with psycopg.connect(docket.conninfo, autocommit=True) as session:
        session.execute("update docket.audit_log set reason = 'x' where table_name = 'projects'")
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert "seal 1 is broken: the rows of" in broken.stderr
    told = run("audit", "verify", "--json")
    assert json.loads(told.stdout)["broken_seal"] == 1

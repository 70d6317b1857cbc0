"""Contexts of every size and kind, kept and given back."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import psycopg
import pytest

from support import soak
from support.databases import Database
from support.races import make_tasks, value
from support.sessions import Connect, Connection

LARGEST = 10 * 1024 * 1024
PUT_RAW = "select (docket.put_context_raw(%s, %s, %s, %s)).version"


@pytest.fixture
def task(docket: Database, connect: Connect) -> tuple[Connection, uuid.UUID]:
    """A session, and a task without contexts."""
    session = connect(docket)
    project = value(session, "select project_id from docket.create_project('contents')")
    (made,) = make_tasks(session, project, 1)
    return session, made


def raw(session: Connection, task: uuid.UUID, kind: str) -> Any:
    """The content of a context, and its hash."""
    query = "select content, content_hash from docket.get_context_raw(%s, %s)"
    return session.execute(query, (task, kind)).fetchone()


def test_ten_mebibytes_are_kept_and_one_byte_more_is_refused(
    task: tuple[Connection, uuid.UUID],
) -> None:
    session, made = task
    text = json.dumps({"text": "x" * (LARGEST - len('{"text": ""}'))})
    assert len(text) == LARGEST
    put = "select (docket.put_context(%s, 'large', %s::jsonb)).byte_size"
    assert value(session, put, made, text) == LARGEST
    assert raw(session, made, "large")[0] == text.encode()
    with pytest.raises(psycopg.Error) as caught:
        value(session, put, made, text.replace('"x', '"xx'))
    assert caught.value.sqlstate == "PD413"

    # What does not compress, and as text that has U+0000 in it.
    noise = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(LARGEST // 32))
    assert value(session, PUT_RAW, made, "noise", noise, "application/octet-stream") == 1
    assert raw(session, made, "noise") == (noise, hashlib.sha256(noise).digest())
    nulls = b'["' + rb"\u0000\ud800\\" * 100_000 + b'"]'
    assert value(session, PUT_RAW, made, "nulls", nulls, "application/json") == 1
    assert raw(session, made, "nulls")[0] == nulls
    # The journal has none of it.
    told = "select max(pg_column_size(l.new_values)) from docket.audit_log as l"
    assert value(session, told) < 10_000


def test_compression_can_be_chosen_and_changes_no_byte(task: tuple[Connection, uuid.UUID]) -> None:
    session, made = task
    content = b"the same again " * 20_000
    sizes, contents = {}, set()
    for method in ("pglz", "lz4", "none"):
        try:
            session.execute("select docket.set_context_compression(%s)", (method,))
        except psycopg.errors.Error as error:
            if (method, error.sqlstate) != ("lz4", "PD422"):
                raise
            continue  # this server was built without it
        value(session, PUT_RAW, made, method, content, "text/plain")
        contents.add(raw(session, made, method)[0])
        sizes[method] = value(
            session,
            "select stored_bytes from docket.context_statistics("
            "  (select t.project_id from docket.get_task(%s) as t), %s) where context_type = %s",
            made, made, method,
        )  # fmt: skip
    assert contents == {content}
    assert sizes.pop("none") > len(content)
    assert max(sizes.values()) < len(content) / 10


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
def test_the_latest_of_many_versions_is_found_as_fast_as_of_few(
    task: tuple[Connection, uuid.UUID],
) -> None:
    session, made = task
    many = soak.size(500, 100_000)
    # In transactions of some size, as fast at the end as at the beginning: also where nothing is
    # vacuumed, what a context is searched by is pruned of what is dead by whoever comes to it.
    for first in range(1, many + 1, 500):
        session.execute(
            "select count((docket.put_context(%s, 'note', to_jsonb(n))).version)"
            "  from generate_series(%s::integer, %s::integer) as n",
            (made, first, first + 499),
        )
    session.execute("select docket.put_context(%s, kind, '1') from unnest(%s::text[]) as kind",
                    (made, ["a", "z"]))  # fmt: skip
    session.execute("vacuum analyze docket.task_contexts")
    latest = "select version from docket.latest_contexts(%s) order by context_type"
    assert session.execute(latest, (made,)).fetchall() == [(1,), (many,), (1,)]
    # The whole way down the index, a row, and what row-level security asks; for each of the types.
    for read, blocks in (("get_context(%s, 'note')", 20), ("latest_contexts(%s)", 60)):
        explain = f"explain (analyze, buffers, format json) select * from docket.{read}"
        plan = value(session, explain, made)[0]["Plan"]
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < blocks, read
    assert value(session, "select (docket.get_context(%s, 'note', 3)).data", made) == 3

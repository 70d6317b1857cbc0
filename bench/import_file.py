"""Importing a task file, against COPY of the rows that come of it into bare tables.

python -m bench.import_file [MEGABYTES]
"""

from __future__ import annotations

import json
import random
import time
import uuid

import psycopg
from psycopg import sql

from bench.harness import Bench, Row, bench, interleaved

TABLES = ("tasks", "task_dependencies", "imports", "import_items")
WORDS = [
    "agent", "board", "cache", "check", "claim", "deploy", "error", "file", "graph", "index",
    "journal", "lease", "lock", "merge", "order", "page", "parse", "plan", "queue", "reader",
    "release", "report", "retry", "schema", "search", "server", "session", "shard", "store",
    "sweep", "table", "task", "test", "token", "trigger", "update", "verify", "view", "worker",
]  # fmt: skip
SUBTASKS = 8

Connection = psycopg.Connection[tuple[object, ...]]


def words(chance: random.Random, count: int) -> str:
    """So many words, as a text."""
    return " ".join(chance.choices(WORDS, k=count)).capitalize() + "."


def entry(chance: random.Random, number: int, *, is_task: bool) -> dict[str, object]:
    """A task or subtask as task files have them: most wait for one or two before them."""
    earlier = range(max(1, number - 6), number)
    return {
        "id": number,
        "title": words(chance, 5),
        "description": words(chance, 20),
        "status": chance.choice(["pending", "pending", "done", "in-progress"]),
        "dependencies": sorted(chance.sample(earlier, min(len(earlier), chance.randrange(3)))),
        "details": words(chance, 60),
        "testStrategy": words(chance, 20),
    } | ({"priority": chance.choice(["low", "medium", "high"])} if is_task else {})


def task_file(size: int) -> bytes:
    """A task file of about `size` bytes, the same each time."""
    chance = random.Random(7)  # noqa: S311 - the same file each time is what is wanted
    tasks: list[dict[str, object]] = []
    written = 0
    while written < size:
        task = entry(chance, len(tasks) + 1, is_task=True)
        task["subtasks"] = [entry(chance, n, is_task=False) for n in range(1, SUBTASKS + 1)]
        tasks.append(task)
        written += len(json.dumps(task, indent=2)) + 300  # the indentation inside the file
    return json.dumps({"master": {"tasks": tasks, "metadata": {}}}, indent=2).encode()


def seconds(connection: Connection, query: str, parameters: list[object]) -> float:
    """How long a statement takes, committed."""
    begun = time.perf_counter()
    connection.execute(query.encode(), parameters)
    return time.perf_counter() - begun


def import_seconds(connection: Connection, content: bytes, *, dry_run: bool = False) -> float:
    """How long an import into a project of its own takes."""
    return seconds(
        connection,
        "select docket.import_tasks_json(slug => %s, source_name => 'f', content => %s,"
        " dry_run => %s)",
        [f"bench-{uuid.uuid4()}", content, dry_run],
    )


def rows_of_last_import(connection: Connection) -> dict[str, bytes]:
    """What the last import wrote, table by table, as COPY has it."""
    rows = {}
    for table in TABLES:
        query = sql.SQL(
            "copy (select t.* from docket.{} as t where t.project_id ="
            " (select max(p.project_id::text)::uuid from docket.projects as p)) to stdout"
        ).format(sql.Identifier(table))
        with connection.cursor().copy(query) as copy:
            rows[table] = b"".join(bytes(block) for block in copy)
    return rows


def copy_seconds(connection: Connection, rows: dict[str, bytes]) -> float:
    """How long COPY takes into tables with the same columns and nothing else, committed."""
    for table in rows:
        connection.execute(
            sql.SQL("drop table if exists public.{0}; create table public.{0} as table docket.{0}"
                    " with no data").format(sql.Identifier(table))
        )  # fmt: skip
    begun = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        for table, data in rows.items():
            query = sql.SQL("copy public.{} from stdin").format(sql.Identifier(table))
            with cursor.copy(query) as copy:
                copy.write(data)
    return time.perf_counter() - begun


def measure(machine: Bench, megabytes: int) -> list[Row]:
    """Seconds for an import, a dry run, reading alone and the second import of the same file."""
    content = task_file(megabytes * 1_000_000)
    with psycopg.connect(machine.database(), autocommit=True) as connection:
        first = import_seconds(connection, content)
        rows = rows_of_last_import(connection)
        slug = connection.execute("select p.slug from docket.projects as p").fetchone()
        counted = connection.execute("select count(*) from docket.tasks").fetchone()
        if slug is None or counted is None:
            raise RuntimeError("nothing was imported")
        again = "select docket.import_tasks_json(%s, 'f', %s)"
        read = "select (docket_private.read_tasks_file('f', %s)).shape"
        ours, dry, reading, repeated, floor = interleaved(
            lambda: import_seconds(connection, content),
            lambda: import_seconds(connection, content, dry_run=True),
            lambda: seconds(connection, read, [content]),
            lambda: seconds(connection, again, [slug[0], content]),
            lambda: copy_seconds(connection, rows),
        )
    size = f"{len(content) / 1e6:.1f} MB, {counted[0]} tasks"
    name = "COPY of the rows"
    return [
        Row("import, first of the database", size, first, floor, "s", name),
        Row("import", size, ours, floor, "s", name),
        Row("import, dry run", size, dry, floor, "s", name),
        Row("import, reading alone", size, reading, floor, "s", name),
        Row("import, the same file again", size, repeated, floor, "s", name),
    ]


def main(megabytes: int = 3) -> list[Row]:
    """The rows of this benchmark."""
    with bench() as machine:
        return measure(machine, megabytes)

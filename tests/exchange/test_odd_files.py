"""Files that no one should write, and someone will: imported all the same, with a report."""

from __future__ import annotations

import json
import random

import networkx as nx
import pytest

from support import task_files
from support.sessions import Connection
from support.task_files import edges_by_key, flat, import_file, kinds, oddities, tasks

SMALL = b'{"tasks": [{"id": 1, "title": "One"}]}'


def test_a_byte_order_mark_is_kept_and_reported(connection: Connection) -> None:
    report = import_file(connection, b"\xef\xbb\xbf" + SMALL)
    assert oddities(report) == [("", "byte_order_mark")]
    assert connection.execute("select content from docket.imports").fetchone() == (
        b"\xef\xbb\xbf" + SMALL,
    )


def test_carriage_returns_are_white_space(connection: Connection) -> None:
    content = (
        b'{\r\n  "tasks": [\r\n    {\r\n      "id": 1,\r\n      "title": "One"\r\n    }\r\n]}\r\n'
    )
    assert kinds(import_file(connection, content)) == {}
    assert connection.execute("select raw::text from docket.import_items").fetchone() == (
        '{\r\n      "id": 1,\r\n      "title": "One"\r\n    }',
    )


def test_of_duplicate_keys_the_last_counts_and_all_are_kept(connection: Connection) -> None:
    content = (
        b'{"master": {"tasks": [{"id": 9}]}, "master": {"tasks": [{"id": 1, "title": "first",'
        b' "title": "last", "extra": 1, "extra": 2, "status": "done", "status": "pending"}],'
        b' "metadata": {}, "metadata": {"a": 1}}}'
    )
    report = import_file(connection, content)
    assert oddities(report) == [
        ("master", "duplicate_key"),
        ("master.metadata", "duplicate_key"),
        ("master.tasks.0.extra", "duplicate_key"),
        ("master.tasks.0.status", "duplicate_key"),
        ("master.tasks.0.title", "duplicate_key"),
    ]
    stored = tasks(connection)
    assert list(stored) == ["1"]
    assert (stored["1"]["title"], stored["1"]["status"]) == ("last", "pending")
    assert stored["1"]["metadata"] == {"imported": {"extra": 2}}
    row = connection.execute("select raw::text from docket.import_items").fetchone()
    assert row is not None
    assert '"extra": 1, "extra": 2' in row[0]


def test_ids_are_keys_as_they_are_spelled(connection: Connection) -> None:
    content = (
        b'{"tasks": [{"id": 8, "title": "a", "subtasks": [{"id": 8.1, "title": "b"},'
        b' {"id": 8.10, "title": "c", "dependencies": [8.1]}, {"id": "8.11", "title": "d",'
        b' "dependencies": ["8.10", 1]}, {"id": "8-12", "title": "e",'
        b' "dependencies": ["8-12", "8.8.11"]}, {"id": 2, "title": "f",'
        b' "subtasks": [{"id": 1, "title": "g", "dependencies": ["8.11"]}]}]},'
        b' {"id": "rust-engine", "title": "h", "dependencies": ["8.2.1", 8]},'
        b' {"id": 1749317945525, "title": "i", "dependencies": ["rust-engine"]}]}'
    )
    report = import_file(connection, content)
    stored = tasks(connection)
    assert list(stored) == [
        "8", "8.1", "8.10", "8.11", "8-12", "8.2", "8.2.1", "rust-engine", "1749317945525",
    ]  # fmt: skip
    assert {key: task["legacy_id"] for key, task in stored.items() if task["legacy_id"]} == {
        "8": 8,
        "1749317945525": 1749317945525,
    }
    assert edges_by_key(connection) == [
        ("8.10", "8.1"), ("8.11", "8.1"), ("8.11", "8.10"), ("8-12", "8.11"), ("8.2.1", "8.11"),
        ("rust-engine", "8"), ("rust-engine", "8.2.1"), ("1749317945525", "rust-engine"),
    ]  # fmt: skip
    assert kinds(report) == {"fractional_id": 2, "self_dependency": 1}
    assert stored["8.2.1"]["parent_task_id"] == stored["8.2"]["task_id"]


def test_missing_and_duplicate_ids_get_keys_of_their_own(connection: Connection) -> None:
    report = import_file(
        connection,
        flat(
            {"id": 1, "title": "a"}, {"id": 1, "title": "b", "subtasks": [{"id": 1, "title": "c"}]},
            {"id": "1", "title": "d"}, {"title": "e"}, {"id": None, "title": "f"},
            {"id": {}, "title": "g"}, {"id": "1~2", "title": "h"}, {"id": "x" * 300, "title": "i"},
            {"id": "1.1", "title": "j", "dependencies": [1]},
        ),
    )  # fmt: skip
    stored = tasks(connection)
    assert {task["title"]: key for key, task in stored.items()} == {
        "a": "1", "b": "1~2", "c": "1.1~2", "d": "1~3", "e": "4", "f": "5", "g": "6", "h": "1~4",
        "i": "8", "j": "1.1",
    }  # fmt: skip
    assert [task["legacy_id"] for task in stored.values() if task["legacy_id"]] == [1]
    assert stored["6"]["metadata"] == {"imported": {"id": {}}}
    assert kinds(report) == {
        "duplicate_id": 4, "missing_id": 2, "unreadable_id": 2, "ambiguous_dependency": 1,
    }  # fmt: skip
    assert edges_by_key(connection) == [("1.1", "1")]


def test_tags_are_workflows_and_the_first_has_plain_keys(connection: Connection) -> None:
    content = json.dumps(
        {
            "api": {"tasks": [{"id": 1, "title": "a"}], "metadata": {"created": "x"}},
            "master": {
                "tasks": [{"id": 1, "title": "b"}, {"id": 2, "title": "c", "dependencies": [1]}]
            },
            "tag": "api", "empty": {"tasks": []}, "none": {},
            "": {"tasks": [{"id": 1, "title": "d"}]},
            "x" * 300: {"tasks": [{"id": 1, "title": "e"}]}, "tasks": [{"id": 5}],
        }
    ).encode()  # fmt: skip
    report = import_file(connection, content)
    stored = tasks(connection)
    assert {task["title"]: key for key, task in stored.items()} == {
        "a": "api/1", "b": "1", "c": "2", "d": "/1", "e": "x" * 100 + "/1",
    }  # fmt: skip
    assert [task["legacy_id"] for task in stored.values()] == [None, 1, 2, None, None]
    assert connection.execute(
        "select name, metadata from docket.workflows order by workflow_id"
    ).fetchall() == [
        ("api", {"imported": {"metadata": {"created": "x"}}}),
        ("master", {}), ("empty", {}), ("(unnamed)", {}), ("x" * 240, {}),
    ]  # fmt: skip
    assert connection.execute("select shape, metadata from docket.imports").fetchone() == (
        "tagged",
        {"imported": {"tag": "api", "none": {}, "tasks": [{"id": 5}]}},
    )
    assert kinds(report) == {"tasks_beside_tags": 1}
    assert edges_by_key(connection) == [("2", "1")]


def test_leaked_internals_are_read(connection: Connection) -> None:
    content = b'{"_rawTaggedData": {"api": {"tasks": [{"id": 1, "title": "a"}]}}, "tag": "api"}'
    report = import_file(connection, content)
    assert (report["shape"], report["tasks"]) == ("raw_tagged", 1)
    assert connection.execute("select item_path from docket.import_items").fetchone() == (
        ["_rawTaggedData", "api", "tasks", "0"],
    )


def test_entries_that_are_no_objects_are_kept(connection: Connection) -> None:
    subtasks = ["Do this", 7, None, {"id": 2, "title": "b"}]
    report = import_file(connection, flat({"id": 1, "title": "a", "subtasks": subtasks}, [], "c"))
    assert {key: task["title"] for key, task in tasks(connection).items()} == {
        "1": "a", "1.1": "Do this", "1.2": "b", "3": "c",
    }  # fmt: skip
    assert (report["tasks"], report["subtasks"]) == (2, 2)
    assert kinds(report) == {"task_is_text": 2, "not_a_task": 3}
    assert connection.execute(
        "select raw::text from docket.import_items where task_id is null order by ordinal"
    ).fetchall() == [("7",), ("null",), ("[]",)]


def test_titles_and_texts_that_are_none_are_replaced_and_kept(connection: Connection) -> None:
    report = import_file(
        connection,
        flat(
            {"id": 1}, {"id": 2, "title": " ", "description": "\n First line \nSecond"},
            {"id": 3, "title": "x" * 256}, {"id": 4, "title": 17, "description": None},
            {"id": 5, "title": "ok", "description": ["a", 1], "details": {"b": 2},
             "testStrategy": False},
            {"id": 6, "title": "y" * 255, "subtasks": None},
            {"id": 7, "title": "z", "subtasks": {"id": 1}},
        ),
    )  # fmt: skip
    stored = tasks(connection)
    assert [task["title"] for task in stored.values()] == [
        "Task 1", "First line", "x" * 254 + "…", "17", "ok", "y" * 255, "z",
    ]  # fmt: skip
    assert stored["3"]["metadata"]["imported"] == {"title": "x" * 256}
    assert stored["4"]["metadata"]["imported"] == {"title": 17}
    assert (stored["5"]["description"], stored["5"]["details"]) == ('["a", 1]', '{"b": 2}')
    assert stored["5"]["metadata"]["imported"] == {
        "description": ["a", 1], "details": {"b": 2}, "testStrategy": False,
    }  # fmt: skip
    assert stored["7"]["metadata"]["imported"] == {"subtasks": {"id": 1}}
    assert kinds(report) == {
        "missing_title": 2, "long_title": 1, "not_text": 4, "subtasks_not_list": 1,
    }  # fmt: skip


def test_statuses_and_priorities_are_read_or_kept(connection: Connection) -> None:
    report = import_file(
        connection,
        flat(
            {"id": 1, "title": "a", "status": "done", "priority": "high",
             "completedAt": "2025-06-01T12:00:00+02:00",
             "subtasks": [{"id": 1, "title": "b"}, {"id": 2, "title": "c", "priority": "low",
                           "subtasks": [{"id": 1, "title": "d", "priority": None}]}]},
            {"id": 2, "title": "e", "status": "deprecated", "priority": "Haute"},
            {"id": 3, "title": "f", "status": 60, "priority": 11},
            {"id": 4, "title": "g", "status": " In-Progress", "priority": 9},
            {"id": 5, "title": "h", "status": "done", "completedAt": "yesterday"},
            {"id": 6, "title": "i", "status": None},
        ),
    )  # fmt: skip
    stored = tasks(connection)
    assert {key: (task["status"], task["priority"]) for key, task in stored.items()} == {
        "1": ("completed", 8), "1.1": ("pending", 8), "1.2": ("pending", 3),
        "1.2.1": ("pending", 3), "2": ("pending", 5), "3": ("pending", 5),
        "4": ("in_progress", 9), "5": ("completed", 5), "6": ("pending", 5),
    }  # fmt: skip
    assert stored["1"]["completed_at"].startswith("2025-06-01T")
    assert stored["1"]["metadata"]["imported"] == {"completedAt": "2025-06-01T12:00:00+02:00"}
    assert stored["2"]["metadata"]["imported"] == {"status": "deprecated", "priority": "Haute"}
    assert kinds(report) == {"unknown_status": 2, "unknown_priority": 2, "unreadable_time": 1}
    assert report["statuses"] == {"completed": 2, "in_progress": 1, "pending": 6}
    assert report["priorities"] == {"3": 2, "5": 4, "8": 2, "9": 1}
    assert connection.execute(
        "select raw_status, raw_priority from docket.import_items"
        " where ordinal in (1, 5, 6) order by 1"
    ).fetchall() == [('"deprecated"', '"Haute"'), ('"done"', '"high"'), ("60", "11")]


def test_every_unknown_key_is_in_metadata(connection: Connection) -> None:
    others = {"complexity": 7, "labels": ["a"], "meta": {"b": None}, "ü": True}
    import_file(connection, flat({"id": 1, "title": "a", **others}, version="2"))
    assert tasks(connection)["1"]["metadata"] == {"imported": others}
    assert connection.execute("select metadata from docket.workflows").fetchone() == (
        {"imported": {"version": "2"}},
    )


def test_numbers_that_jsonb_refuses_are_kept_as_text(connection: Connection) -> None:
    import_file(connection, b'{"tasks": [{"id": 1, "title": "a", "n": 1e999999, "m": {"k": 2}}]}')
    assert tasks(connection)["1"]["metadata"]["imported"] == {"n": "1e999999", "m": {"k": 2}}


def test_dependencies_that_can_not_be_stored_are_named(connection: Connection) -> None:
    report = import_file(
        connection,
        flat(
            {"id": 1, "title": "a", "dependencies": None},
            {"id": 2, "title": "b", "dependencies": [1, "1", 2, 99, None, {}, True, "", "1,3"],
             "subtasks": [
                 {"id": 1, "title": "c", "dependencies": [2, 3]},
                 {"id": 3, "title": "d", "dependencies": ["2.1", "1", 7]},
             ]},
            {"id": 3, "title": "e", "dependencies": "1"},
            {"id": 7, "title": "f", "dependencies": {"on": 1}},
            {"id": 8, "title": "g", "dependencies": 1},
        ),
    )  # fmt: skip
    assert edges_by_key(connection) == [
        ("2", "1"), ("2", "3"), ("2.1", "2.3"), ("2.3", "7"), ("3", "1"), ("8", "1"),
    ]  # fmt: skip
    assert sorted(oddities(report)) == [
        ("tasks.1.dependencies.1", "duplicate_dependency"),
        ("tasks.1.dependencies.2", "self_dependency"),
        ("tasks.1.dependencies.3", "dangling_dependency"),
        ("tasks.1.dependencies.4", "null_dependency"),
        ("tasks.1.dependencies.5", "unreadable_dependency"),
        ("tasks.1.dependencies.6", "unreadable_dependency"),
        ("tasks.1.dependencies.7", "unreadable_dependency"),
        ("tasks.1.dependencies.8", "duplicate_dependency"),
        ("tasks.1.dependencies.8", "joined_dependencies"),
        ("tasks.1.subtasks.0.dependencies.0", "ambiguous_dependency"),
        ("tasks.1.subtasks.0.dependencies.0", "ancestor_dependency"),
        ("tasks.1.subtasks.1.dependencies.0", "cyclic_dependency"),
        ("tasks.1.subtasks.1.dependencies.1", "duplicate_dependency"),
        ("tasks.1.subtasks.1.dependencies.2", "ambiguous_dependency"),
        ("tasks.2.dependencies", "dependencies_not_list"),
        ("tasks.3.dependencies", "dependencies_not_list"),
        ("tasks.3.dependencies", "unreadable_dependency"),
        ("tasks.4.dependencies", "dependencies_not_list"),
    ]  # fmt: skip


def test_of_a_cycle_only_the_edge_that_closes_it_is_left_out(connection: Connection) -> None:
    report = import_file(
        connection,
        flat(*({"id": n, "title": str(n), "dependencies": [n % 4 + 1]} for n in range(1, 5))),
    )
    assert edges_by_key(connection) == [("1", "2"), ("2", "3"), ("3", "4")]
    assert oddities(report) == [("tasks.3.dependencies.0", "cyclic_dependency")]


@pytest.mark.parametrize("seed", range(5))
def test_of_many_cycles_as_much_is_kept_as_has_an_order(seed: int, connection: Connection) -> None:
    chance = random.Random(seed)  # noqa: S311
    count = 60
    content = flat(
        *(
            {"id": n, "title": str(n), "dependencies": [chance.randrange(count) for _ in range(3)]}
            for n in range(count)
        )
    )
    report = import_file(connection, content)
    stored, expected = task_files.stored_edges(connection), task_files.read(content).edges
    graph = nx.DiGraph(list(stored))
    assert stored <= expected
    assert nx.is_directed_acyclic_graph(graph)
    assert all(nx.has_path(graph, target, task) for task, target in expected - stored)
    assert report["counts"]["cyclic_dependency"] == len(expected - stored) > 0


# Characters that the database can't hold


def test_what_can_not_be_stored_is_set_aside_and_kept_as_written(connection: Connection) -> None:
    content = (
        rb'{"t\u0000ag": {"tasks": [{"id": 1, "title": "a\u0000b",'
        rb' "description": "x\ud83dy\\u0000z",'
        rb' "details": "\ud83d\ude00 \ude00\uD83D", "notes": "\u0000 \\u0000 \ud83d\ude00 \udc00",'
        rb' "k\u0000": {"\ud800": "\\\u0000"}, "status": "done\u0000", "subtasks": ["s\u0000"]}]}}'
    )
    report = import_file(connection, content)
    task = tasks(connection)["1"]
    assert task["title"] == "ab"
    assert task["description"] == "x\ufffdy\\u0000z"
    assert task["details"] == "\U0001f600 \ufffd\ufffd"
    assert task["metadata"]["imported"] == {
        "notes": "\\u0000 \\u0000 \U0001f600 \\udc00",
        "k\\u0000": {"\\ud800": "\\\\u0000"},
        "status": "done\\u0000",
    }
    assert kinds(report) == {"unstorable_character": 5, "unknown_status": 1, "task_is_text": 1}
    raw, path = connection.execute(
        "select raw::text, item_path from docket.import_items where ordinal = 1"
    ).fetchall()[0]
    assert raw.encode() in content
    assert path == [r"t\u0000ag", "tasks", "0"]
    assert connection.execute("select content from docket.imports").fetchone() == (content,)

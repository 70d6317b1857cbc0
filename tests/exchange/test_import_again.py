"""The same file again, another from the same place, and who may import what."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg
import pytest

from support import task_files
from support.sessions import Connection
from support.task_files import flat, import_file, kinds, tasks

SMALL = b'{"tasks": [{"id": 1, "title": "One"}]}'


def test_other_content_of_a_known_source_is_merged(connection: Connection) -> None:
    import_file(connection, SMALL)
    report = import_file(connection, SMALL.replace(b"One", b"Two"))
    assert (report["updated"], report["created"]["tasks"]) == (1, 0)
    assert [task["title"] for task in tasks(connection).values()] == ["Two"]
    assert task_files.export_file(connection) == SMALL.replace(b"One", b"Two")


def test_what_both_sides_changed_is_refused_and_told(connection: Connection) -> None:
    import_file(connection, SMALL)
    connection.execute("""select docket.update_task(t.task_id, '{"title": "Here"}')
                            from docket.tasks as t""")
    before = task_files.counts(connection)
    there = SMALL.replace(b"One", b"There")
    with pytest.raises(psycopg.Error) as caught:
        import_file(connection, there)
    assert caught.value.sqlstate == "PD409"
    told = json.loads(caught.value.diag.message_detail or "")
    assert told["conflicts"] == import_file(connection, there, dry_run=True)["conflicts"]
    assert told["how_many"] == 1
    assert task_files.counts(connection) == before


def test_the_same_content_from_another_source_is_refused(connection: Connection) -> None:
    import_file(connection, SMALL)
    with pytest.raises(psycopg.Error) as caught:
        import_file(connection, SMALL, source="copy/tasks.json")
    assert caught.value.sqlstate == "PD409"
    assert "tasks.json" in str(caught.value)
    assert import_file(connection, SMALL, slug="another")["created"]["tasks"] == 1


def test_a_second_source_stands_beside_what_the_project_has(connection: Connection) -> None:
    import_file(connection, SMALL)
    second = flat({"id": 1, "title": "Two", "subtasks": [{"id": 1, "title": "Sub"}]})
    report = import_file(connection, second, source="b.json")
    third = flat({"id": 1, "title": "Three"}, {"id": "1", "title": "Four"})
    import_file(connection, third, source="c.json")
    assert {key: task["title"] for key, task in tasks(connection).items()} == {
        "1": "One", "1~2": "Two", "1.1": "Sub", "1~3": "Three", "1~4": "Four",
    }  # fmt: skip
    assert kinds(report) == {"workflow_exists": 1, "key_taken": 1}
    assert [task["legacy_id"] for task in tasks(connection).values()] == [1, None, None, None, None]


def test_the_same_request_is_answered_once(connection: Connection) -> None:
    request = str(uuid.uuid4())
    first = import_file(connection, SMALL, request_id=request)
    before = task_files.counts(connection)
    assert import_file(connection, SMALL, request_id=request) == first
    assert task_files.counts(connection) == before
    assert first["created"]["tasks"] == 1


def test_a_reader_may_not_import(connection: Connection) -> None:
    project_id = import_file(connection, SMALL)["project_id"]
    connection.execute(
        "insert into docket.members (organization_id, project_id, principal, access)"
        " select p.organization_id, p.project_id, 'docket_app', 'reader' from docket.projects as p"
        " where p.project_id = %s",
        [project_id],
    )
    connection.execute("set role docket_app")
    with pytest.raises(psycopg.Error) as caught:
        import_file(connection, flat({"id": 2, "title": "x"}), source="b.json")
    assert caught.value.sqlstate == "PD403"


def test_a_project_that_is_not_seen_is_not_touched(connection: Connection) -> None:
    first = import_file(connection, SMALL)
    connection.execute("set role docket_app")
    second = import_file(connection, SMALL)
    assert second["created"] == {"projects": 1, "workflows": 1, "tasks": 1, "dependencies": 0}
    assert first["project_id"] != second["project_id"]
    assert len(tasks(connection)) == 1


def test_a_project_is_found_by_its_id(connection: Connection) -> None:
    first = import_file(connection, SMALL)
    second = import_file(connection, SMALL, slug=first["project_id"])
    assert second["unchanged"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"slug": None}, {"source": None}, {"source": " "}, {"source": "x" * 1025},
        {"content": None}, {"slug": "Not A Slug"},
    ],
)  # fmt: skip
def test_arguments_without_a_meaning_are_refused(
    arguments: dict[str, Any], connection: Connection
) -> None:
    for dry_run in (False, True):
        with pytest.raises(psycopg.Error) as caught:
            import_file(connection, **({"content": SMALL, "dry_run": dry_run} | arguments))
        assert caught.value.sqlstate == "PD422"

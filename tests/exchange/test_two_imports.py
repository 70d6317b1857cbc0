"""Two sessions import at once: one does the work, the other finds it done."""

from __future__ import annotations

from support.databases import Database
from support.sessions import Connect, start_blocked
from support.task_files import import_file, tasks

CONTENT = b'{"tasks": [{"id": 1, "title": "One"}, {"id": 2, "title": "Two", "dependencies": [1]}]}'
IMPORT = (
    "select docket.import_tasks_json("
    "slug => 'imported', source_name => 'tasks.json', content => %s) ->> 'unchanged'"
)


def test_the_second_of_two_at_once_changes_nothing(docket: Database, connect: Connect) -> None:
    first, second, observer = connect(docket), connect(docket), connect(docket)
    first.execute("select docket.create_project(slug => 'imported')")
    first.execute("begin")
    assert not import_file(first, CONTENT)["unchanged"]
    running = start_blocked(observer, second, IMPORT, [CONTENT])
    first.execute("commit")

    assert running.result() == [("true",)]
    assert len(tasks(first)) == 2


def test_of_two_versions_at_once_the_second_is_merged_with_the_first(
    docket: Database, connect: Connect
) -> None:
    first, second, observer = connect(docket), connect(docket), connect(docket)
    import_file(first, CONTENT)
    first.execute("begin")
    import_file(first, CONTENT.replace(b"One", b"Uno"))
    running = start_blocked(
        observer, second, IMPORT.replace("'unchanged'", "'updated'"),
        [CONTENT.replace(b"Two", b"Due").replace(b"One", b"Uno")],
    )  # fmt: skip
    first.execute("commit")

    assert running.result() == [("1",)]
    assert {task["title"] for task in tasks(first).values()} == {"Uno", "Due"}


def test_an_import_meets_what_is_just_being_changed(docket: Database, connect: Connect) -> None:
    """The importer waits for the task, and judges it as it is then; both changes are there."""
    first, second, observer = connect(docket), connect(docket), connect(docket)
    import_file(first, CONTENT)
    first.execute("begin")
    first.execute(
        """select docket.update_task(t.task_id, '{"details": "here"}')
             from docket.tasks as t where t.task_key = '1'"""
    )
    running = start_blocked(
        observer, second, IMPORT.replace("'unchanged'", "'updated'"),
        [CONTENT.replace(b"One", b"There")],
    )  # fmt: skip
    first.execute("commit")

    assert running.result() == [("1",)]
    task = tasks(first)["1"]
    assert (task["title"], task["details"]) == ("There", "here")


def test_a_change_waits_for_the_import_that_has_the_task(
    docket: Database, connect: Connect
) -> None:
    first, second, observer = connect(docket), connect(docket), connect(docket)
    import_file(first, CONTENT)
    first.execute("begin")
    import_file(first, CONTENT.replace(b"One", b"There"))
    running = start_blocked(
        observer, second,
        """select (docket.update_task(t.task_id, '{"details": "here"}')).title
             from docket.tasks as t where t.task_key = '1'""", [],
    )  # fmt: skip
    first.execute("commit")

    assert running.result() == [("There",)]


def test_a_dry_run_leaves_the_project_free(docket: Database, connect: Connect) -> None:
    first, second = connect(docket), connect(docket)
    first.execute("select docket.create_project(slug => 'imported')")
    first.execute("begin")
    import_file(first, CONTENT, dry_run=True)

    assert import_file(second, CONTENT)["created"]["tasks"] == 2
    first.execute("commit")


def test_two_versions_of_a_beads_file_follow_each_other(docket: Database, connect: Connect) -> None:
    first, second, observer = connect(docket), connect(docket), connect(docket)
    sent = "select docket.import_beads('beads', 'f', %s) -> 'merged' ->> 'changed'"
    first.execute("select docket.create_project(slug => 'beads')")
    first.execute(sent, [b'{"id":"a","title":"A"}'])
    first.execute("begin")
    first.execute(sent, [b'{"id":"a","title":"A","description":"first"}'])
    running = start_blocked(
        observer, second, sent, [b'{"id":"a","title":"second","description":"first"}']
    )
    first.execute("commit")

    assert running.result() == [("1",)]
    assert tasks(first)["a"]["title"] == "second"
    assert tasks(first)["a"]["description"] == "first"

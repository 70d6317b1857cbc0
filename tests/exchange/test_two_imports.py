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

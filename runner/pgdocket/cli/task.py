"""task: tasks made, shown, changed and put away by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pgdocket import output
from pgdocket.cli import Options, common_options, journal, recommend
from pgdocket.cli.session import (
    agent_option,
    as_row,
    given,
    json_text,
    lease_option,
    opened,
    show_task,
    show_tasks,
    the_project,
    the_task,
)

F = TypeVar("F", bound=Callable[..., Any])


_FIELD_OPTIONS = (
    click.option("--description", help="What is to be done."),
    click.option("--details", help="How it is to be done."),
    click.option("--test-strategy", help="How to tell that it is done."),
    click.option("--priority", help="1 to 10, or low, medium, high, critical."),
    click.option("--tag", "tags", multiple=True, help="A word to find it by; repeatable."),
    click.option(
        "--needs",
        "needed_capabilities",
        metavar="CAPABILITY",
        multiple=True,
        help="What an agent must be able to do; repeatable.",
    ),
    click.option(
        "--file",
        "affected_files",
        multiple=True,
        help="A path that it touches; repeatable.",
    ),
    click.option(
        "--complexity", "complexity_score", type=int, help="Expected complexity, 1 to 10."
    ),
    click.option("--effort", "estimated_effort", type=float, help="Expected effort in hours."),
    click.option("--assignee", "assigned_to", help="The person or agent who has it."),
    click.option("--not-before", help="Not to be claimed before this time."),
    click.option("--due", "due_at", help="When it should be done."),
    click.option(
        "--requirements",
        type=json_text,
        metavar="JSON",
        help="What it has to meet, a JSON object.",
    ),
    click.option(
        "--criteria",
        "acceptance_criteria",
        type=json_text,
        metavar="JSON",
        help="Acceptance, JSON.",
    ),
    click.option(
        "--metadata", type=json_text, metavar="JSON", help="Anything else, a JSON object."
    ),
)


def field_options(command: F) -> F:
    """Adds an option for each field of a task that people set."""
    for option in reversed(_FIELD_OPTIONS):
        command = option(command)
    return command


@click.group()
@common_options
def task() -> None:
    """Add, show, list and change tasks.

    TASK is a key, a number or an id.

    \b
    Example:
      pgdocket task add "Build the cart" --priority high --depends-on shop-1
      pgdocket task list --status pending
    """


@task.command()
@common_options
@click.argument("title")
@field_options
@click.option("--status", help="Where it stands, when that is not pending.")
@click.option("--key", "task_key", help="Its key; one is made when none is given.")
@click.option("--parent", metavar="TASK", help="The task of which it is a subtask.")
@click.option("--depends-on", metavar="TASK", multiple=True, help="Waits for it; repeatable.")
@click.pass_obj
def add(
    options: Options, /, title: str, parent: str | None, depends_on: tuple[str, ...], **fields: Any
) -> None:
    """Add a task.

    \b
    Example:
      pgdocket task add "Build the cart" --priority high --tag web --depends-on shop-1
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id

        def find(reference: str) -> Any:
            return docket.task_id(project_id=project_id, reference=reference)

        added = docket.create_task(
            project_id=project_id,
            title=title,
            parent_task_id=find(parent) if parent else None,
            depends_on=[find(each) for each in depends_on] or None,
            **given(fields),
        )
    show_task(added, options, "added")


@task.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def show(options: Options, reference: str) -> None:
    """Show a task with its dependencies and attempts.

    \b
    Example:
      pgdocket task show shop-3
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        found = docket.get_task(task_id=task_id)
        waits_for = [
            docket.get_task(task_id=each.depends_on_id)
            for each in docket.dependencies(task_id=task_id)
        ]
        blocks = [
            docket.get_task(task_id=each.task_id) for each in docket.dependents(task_id=task_id)
        ]
        attempts = docket.list_attempts(task_id=task_id)
    if options.json:
        output.print_json(
            {
                **as_row(found),
                "depends_on": [each.task_key for each in waits_for],
                "dependents": [each.task_key for each in blocks],
                "attempts": attempts,
            }
        )
        return
    fields = {name: value for name, value in as_row(found).items() if value not in (None, [], {})}
    fields["depends_on"] = [f"{each.task_key} ({each.status})" for each in waits_for]
    fields["dependents"] = [f"{each.task_key} ({each.status})" for each in blocks]
    output.record(fields, title=f"{found.task_key} {found.title}")
    if attempts:
        output.plain()
        output.table(
            [as_row(each) for each in attempts],
            ["attempt_no", "agent", "created_at", "ended_at", "outcome", "failure_class", "error"],
        )


@task.command(name="list")
@common_options
@click.option("--status", "statuses", multiple=True, help="Only with this status; repeatable.")
@click.option("--min-priority", help="Only at least as urgent: 1 to 10, or a label.")
@click.option("--assignee", "assigned_to", help="Only those of a person or agent.")
@click.option("--tag", "tags_all", multiple=True, help="Only with this tag; repeatable (all).")
@click.option("--any-tag", "tags_any", multiple=True, help="With one of these; repeatable.")
@click.option("--file", "affected_file", help="Only those that touch a path.")
@click.option("--parent", metavar="TASK", help="Only subtasks of a task.")
@click.option("--search", "query", help="Only those whose text matches, the best first.")
@click.option(
    "--order", "order_by", type=click.Choice(["created_at", "priority"]), help="The order."
)
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="At most.")
@click.pass_obj
def list_(
    options: Options, /, parent: str | None, query: str | None, page_size: int, **filters: Any
) -> None:
    """List tasks.

    \b
    Example:
      pgdocket task list --status pending --min-priority high
      pgdocket task list --search "payment refund"
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        if query is not None:
            if parent or given(filters):
                raise click.UsageError("--search can't be combined with the other filters")
            hits = docket.search_tasks(project_id=project_id, query=query, page_size=page_size)
            output.table(
                [as_row(hit) for hit in hits],
                ["task_key", "status", "priority", "title"],
                as_json=options.json,
                empty="no task matches",
            )
            return
        found = docket.list_tasks(
            project_id=project_id,
            parent_task_id=(
                docket.task_id(project_id=project_id, reference=parent) if parent else None
            ),
            page_size=page_size,
            **given(filters),
        )
    show_tasks(found, options, empty="no task matches")


@task.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--title", help="What is to be done, in 1 to 255 characters.")
@field_options
@click.option("--status", help="Where it stands from now on.")
@click.option("--clear", metavar="FIELD", multiple=True, help="Empty a field; repeatable.")
@click.option("--expected-version", type=int, help="Refuse when somebody changed it since.")
@click.pass_obj
def update(
    options: Options,
    /,
    reference: str,
    status: str | None,
    clear: tuple[str, ...],
    expected_version: int | None,
    **fields: Any,
) -> None:
    """Change the given fields of a task, and its status.

    \b
    Example:
      pgdocket task update shop-3 --priority critical --status review
    """
    changes = given(fields) | {name.replace("-", "_"): None for name in clear}
    if not changes and status is None:
        raise click.UsageError("nothing to change: give a field or --status")
    with opened(options) as docket, docket.transaction():
        task_id = the_task(docket, options, reference)
        if changes:
            changed = docket.update_task(
                task_id=task_id, changes=changes, expected_version=expected_version
            )
            expected_version = changed.version if expected_version is not None else None
        if status is not None:
            changed = docket.update_task_status(
                task_id=task_id, status=status, expected_version=expected_version
            )
    show_task(changed, options, f"changed ({changed.status})")


@task.command()
@common_options
@click.argument("reference", metavar="TASK")
@agent_option
@lease_option
@click.pass_obj
def start(options: Options, reference: str, agent: str, lease_seconds: int | None) -> None:
    """Claim this very task.

    Prints the attempt's id, which complete, fail, release and heartbeat take.

    \b
    Example:
      pgdocket task start shop-3 --agent anna
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        started = docket.start_task(task_id=task_id, agent=agent, lease_seconds=lease_seconds)
    show_task(started, options, f"attempt {started.attempt_id} of")


@task.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option(
    "--results",
    type=json_text,
    metavar="JSON",
    help="What came out of it, JSON (- reads standard input).",
)
@click.pass_obj
def done(options: Options, reference: str, results: Any) -> None:
    """Mark a task as completed, by hand.

    \b
    Example:
      pgdocket task done shop-3 --results '{"commit": "4f2a91c"}'
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        completed = docket.mark_task_completed(task_id=task_id, results=results)
    show_task(completed, options, "done")


@task.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def delete(options: Options, reference: str) -> None:
    """Put a task away; its history stays.

    \b
    Example:
      pgdocket task delete shop-3
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        deleted = docket.delete_task(task_id=task_id)
    show_task(deleted, options, "deleted")


for command in (
    journal.task_history, journal.as_of, journal.who_changed,
    recommend.recommend, recommend.similar,
):  # fmt: skip
    task.add_command(command)

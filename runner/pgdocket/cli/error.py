"""error: what went wrong, and whether it still does."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project, the_task

_GROUPS = {
    "error_group_id": "group",
    "severity": "severity",
    "occurrences": "times",
    "last_seen_at": "last",
    "regressions": "came back",
    "resolved_at": "resolved",
    "message": "message",
}
_ERRORS = {
    "error_id": "error",
    "occurred_at": "when",
    "severity": "severity",
    "environment": "where",
    "is_regression": "came back",
    "message": "message",
}
_LONGEST = 60


@click.group()
@common_options
def error() -> None:
    """See what went wrong, which errors are the same, and resolve them.

    \b
    Example:
      pgdocket error groups --open
    """


@error.command("list")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--group", "error_group_id", metavar="ID", help="Only those of this group.")
@click.option("--severity", help="Only low, medium, high or critical ones.")
@click.option("--env", "environment", metavar="NAME", help="Only in this environment.")
@click.option("--since", metavar="TIME", help="Only those from this time on.")
@click.option("--after", metavar="ID", help="Go on after this error.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List the errors of TASK, or of the project, the newest first.

    \b
    Example:
      pgdocket error list shop-3 --severity critical
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        task_id = None if reference is None else the_task(docket, options, reference)
        found = docket.list_errors(project_id=project_id, task_id=task_id, **conditions)
    _show([as_row(each) for each in found], _ERRORS, options)


@error.command()
@common_options
@click.option("--open/--resolved", "is_open", default=None, help="Only those that are, or not.")
@click.option("--severity", help="Only where the worst is low, medium, high or critical.")
@click.option("--after", metavar="ID", help="Go on after this group.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def groups(options: Options, /, is_open: bool | None, **conditions: Any) -> None:
    """List the errors that are the same, group by group, the newest group first.

    \b
    Example:
      pgdocket error groups --open
    """
    with opened(options) as docket:
        found = docket.list_error_groups(
            project_id=the_project(docket, options).project_id,
            is_resolved=None if is_open is None else not is_open,
            **conditions,
        )
    _show([as_row(each) for each in found], _GROUPS, options)


def _show(rows: list[dict[str, Any]], columns: dict[str, str], options: Options) -> None:
    if not options.json:
        rows = [row | {"message": row["message"][:_LONGEST]} for row in rows]
    output.table(rows, columns, as_json=options.json, empty="no errors")


@error.command()
@common_options
@click.argument("error_group_id", metavar="GROUP")
@click.option("--reason", help="Why, or how.")
@click.pass_obj
def resolve(options: Options, error_group_id: str, reason: str | None) -> None:
    """Say that the errors of GROUP are resolved; the next of them is a regression.

    \b
    Example:
      pgdocket error resolve 01890a5d-ac96-7b53-8f3a-000000000001 --reason "The host is back."
    """
    with opened(options) as docket:
        found = docket.resolve_error(error_group_id=error_group_id, reason=reason)
    if options.json:
        output.print_json(found)
    else:
        output.plain(f"resolved: {found.message[:_LONGEST]}")

"""pipeline: how tasks stand on their way to delivery."""

from __future__ import annotations

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project

_COLUMNS = {
    "task_key": "task",
    "status": "status",
    "pipeline_status": "pipeline",
    "last_execution_type": "last run",
    "last_execution_status": "ended",
    "validations_passed": "passed",
    "validations_failed": "failed",
    "gates_unmet": "gates open",
    "open_pull_requests": "pull requests",
    "artifacts": "artifacts",
    "title": "title",
}
_NOW = ("in_progress", "review")


@click.command()
@common_options
@click.option("--status", "statuses", multiple=True, help="Of this status; may be repeated.")
@click.option("--all", "is_all", is_flag=True, help="Of any status.")
@click.option("--priority", "min_priority", help="Of this priority or a higher one.")
@click.option("--after", metavar="ID", help="Go on behind this task (its id).")
@click.option("--limit", "page_size", type=int, default=50, show_default=True, help="At most.")
@click.pass_obj
def pipeline(
    options: Options,
    statuses: tuple[str, ...],
    is_all: bool,
    min_priority: str | None,
    after: str | None,
    page_size: int,
) -> None:
    """Show the tasks that are worked on or in review: what was run, validated and proposed.

    \b
    Example:
      pgdocket pipeline
      pgdocket pipeline --status failed --priority high
    """
    with opened(options) as docket:
        found = docket.tasks_with_cicd_status(
            project_id=the_project(docket, options).project_id,
            statuses=None if is_all else statuses or _NOW,
            min_priority=min_priority,
            after=after,
            page_size=page_size,
        )
    rows = [as_row(each) for each in found]
    output.table(rows, _COLUMNS, as_json=options.json, empty="nothing is on its way")

"""task recommend, task similar: what tasks like this one say about it."""

from __future__ import annotations

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_task

_COLUMNS = {
    "kind": "kind",
    "subject": "what",
    "score": "score",
    "estimate": "estimate",
    "low": "low",
    "high": "high",
    "unit": "unit",
    "reason": "why",
}
_SIMILAR = {
    "task_key": "task",
    "similarity": "similarity",
    "status": "status",
    "title": "title",
    "tags": "tags in common",
    "files": "files in common",
}


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--limit", "page_size", type=int, default=5, show_default=True, help="Of each kind.")
@click.pass_obj
def recommend(options: Options, reference: str, page_size: int) -> None:
    """Show who and what did well with tasks like TASK, what they took, what went wrong.

    With --json each has the ids of the rows that it rests on.

    \b
    Example:
      pgdocket task recommend shop-3
    """
    with opened(options) as docket:
        rows = docket.recommendations(
            task_id=the_task(docket, options, reference), page_size=page_size
        )
    output.table(
        [as_row(each) for each in rows],
        _COLUMNS,
        as_json=options.json,
        empty="no task like it is over yet",
    )


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--status", "statuses", multiple=True, help="Of this status; completed unless given.")
@click.option("--limit", "page_size", type=int, default=10, show_default=True, help="How many.")
@click.pass_obj
def similar(options: Options, reference: str, statuses: tuple[str, ...], page_size: int) -> None:
    """List the tasks that are most like TASK.

    \b
    Example:
      pgdocket task similar shop-3 --status completed --status pending
    """
    with opened(options) as docket:
        rows = docket.similar_tasks(
            task_id=the_task(docket, options, reference),
            statuses=list(statuses) or ["completed"],
            page_size=page_size,
        )
    output.table(
        [as_row(each) for each in rows], _SIMILAR, as_json=options.json, empty="no task is like it"
    )

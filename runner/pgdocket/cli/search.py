"""One search over all that a project knows, and what is searched there."""

from __future__ import annotations

from contextlib import suppress

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project
from pgdocket.errors import Error

_FOUND = {"kind": "kind", "key": "key", "title": "title", "headline": "says"}
_SEARCHES = {
    "pattern": "searched",
    "searches": "times",
    "without_results": "in vain",
    "last_results": "last found",
    "average_results": "on average",
    "last_searched_at": "last",
}


@click.command()
@common_options
@click.argument("query")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(["task", "context", "knowledge", "interaction"]),
    multiple=True,
    help="Only this kind; repeatable.",
)
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def search(options: Options, query: str, kinds: tuple[str, ...], page_size: int) -> None:
    """Find what the project knows: tasks, contexts, documents and interactions.

    \b
    Example:
      pgdocket search 'session "sign out" -mobile'
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        rows = docket.search(
            project_id=project_id, query=query, kinds=list(kinds) or None, page_size=page_size
        )
        # Who may not write, or asks a standby, is not counted.
        with suppress(Error):
            docket.record_search(project_id=project_id, query=query, results=len(rows))
    output.table([as_row(each) for each in rows], _FOUND, as_json=options.json)


@click.command()
@common_options
@click.option("--unanswered", is_flag=True, help="Only what found nothing the last time.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def searches(options: Options, unanswered: bool, page_size: int) -> None:
    """Show what is searched, and whether it is found.

    \b
    Example:
      pgdocket searches --unanswered
    """
    with opened(options) as docket:
        rows = docket.search_insights(
            project_id=the_project(docket, options).project_id,
            unanswered=unanswered,
            page_size=page_size,
        )
    output.table([as_row(each) for each in rows], _SEARCHES, as_json=options.json)

"""context types, register, prune and stats: what contexts look like, come to, and keep."""

from __future__ import annotations

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, json_text, opened, the_project, the_task

_COLUMNS = {
    "context_type": "type",
    "keep_versions": "keeps versions",
    "keep_days": "keeps days",
    "max_bytes": "at most bytes",
    "description": "for",
}
_STATISTICS = {
    "context_type": "type",
    "tasks": "tasks",
    "versions": "versions",
    "byte_size": "bytes",
    "stored_bytes": "stored",
    "uses": "uses",
    "last_written_at": "last written",
    "last_used_at": "last used",
}


@click.command()
@common_options
@click.option("--after", metavar="TYPE", help="Go on behind this type.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def types(options: Options, after: str | None, page_size: int) -> None:
    """List the types of which something is known; any other word is one, too.

    \b
    Example:
      pgdocket context types
    """
    with opened(options) as docket:
        found = docket.list_context_types(
            project_id=the_project(docket, options).project_id, after=after, page_size=page_size
        )
    rows = [as_row(each) for each in found]
    told = {
        key: name for key, name in _COLUMNS.items() if any(row[key] is not None for row in rows)
    }
    output.table(rows, told, as_json=options.json, empty="none")


@click.command()
@common_options
@click.argument("context_type", metavar="TYPE")
@click.option("--description", help="What it is for.")
@click.option("--schema", metavar="JSON", help="The JSON Schema to ask for; - reads stdin.")
@click.option("--keep", "keep_versions", metavar="N", type=int, help="Keep the newest N versions.")
@click.option("--keep-days", metavar="DAYS", type=int, help="Keep what was replaced since then.")
@click.option("--max-bytes", type=int, help="The largest size.")
@click.pass_obj
def register(
    options: Options,
    context_type: str,
    description: str | None,
    schema: str | None,
    keep_versions: int | None,
    keep_days: int | None,
    max_bytes: int | None,
) -> None:
    """Say what contexts of a type look like, and how long they are kept.

    \b
    Example:
      pgdocket context register plan --keep 20 --schema '{"type": "object"}'
    """
    with opened(options) as docket:
        made = docket.register_context_type(
            project_id=the_project(docket, options).project_id,
            context_type=context_type,
            description=description,
            json_schema=None if schema is None else json_text(schema),
            keep_versions=keep_versions,
            keep_days=keep_days,
            max_bytes=max_bytes,
        )
    if options.json:
        output.print_json(made)
    else:
        output.plain(f"{made.context_type} is registered")


@click.command()
@common_options
@click.option(
    "--limit", "max_versions", type=int, default=10000, show_default=True, help="At most."
)
@click.pass_obj
def prune(options: Options, max_versions: int) -> None:
    """Remove versions that their types keep no longer, for good.

    \b
    Example:
      pgdocket context prune
    """
    with opened(options) as docket:
        done = docket.prune_contexts(
            project_id=the_project(docket, options).project_id, max_versions=max_versions
        )
    if options.json:
        output.print_json(done)
    else:
        output.plain(f"{done.versions} versions removed, {done.byte_size} bytes")


@click.command()
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.pass_obj
def stats(options: Options, reference: str | None) -> None:
    """Show what the contexts of a task, or of the project, come to.

    \b
    Example:
      pgdocket context stats
      pgdocket context stats shop-3
    """
    with opened(options) as docket:
        found = docket.context_statistics(
            project_id=the_project(docket, options).project_id,
            task_id=None if reference is None else the_task(docket, options, reference),
        )
    rows = [as_row(each) for each in found]
    left_out = "last_written_at" if reference is None else "tasks"
    shown = {key: heading for key, heading in _STATISTICS.items() if key != left_out}
    output.table(rows, shown, as_json=options.json, empty="no contexts")

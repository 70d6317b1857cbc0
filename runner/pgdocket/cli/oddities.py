"""project lint: what is odd about a project's tasks, and what can be done about it safely."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project

_COLUMNS = {
    "severity": "severity",
    "kind": "kind",
    "task_key": "task",
    "where": "where",
    "value": "value",
    "finding": "finding",
    "remedy": "remedy",
}
_FIX_COLUMNS = {"task_key": "task", "kind": "kind", "was": "was", "change": "change"}


@click.command()
@common_options
@click.option("--fix", is_flag=True, help="Do what can be done safely.")
@click.option("--kind", "kinds", multiple=True, help="Fix this kind only; repeatable.")
@click.option("--dry-run", is_flag=True, help="With --fix: say what would be done.")
@click.option("--limit", "page_size", type=int, default=1000, show_default=True, help="At most.")
@click.pass_obj
def lint(
    options: Options, fix: bool, kinds: tuple[str, ...], dry_run: bool, page_size: int
) -> None:
    """Name what is odd about a project's tasks, each with a remedy.

    What imported files said that could not be stored or was guessed, and what can't be meant so:
    a completed task with open subtasks, one that waits for what was given up. With --fix, what
    is safe is done: a status or a priority by a common word, repeated tags, space around titles.

    \b
    Example:
      pgdocket project lint
      pgdocket project lint --fix --dry-run
      pgdocket project lint --fix --kind unknown_status
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        if fix:
            report = docket.fix_project(
                project_id=project_id, kinds=list(kinds) or None, dry_run=dry_run
            )
            _show_fixes(report, options)
            return
        found = docket.lint_project(project_id=project_id, page_size=page_size)
    rows = [as_row(each) for each in found]
    if not options.json:
        rows = [row | {"where": ".".join(row["path"] or [])} for row in rows]
    output.table(rows, _COLUMNS, as_json=options.json, empty="nothing is odd")


def _show_fixes(report: dict[str, Any], options: Options) -> None:
    """Prints what was done, or would be."""
    if options.json:
        output.print_json(report)
    else:
        output.table(report["fixed"], _FIX_COLUMNS, empty="there is nothing to do safely")

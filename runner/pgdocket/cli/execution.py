"""execution: what was run, and how it went."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project, the_task

_COLUMNS = {
    "execution_id": "execution",
    "started_at": "began",
    "execution_type": "type",
    "environment": "where",
    "status": "status",
    "duration_ms": "ms",
    "exit_code": "exit",
    "retry_count": "retries",
}
_LINES = {"line_no": "line", "logged_at": "when", "level": "level", "message": "message"}
_PAGE = 1000


@click.group()
@common_options
def execution() -> None:
    """Look at what was run for tasks, workflows and the project.

    \b
    Example:
      pgdocket execution list shop-3 --status failed
    """


@execution.command("list")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--type", "execution_type", help="Only of this type.")
@click.option("--status", help="Only running, completed, failed, timed_out or cancelled ones.")
@click.option("--env", "environment", metavar="NAME", help="Only in this environment.")
@click.option("--since", metavar="TIME", help="Only those from this time on.")
@click.option("--until", metavar="TIME", help="Only those before this time.")
@click.option("--after", metavar="ID", help="Go on after this execution.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List the executions of TASK, or of the project, the newest first.

    \b
    Example:
      pgdocket execution list --type test --since 2026-01-01
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        task_id = None if reference is None else the_task(docket, options, reference)
        found = docket.list_executions(project_id=project_id, task_id=task_id, **conditions)
    rows = [as_row(each) for each in found]
    output.table(rows, _COLUMNS, as_json=options.json, empty="no executions")


@execution.command()
@common_options
@click.argument("execution_id", metavar="ID")
@click.pass_obj
def show(options: Options, execution_id: str) -> None:
    """Show an execution: its times, output and errors.

    \b
    Example:
      pgdocket execution show 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        found = docket.get_execution(execution_id=execution_id)
    fields = as_row(found)
    if not options.json:
        fields = {name: value for name, value in fields.items() if value not in (None, {}, [])}
    output.record(fields, as_json=options.json)


@execution.command()
@common_options
@click.argument("execution_id", metavar="ID")
@click.pass_obj
def chain(options: Options, execution_id: str) -> None:
    """List the retries that an execution is one of, the first first.

    \b
    Example:
      pgdocket execution chain 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        found = docket.execution_chain(execution_id=execution_id)
    rows = [as_row(each) for each in found]
    output.table(rows, _COLUMNS, as_json=options.json, empty="no such execution")


@execution.command()
@common_options
@click.argument("execution_id", metavar="ID")
@click.pass_obj
def log(options: Options, execution_id: str) -> None:
    """Print the log of an execution.

    \b
    Example:
      pgdocket execution log 01890a5d-ac96-7b53-8f3a-000000000001
    """
    rows: list[dict[str, Any]] = []
    with opened(options) as docket:
        while True:
            page = docket.list_execution_log(
                execution_id=execution_id,
                after=rows[-1]["line_no"] if rows else 0,
                page_size=_PAGE,
            )
            rows += [as_row(each) for each in page]
            if len(page) < _PAGE:
                break
    output.table(rows, _LINES, as_json=options.json, empty="nothing was logged")

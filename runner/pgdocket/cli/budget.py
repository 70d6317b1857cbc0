"""budget: what tasks, workflows and projects use of tokens and money, and how much they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project, the_task

if TYPE_CHECKING:
    from pgdocket.client import Docket
    from pgdocket.client.rows import Budget

_COLUMNS = {
    "budget": "budget of",
    "used_tokens": "tokens",
    "max_tokens": "of",
    "used_cost": "cost",
    "max_cost": "of at most",
    "is_exhausted": "used up",
}


@click.group()
@common_options
def budget() -> None:
    """Limit what tasks and projects may use of tokens and money.

    When a limit is reached, nothing of it is claimed any more; what is under way goes on.

    \b
    Example:
      pgdocket budget set --max-tokens 2000000 --max-cost 25
      pgdocket budget use shop-3 --tokens 18500 --cost 0.21
    """


@budget.command("set")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--workflow", "workflow_id", type=click.UUID, help="Of this workflow.")
@click.option("--max-tokens", type=int, help="The tokens that may be used; none: no limit.")
@click.option("--max-cost", type=float, help="The cost that may arise; none: no limit.")
@click.pass_obj
def set_(options: Options, /, reference: str | None, **limits: Any) -> None:
    """Limit TASK, a workflow, or the whole project.

    \b
    Example:
      pgdocket budget set shop-3 --max-tokens 100000
    """
    with opened(options) as docket:
        limited = docket.set_budget(
            project_id=the_project(docket, options).project_id,
            task_id=the_task(docket, options, reference) if reference else None,
            **limits,
        )
        _show(docket, [limited], options)


@budget.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--tokens", type=int, default=0, help="Tokens used.")
@click.option("--cost", type=float, default=0.0, help="What they cost.")
@click.pass_obj
def use(options: Options, reference: str, tokens: int, cost: float) -> None:
    """Count what work on TASK has used.

    \b
    Example:
      pgdocket budget use shop-3 --tokens 18500 --cost 0.21
    """
    with opened(options) as docket:
        counted = docket.record_usage(
            task_id=the_task(docket, options, reference), tokens=tokens, cost=cost
        )
        _show(docket, counted, options)


@budget.command("list")
@common_options
@click.option("--used-up", "only_exhausted", is_flag=True, help="Only those with nothing left.")
@click.pass_obj
def list_(options: Options, only_exhausted: bool) -> None:
    """List the budgets of the project.

    \b
    Example:
      pgdocket budget list --used-up
    """
    with opened(options) as docket:
        found = docket.list_budgets(
            project_id=the_project(docket, options).project_id,
            only_exhausted=only_exhausted,
            page_size=1000,
        )
        _show(docket, found, options)


def _show(docket: Docket, budgets: list[Budget], options: Options) -> None:
    rows = [as_row(each) | {"budget": _name(docket, each)} for each in budgets]
    output.table(rows, _COLUMNS, as_json=options.json, empty="nothing is limited or used")


def _name(docket: Docket, budget: Budget) -> str:
    if budget.task_id is not None:
        return f"task {docket.get_task(task_id=budget.task_id).task_key}"
    return "the project" if budget.workflow_id is None else f"workflow {budget.workflow_id}"

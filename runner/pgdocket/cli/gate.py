"""gate: what a task has to pass before it can be completed."""

from __future__ import annotations

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, json_text, opened, the_task

_COLUMNS = {
    "validation_type": "validation",
    "validation_status": "newest result",
    "is_met": "met",
    "waive_reason": "waived",
}
_STATUSES = ["pending", "running", "passed", "failed", "warning", "error", "skipped"]


@click.group()
@common_options
def gate() -> None:
    """Say what a task has to pass, and what was found.

    A task can't be completed before the newest result of each validation that it requires says
    passed or warning.

    \b
    Example:
      pgdocket gate require shop-3 tests security
      pgdocket gate record shop-3 tests passed
    """


@gate.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("validation_types", metavar="VALIDATION...", nargs=-1, required=True)
@click.pass_obj
def require(options: Options, reference: str, validation_types: tuple[str, ...]) -> None:
    """Require that TASK passes these validations.

    \b
    Example:
      pgdocket gate require shop-3 tests security
    """
    with opened(options) as docket:
        required = docket.require_validations(
            task_ids=[the_task(docket, options, reference)], validation_types=validation_types
        )
    output.table([as_row(each) for each in required], _COLUMNS, as_json=options.json)


@gate.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("validation_type", metavar="VALIDATION")
@click.argument("status", type=click.Choice(_STATUSES))
@click.option("--validator", "validator_name", metavar="NAME", help="Who or what looked.")
@click.option("--attempt", "attempt_id", metavar="ID", help="The attempt that was looked at.")
@click.option("--score", type=float, help="How good it was found, from 0.")
@click.option("--max-score", type=float, help="The best score that could be had.")
@click.option("--issues", "issues_found", type=int, help="How many issues it found.")
@click.option("--details", metavar="JSON", help="What it found; - reads stdin.")
@click.pass_obj
def record(
    options: Options,
    reference: str,
    validation_type: str,
    status: str,
    validator_name: str | None,
    attempt_id: str | None,
    score: float | None,
    max_score: float | None,
    issues_found: int | None,
    details: str | None,
) -> None:
    """Record what a validation of TASK said.

    \b
    Example:
      pgdocket gate record shop-3 tests failed --validator pytest --issues 2
    """
    with opened(options) as docket:
        result = docket.record_validation(
            task_id=the_task(docket, options, reference),
            validation_type=validation_type,
            status=status,
            validator_name=validator_name,
            attempt_id=attempt_id,
            score=score,
            max_score=max_score,
            issues_found=issues_found,
            details=None if details is None else json_text(details),
        )
    if options.json:
        output.print_json(result)
    else:
        kind = result.validation_type
        output.plain(f"{reference}: {kind} {result.validation_status} (run {result.run_no})")


@gate.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("validation_type", metavar="VALIDATION")
@click.option("--reason", required=True, help="Why it may go without.")
@click.pass_obj
def waive(options: Options, reference: str, validation_type: str, reason: str) -> None:
    """Let TASK go without a validation that it requires.

    Agents may not: none lowers its own gate.

    \b
    Example:
      pgdocket gate waive shop-3 security --reason "no code was changed"
    """
    with opened(options) as docket:
        waived = docket.waive_validation(
            task_id=the_task(docket, options, reference),
            validation_type=validation_type,
            waive_reason=reason,
        )
    if options.json:
        output.print_json(waived)
    else:
        output.plain(f"{reference} goes without {waived.validation_type}: {waived.waive_reason}")


@gate.command(name="list")
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--unmet", "unmet_only", is_flag=True, help="Only what is still in its way.")
@click.pass_obj
def list_(options: Options, reference: str, unmet_only: bool) -> None:
    """List what TASK has to pass, and what was found last.

    \b
    Example:
      pgdocket gate list shop-3 --unmet
    """
    with opened(options) as docket:
        gates = docket.list_required_validations(
            task_id=the_task(docket, options, reference), unmet_only=unmet_only
        )
    output.table(
        [as_row(each) for each in gates],
        _COLUMNS,
        as_json=options.json,
        empty=f"{reference} has nothing to pass",
    )

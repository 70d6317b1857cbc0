"""next, claim, complete, fail, release, heartbeat: the work queue from the shell."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import (
    TASK_COLUMNS,
    agent_option,
    as_row,
    json_text,
    lease_option,
    opened,
    show_task,
    show_tasks,
    the_project,
)

_RULE_COLUMNS = {
    name: name for name in ("reference", "title", "status", "priority", "task_key", "task_id")
}
_CLAIMED_COLUMNS = {"attempt_id": "attempt"} | TASK_COLUMNS


@click.command(name="next")
@common_options
@click.option("--limit", "page_size", type=int, default=1, show_default=True, help="At most.")
@click.option("--rule", help="By the rule of a tool: taskmaster-cli, taskmaster-mcp, beads.")
@click.option("--tag", help="Only of this tag of the file, or this workflow.")
@click.pass_obj
def next_(options: Options, page_size: int, rule: str | None, tag: str | None) -> None:
    """Show the task to do next; nobody claims it by that.

    With a rule, it is what that tool would say of the file as it would be exported now.

    \b
    Example:
      pgdocket next
      pgdocket next --limit 10 --json
      pgdocket next --rule taskmaster-cli --tag api
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        if rule is None and tag is None:
            tasks = docket.next_tasks(project_id=project_id, page_size=page_size)
            show_tasks(tasks, options, empty="nothing is ready")
            return
        found = docket.next_by_rule(
            project_id=project_id, rule=rule or "pgdocket", tag=tag, page_size=page_size
        )
    output.table(
        [as_row(each) for each in found],
        _RULE_COLUMNS,
        as_json=options.json,
        empty="nothing is next by that rule",
    )


@click.command()
@common_options
@agent_option
@lease_option
@click.option("--max", "max_tasks", type=int, default=1, show_default=True, help="At most.")
@click.option("--tag", "tags_all", multiple=True, help="Only with this tag; repeatable (all).")
@click.option("--capability", "capabilities", multiple=True, help="What it can do; repeatable.")
@click.pass_obj
def claim(
    options: Options,
    agent: str,
    lease_seconds: int | None,
    max_tasks: int,
    tags_all: tuple[str, ...],
    capabilities: tuple[str, ...],
) -> None:
    """Claim the next task for an agent.

    Prints the attempt's id, which complete, fail, release and heartbeat take. Without a
    heartbeat the task returns to the queue when the lease is over.

    \b
    Example:
      pgdocket claim --agent builder --lease 600 --json
    """
    with opened(options) as docket:
        claimed = docket.claim_tasks(
            project_id=the_project(docket, options).project_id,
            agent=agent,
            max_tasks=max_tasks,
            lease_seconds=lease_seconds,
            tags_all=tags_all or None,
            capabilities=capabilities or None,
        )
    rows = [as_row(task) for task in claimed]
    output.table(rows, _CLAIMED_COLUMNS, as_json=options.json, empty="nothing is ready")


@click.command()
@common_options
@click.argument("attempt_id", metavar="ATTEMPT", type=click.UUID)
@click.option(
    "--results",
    type=json_text,
    metavar="JSON",
    help="What came out of it, JSON (- reads standard input).",
)
@click.option("--effort", "actual_effort", type=float, help="The effort spent, in hours.")
@click.option("--complexity", "actual_complexity", type=int, help="How complex it was, 1 to 10.")
@click.pass_obj
def complete(options: Options, /, attempt_id: Any, **report: Any) -> None:
    """Complete a claimed task.

    ATTEMPT is the id that claim printed. It is refused, and nothing changes, when the lease
    was lost.

    \b
    Example:
      pgdocket complete 01939a1c-54f2-7c3e-9f5a-3a4d5e6f7a8b --results '{"tests": 12}'
    """
    with opened(options) as docket:
        completed = docket.complete_task(attempt_id=attempt_id, **report)
    show_task(completed, options, "completed")


@click.command()
@common_options
@click.argument("attempt_id", metavar="ATTEMPT", type=click.UUID)
@click.option("--error", required=True, help="What went wrong.")
@click.option(
    "--class",
    "failure_class",
    default="bug",
    show_default=True,
    help="The failure class, which decides what follows.",
)
@click.option("--details", type=json_text, metavar="JSON", help="Facts about it, a JSON object.")
@click.pass_obj
def fail(options: Options, /, attempt_id: Any, error: str, **report: Any) -> None:
    """Say that a claimed task failed; its retry policy decides what follows.

    \b
    Example:
      pgdocket fail 01939a1c-54f2-7c3e-9f5a-3a4d5e6f7a8b --error "no disk" --class infrastructure
    """
    with opened(options) as docket:
        failed = docket.fail_task(attempt_id=attempt_id, error=error, **report)
    show_task(failed, options, f"failed (now {failed.status})")


@click.command()
@common_options
@click.argument("attempt_id", metavar="ATTEMPT", type=click.UUID)
@click.option("--reason", help="Why.")
@click.pass_obj
def release(options: Options, attempt_id: Any, reason: str | None) -> None:
    """Give a claimed task back to the queue, which is no failure.

    \b
    Example:
      pgdocket release 01939a1c-54f2-7c3e-9f5a-3a4d5e6f7a8b --reason "needs a person"
    """
    with opened(options) as docket:
        released = docket.release_task(attempt_id=attempt_id, reason=reason)
    show_task(released, options, "released")


@click.command()
@common_options
@click.argument("attempt_id", metavar="ATTEMPT", type=click.UUID)
@lease_option
@click.pass_obj
def heartbeat(options: Options, attempt_id: Any, lease_seconds: int | None) -> None:
    """Renew the lease of a claimed task.

    \b
    Example:
      pgdocket heartbeat 01939a1c-54f2-7c3e-9f5a-3a4d5e6f7a8b --lease 600
    """
    with opened(options) as docket:
        attempt = docket.heartbeat(attempt_id=attempt_id, lease_seconds=lease_seconds)
    if options.json:
        output.print_json(attempt)
    else:
        output.plain(f"held until {output.text(attempt.lease_expires_at)}")


@click.command()
@common_options
@click.option("--class", "failure_class", help="Only what failed last by this class.")
@click.option("--tag", "tags_all", multiple=True, help="Only with this tag; repeatable (all).")
@click.option("--max", "max_tasks", type=int, default=100, show_default=True, help="At most.")
@click.pass_obj
def retry(
    options: Options, failure_class: str | None, tags_all: tuple[str, ...], max_tasks: int
) -> None:
    """Let tasks that have failed for good be tried anew.

    What failed before counts no longer against their retry policies, and stays in their history.

    \b
    Example:
      pgdocket retry --class infrastructure
    """
    with opened(options) as docket:
        tasks = docket.retry_failed(
            project_id=the_project(docket, options).project_id,
            failure_class=failure_class,
            tags_all=tags_all or None,
            max_tasks=max_tasks,
        )
    show_tasks(tasks, options, empty="nothing has failed")

"""linear: tasks that are issues of Linear's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import read_file
from pgdocket.cli.session import as_row, given, opened, the_project, the_task
from pgdocket.cli.validation import json_of
from pgdocket.client import Docket
from pgdocket.errors import NotFound

_LINKS = {
    "task_key": "task",
    "identifier": "issue",
    "sync_status": "status",
    "direction": "direction",
    "conflicts": "conflicts",
    "failures": "failures",
    "url": "url",
}
_CHANGES = {
    "linear_change_id": "change",
    "task_key": "task",
    "operation": "operation",
    "identifier": "issue",
    "changes": "changes",
    "lease_expires_at": "until",
}
_CONFLICTS = {
    "task_key": "task",
    "identifier": "issue",
    "field": "field",
    "ours": "ours",
    "theirs": "theirs",
    "ours_changed_at": "ours since",
    "theirs_changed_at": "theirs since",
}
_STATUSES = ["conflict", "failed", "removed", "sending", "pending", "synced"]
_DIRECTIONS = ["to_linear", "from_linear", "bidirectional"]
_SIDES = ["ours", "theirs"]


@click.group()
@common_options
def linear() -> None:
    """Keep tasks and issues of Linear's alike.

    \b
    Example:
      pgdocket linear link shop-3 --issue issue.json --take theirs
      pgdocket linear list --status conflict
    """


@linear.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option(
    "--issue", "file", metavar="FILE", help="The issue as JSON, with its id (- is stdin)."
)
@click.option("--direction", type=click.Choice(_DIRECTIONS), help="Which way changes go.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="FIELD=POLICY",
    help="Whose change counts: ours, theirs, newest, manual or ignore.",
)
@click.option("--take", type=click.Choice(_SIDES), help="Who is right where they differ now.")
@click.pass_obj
def link(
    options: Options,
    reference: str,
    file: str | None,
    direction: str | None,
    policies: tuple[str, ...],
    take: str | None,
) -> None:
    """Say which issue TASK is; without --issue it is to be created in Linear.

    \b
    Example:
      pgdocket linear link shop-3 --issue issue.json --policy title=theirs
    """
    issue = None if file is None else _json(file)
    chosen = dict(each.partition("=")[::2] for each in policies) or None
    with opened(options) as docket:
        linked = docket.link_linear_issue(
            task_id=the_task(docket, options, reference),
            **given({"issue": issue, "direction": direction, "policies": chosen, "take": take}),
        )
    _show(linked, options)


@linear.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def unlink(options: Options, reference: str) -> None:
    """Keep TASK and its issue alike no longer.

    \b
    Example:
      pgdocket linear unlink shop-3
    """
    with opened(options) as docket:
        unlinked = docket.unlink_linear_issue(linear_sync_id=_link_of(docket, options, reference))
    _show(unlinked, options)


@linear.command("list")
@common_options
@click.option("--status", type=click.Choice(_STATUSES), help="Only with this status.")
@click.option("--after", metavar="ID", help="Go on after this link.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, **conditions: Any) -> None:
    """List the tasks that are issues, the first linked first.

    \b
    Example:
      pgdocket linear list --status failed
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        found = docket.list_linear_sync(project_id=project_id, **conditions)
    rows = [as_row(each) for each in found]
    output.table(rows, _LINKS, as_json=options.json, empty="no task is an issue")


@linear.command()
@common_options
@click.option("--limit", "max_changes", type=int, default=10, show_default=True, help="How many.")
@click.option(
    "--lease",
    "lease_seconds",
    type=int,
    default=300,
    show_default=True,
    help="For how many seconds nobody else is given them.",
)
@click.pass_obj
def pending(options: Options, max_changes: int, lease_seconds: int) -> None:
    """Take changes that are to be sent to Linear; ack or fail says what became of each.

    \b
    Example:
      pgdocket linear pending --json
    """
    with opened(options) as docket:
        changes = docket.pending_linear_changes(
            project_id=the_project(docket, options).project_id,
            max_changes=max_changes,
            lease_seconds=lease_seconds,
        )
    rows = [as_row(each) for each in changes]
    output.table(rows, _CHANGES, as_json=options.json, empty="there is nothing to send")


@linear.command()
@common_options
@click.argument("linear_change_id", metavar="CHANGE")
@click.argument("file", metavar="FILE")
@click.pass_obj
def ack(options: Options, linear_change_id: str, file: str) -> None:
    """Say that CHANGE was sent; FILE has the issue as Linear answered (- is stdin).

    \b
    Example:
      pgdocket linear ack 01890a5d-ac96-7b53-8f3a-000000000001 answer.json
    """
    issue = _json(file)
    with opened(options) as docket:
        linked = docket.acknowledge_linear_change(linear_change_id=linear_change_id, issue=issue)
    _show(linked, options)


@linear.command()
@common_options
@click.argument("linear_change_id", metavar="CHANGE")
@click.argument("error", metavar="REASON")
@click.option("--retry-after", metavar="INTERVAL", help="When to try again, such as '5 minutes'.")
@click.pass_obj
def fail(options: Options, linear_change_id: str, error: str, retry_after: str | None) -> None:
    """Say that CHANGE could not be sent, and why; it is tried again later.

    \b
    Example:
      pgdocket linear fail 01890a5d-ac96-7b53-8f3a-000000000001 "rate limit"
    """
    with opened(options) as docket:
        linked = docket.fail_linear_change(
            linear_change_id=linear_change_id, error=error, **given({"retry_after": retry_after})
        )
    _show(linked, options)


@linear.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def retry(options: Options, reference: str) -> None:
    """Try at once what failed with TASK, either way.

    \b
    Example:
      pgdocket linear retry shop-3
    """
    with opened(options) as docket:
        linked = docket.retry_linear_sync(linear_sync_id=_link_of(docket, options, reference))
    _show(linked, options)


@linear.command()
@common_options
@click.option("--after", metavar="ID/FIELD", help="Go on after this conflict.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def conflicts(options: Options, /, **conditions: Any) -> None:
    """List what was changed on both sides and is to be decided.

    \b
    Example:
      pgdocket linear conflicts
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        found = docket.list_linear_conflicts(project_id=project_id, **conditions)
    rows = [as_row(each) for each in found]
    output.table(rows, _CONFLICTS, as_json=options.json, empty="there is no conflict")


@linear.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--take", type=click.Choice(_SIDES), required=True, help="Who is right.")
@click.option("--field", help="Only of this field.")
@click.pass_obj
def resolve(options: Options, reference: str, take: str, field: str | None) -> None:
    """Decide what TASK and its issue differ in.

    \b
    Example:
      pgdocket linear resolve shop-3 --take ours --field title
    """
    with opened(options) as docket:
        linked = docket.resolve_linear_conflict(
            linear_sync_id=_link_of(docket, options, reference),
            take=take,
            **given({"field": field}),
        )
    _show(linked, options)


def _json(file: str) -> Any:
    return json_of(sys.stdin.buffer.read() if file == "-" else read_file(Path(file)), file, "JSON")


def _link_of(docket: Docket, options: Options, reference: str) -> UUID:
    link = docket.get_linear_sync(task_id=the_task(docket, options, reference))
    if link is None:
        raise NotFound(f"task {reference} is no issue of Linear's")
    return link.linear_sync_id


def _show(link: Any, options: Options) -> None:
    if options.json:
        output.print_json(as_row(link))
        return
    told = [link.identifier or link.issue_id]
    told += [f"conflict: {', '.join(link.conflicts)}"] if link.conflicts else []
    told += [error for error in (link.receive_error, link.send_error) if error]
    output.plain("; ".join(told))

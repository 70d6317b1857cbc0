"""`pgdocket sqitch status`: what is deployed, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    Call,
    connection_options,
    global_options,
    understand,
)
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.plan import Plan
    from pgdocket.sqitch.registry import DeployedChange, DeployedTag
    from pgdocket.sqitch.status import Status


@click.command("status", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@click.option("--project", metavar="NAME", help="The project, where there are several.")
@click.option("--show-changes", is_flag=True, default=None, help="List the deployed changes.")
@click.option("--show-tags", is_flag=True, default=None, help="List the deployed tags.")
@click.option("--date-format", "--date", "date_format", metavar="FORMAT", help="iso, rfc, raw...")
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Show what is deployed, and what is not.

    Ends with exit code 1 when nothing is deployed, and 2 when the plan is another one.

    \b
    Example:
      pgdocket sqitch status --show-tags db:pg:flipr
    """
    from pgdocket.sqitch.status import status

    call = understand(ctx, arguments, options, verb="showing")
    get = call.configuration.get
    date_format = options["date_format"] or get("status.date_format") or "iso"
    if date_format != "iso":
        from pgdocket.sqitch.format import check_options

        check_options(date_format)
    if not call.settings.json:
        click.echo(f"# On database {call.target.display}")
    plan = _plan(call)
    found = status(plan, call.target, project=options["project"])
    if call.settings.json:
        from pgdocket import output

        output.print_json(found.as_dict())
    else:
        lists = {
            name: call.configuration.get_bool(f"status.{name}")
            if options[name] is None
            else options[name]
            for name in ("show_changes", "show_tags")
        }
        for line in _lines(found, date_format, **lists):
            click.echo(line)
    _conclude(call, found)


def _plan(call: Call) -> Plan | None:
    return call.plan() if call.target.plan_file.is_file() else None


def _lines(
    found: Status, date_format: str, *, show_changes: bool, show_tags: bool
) -> Iterator[str]:
    if found.latest is None:
        return
    yield from _head(found, found.latest, date_format)
    if show_changes:
        yield f"# {'Change' if len(found.deployed) == 1 else 'Changes'}:"
        yield from _listed(found.deployed, date_format)
        yield "# "
    if show_tags:
        yield from _tags(found.tags, date_format)
        yield "# "
    if found.pending is None:
        yield f'Status unknown. Use --plan-file to assess "{found.project}" status'
    elif found.pending:
        yield f"Undeployed {'change' if len(found.pending) == 1 else 'changes'}:"
        yield from (f"  * {change.format_name_with_tags}" for change in found.pending)
    elif not found.is_diverged:
        yield "Nothing to deploy (up-to-date)"


def _head(found: Status, latest: DeployedChange, date_format: str) -> Iterator[str]:
    from pgdocket.sqitch.date_format import format_date

    yield f"# Project:  {found.project}"
    yield f"# Change:   {latest.id}"
    yield f"# Name:     {latest.name}"
    if latest.tags:
        names = sorted(tag.name for tag in latest.tags)
        yield f"# {'Tag:     ' if len(names) == 1 else 'Tags:    '} {', '.join(names)}"
    yield f"# Deployed: {format_date(latest.committed_at, date_format)}"
    yield f"# By:       {latest.committer.name} <{latest.committer.email}>"
    yield "# "


def _tags(tags: Sequence[DeployedTag], date_format: str) -> Iterator[str]:
    if not tags:
        yield "# Tags: None."
        return
    yield f"# {'Tag' if len(tags) == 1 else 'Tags'}:"
    yield from _listed(tags, date_format)


def _listed(items: Sequence[DeployedChange | DeployedTag], date_format: str) -> Iterator[str]:
    """The newest first."""
    from pgdocket.sqitch.date_format import format_date

    width = max(len(item.name) for item in items)
    for item in reversed(items):
        when = format_date(item.committed_at, date_format)
        who = f"{item.committer.name} <{item.committer.email}>"
        yield f"#   {item.name:<{width}} - {when} - {who}"


def _conclude(call: Call, found: Status) -> None:
    """Raises what ends the command with another exit code than 0."""
    if not found.deployed:
        raise SqitchError("No changes deployed", exit_code=1)
    if found.is_diverged:
        message = (
            f"Cannot find this change in {call.target.plan_file}\n"
            "Make sure you are connected to the proper database for this project."
        )
        if found.divergence is None:
            raise SqitchError(message, sqlstate="PDPLN")
        from pgdocket.sqitch.divergence import DivergedError

        raise DivergedError(message, found.divergence)

"""`pgdocket sqitch status` and `log`: what is deployed, and what happened."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.engine import Call, connection_options, global_options, understand
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.plan import Plan
    from pgdocket.sqitch.registry import DeployedChange, DeployedTag
    from pgdocket.sqitch.status import Status

_HELP = {"help_option_names": ["--help"]}


@click.command(context_settings=_HELP)
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@click.option("--project", metavar="NAME", help="The project, where there are several.")
@click.option("--show-changes", is_flag=True, default=None, help="List the deployed changes.")
@click.option("--show-tags", is_flag=True, default=None, help="List the deployed tags.")
@click.option("--date-format", "--date", "date_format", metavar="FORMAT", help="iso, rfc, raw...")
@connection_options
@global_options
@click.pass_context
def status(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Show what is deployed, and what is not.

    Ends with exit code 1 when nothing is deployed, and 2 when the plan is another one.

    \b
    Example:
      pgdocket sqitch status --show-tags db:pg:flipr
    """
    from pgdocket.sqitch.status import status as find_status

    call = understand(ctx, arguments, options)
    get = call.configuration.get
    date_format = options["date_format"] or get("status.date_format") or "iso"
    if date_format != "iso":
        from pgdocket.sqitch.format import check_options

        check_options(date_format)
    if not call.settings.json:
        click.echo(f"# On database {call.target.display}")
    plan = _plan(call)
    found = find_status(plan, call.target, project=options["project"])
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
        raise SqitchError(
            f"Cannot find this change in {call.target.plan_file}\n"
            "Make sure you are connected to the proper database for this project.",
            sqlstate="PDPLN",
        )


@click.command(context_settings=_HELP)
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@click.option("--event", "events", metavar="EVENT", multiple=True, help="deploy, revert or fail.")
@click.option("--change", "--change-pattern", "change", metavar="REGEX", help="Names of changes.")
@click.option("--project", "--project-pattern", "project", metavar="REGEX", help="Of projects.")
@click.option(
    "--committer", "--committer-pattern", "committer", metavar="REGEX", help="Of committers."
)
@click.option("-f", "--format", "format_name", metavar="FORMAT", help="raw, full, format:...")
@click.option("--date-format", "--date", "date_format", metavar="FORMAT", help="iso, rfc, raw...")
@click.option("-n", "--max-count", "limit", type=int, metavar="COUNT", help="At most so many.")
@click.option("--skip", type=int, metavar="COUNT", help="Leave so many out at the start.")
@click.option("--reverse/--no-reverse", default=False, help="The oldest first.")
@click.option("--color", metavar="auto|always|never", help="When to use colours.")
@click.option("--no-color", is_flag=True, help="As --color never.")
@click.option("--abbrev", type=int, metavar="DIGITS", help="Length of the ids.")
@click.option("--oneline", is_flag=True, help="As --format oneline --abbrev 6.")
@click.option("--headers/--no-headers", default=True, help="The line that names the database.")
@click.option("--plan-file", metavar="FILE", help="The plan.")
@click.option("--top-dir", metavar="DIR", help="Folder of the plan and the scripts.")
@click.option("-p", "--db-port", metavar="PORT", help="The server's port.")
@click.option("-h", "--db-host", metavar="HOST", help="The server's host.")
@click.option("-u", "--db-user", metavar="NAME", help="The database user.")
@click.option("-d", "--db-name", metavar="NAME", help="The database.")
@click.option("--client", "--db-client", "client", metavar="PATH", help="Accepted; not used.")
@click.option("--registry", metavar="SCHEMA", help="The registry's schema.")
@click.option("-t", "--target", "target_name", metavar="TARGET", help="A target's name, or a URI.")
@global_options
@click.pass_context
def log(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Show what happened to a database.

    An event is shown when it matches every filter. Ends with exit code 1 when nothing ever
    happened.

    \b
    Example:
      pgdocket sqitch log --event fail --oneline db:pg:flipr
    """
    from pgdocket.sqitch.format import LOG_FORMATS, Formatter, check_options, resolve_format
    from pgdocket.sqitch.log import LogSearch, open_log

    call = understand(ctx, arguments, options)
    get = call.configuration.get
    name = "oneline" if options["oneline"] else options["format_name"] or get("log.format")
    date_format = options["date_format"] or get("log.date_format") or "iso"
    check_options(date_format)
    formatter = Formatter(
        resolve_format(name or "medium", LOG_FORMATS, "log"),
        abbrev=options["abbrev"] or (6 if options["oneline"] else 0),
        date_format=date_format,
        color=_wants_color(options, get("log.color")),
        file=str(call.target.plan_file),
    )
    filters = {key: options[key] for key in LogSearch.__dataclass_fields__}
    with open_log(call.target, LogSearch(**filters)) as events:
        if call.settings.json:
            from pgdocket import output

            output.print_json([asdict(event) for event in events])
            return
        if options["headers"]:
            click.echo(f"On database {call.target.display}")
        for event in events:
            click.echo(formatter.render(event), color=formatter.color)


def _wants_color(options: dict[str, Any], configured: str | None) -> bool:
    wanted = "never" if options["no_color"] else options["color"] or configured or "auto"
    if wanted not in ("auto", "always", "never"):
        raise SqitchError(f'Unknown value "{wanted}" of --color', exit_code=255)
    return wanted == "always" or (wanted == "auto" and sys.stdout.isatty())

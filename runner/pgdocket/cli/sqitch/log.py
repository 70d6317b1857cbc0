"""`pgdocket sqitch log`: what happened to a database."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from pgdocket.cli.sqitch.call import HELP, global_options, understand
from pgdocket.sqitch.errors import SqitchError


@click.command("log", context_settings=HELP)
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
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Show what happened to a database.

    An event is shown when it matches every filter. Ends with exit code 1 when nothing ever
    happened.

    \b
    Example:
      pgdocket sqitch log --event fail --oneline db:pg:flipr
    """
    from pgdocket.sqitch.format import LOG_FORMATS, Formatter, check_options, resolve_format
    from pgdocket.sqitch.log import LogSearch, open_log

    call = understand(ctx, arguments, options, verb="showing")
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

"""`pgdocket sqitch repair`: makes the registry agree with reality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    finish,
    global_options,
    set_option,
    understand,
)
from pgdocket.cli.sqitch.prompt import Prompt


def _renames(_: click.Context, __: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    pairs = [pair.partition("=")[::2] for pair in value]
    for old, new in pairs:
        if not old or not new:
            raise click.BadParameter(f'"{old}={new}" is not OLD=NEW')
    return dict(pairs)


@click.command("repair", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@click.option(
    "--script-hash",
    "script_hashes",
    multiple=True,
    metavar="CHANGE",
    help="Its deploy script was edited, and is right as it is.",
)
@click.option(
    "--rewrite-ids", is_flag=True, help="The plan's past was edited: give changes its ids, by name."
)
@click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    callback=_renames,
    help="The change has another name in the plan; as --rewrite-ids.",
)
@click.option("--drop", "drops", multiple=True, metavar="CHANGE", help="It is not there any more.")
@click.option("--tags", is_flag=True, help="Make the tags of what is deployed those of the plan.")
@click.option(
    "--record", metavar="CHANGE", help="The plan up to it is there, but was not recorded."
)
@click.option(
    "--verify/--no-verify", default=True, help="Run the verify scripts of what is recorded."
)
@click.option("--reason", metavar="TEXT", default="", help="Why; written to the events.")
@click.option("--dry-run", is_flag=True, help="Tell what would be written, and write nothing.")
@click.option("--log-only", is_flag=True, expose_value=False, help="Accepted: it always is.")
@click.option("-y", "no_prompt", is_flag=True, help="Don't ask.")
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Make the registry agree with plan, scripts and database, after you have looked at it.

    `check --full` names what differs and the option that settles it. No deploy or revert script is
    run. Everything is written in one transaction, or nothing; each step leaves the events that
    deploy and revert --log-only would leave, with a note that begins with `repair:`.

    \b
    Example:
      pgdocket sqitch repair --script-hash users --reason "comment added" db:pg:flipr
      pgdocket sqitch repair --rewrite-ids --dry-run db:pg:flipr
      pgdocket sqitch repair --drop old_change -y db:pg:flipr
    """
    from pgdocket.sqitch.repair import RepairOptions, repair_job
    from pgdocket.sqitch.repair_plan import RepairRequest

    request = RepairRequest(
        options["script_hashes"],
        options["rewrite_ids"],
        options["renames"],
        options["drops"],
        options["tags"],
        options["record"],
    )
    if request.is_empty:
        raise click.UsageError("Say what to repair; `check --full` shows what differs.")
    call = understand(ctx, arguments, options)
    prompt = Prompt(False, refusal="repair the registry", as_json=call.settings.json)
    chosen = RepairOptions(
        options["reason"],
        options["verify"],
        options["dry_run"],
        None if options["no_prompt"] else prompt,
    )
    job = call.job(options["variables"], options["lock_timeout"])
    finish(call, repair_job(job, request, chosen).as_dict())

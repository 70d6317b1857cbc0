"""`pgdocket sqitch revert`: takes changes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    Call,
    connection_options,
    global_options,
    pick_change,
    set_option,
    understand,
)
from pgdocket.cli.sqitch.prompt import Prompt
from pgdocket.cli.sqitch.run import carry_out, is_rehearsal, run_options


@click.command("revert", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option(
    "--to", "--to-change", "--change", "to", metavar="CHANGE", help="The last change to keep."
)
@click.option(
    "-m", "--modified", is_flag=True, help="Keep what comes before the first edited deploy script."
)
@click.option("--all", "everything", is_flag=True, help="Revert everything, even unattended.")
@click.option("-y", "no_prompt", is_flag=True, help="Don't ask.")
@click.option("--log-only", is_flag=True, help="Write the registry; run no revert script.")
@click.option("--atomic/--no-atomic", default=True, help="One transaction for script and registry.")
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@run_options
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Revert changes from a database, the last one deployed first.

    Without --to or --modified everything is reverted. Unlike sqitch, which takes silence for a
    yes, this is refused where nobody answers the question (standard input is at its end), unless
    --all or -y is given. A revert script that is missing is told before the first one runs.

    \b
    Example:
      pgdocket sqitch revert --to @v1.0 db:pg:flipr
      pgdocket sqitch revert --modified -y db:pg:flipr
      pgdocket sqitch revert --dry-run --to @v1.0 db:pg:flipr
    """
    from pgdocket.sqitch.revert import RevertOptions, revert_job

    call = understand(ctx, arguments, options, verb="reverting to")
    get_bool = call.configuration.get_bool
    to = None
    if not options["modified"]:
        to = pick_change(options["to"], call.changes, "reverting to")
    if options["everything"] and (to is not None or options["modified"]):
        raise click.UsageError("--all reverts everything; name no change with it")
    confirm = _prompt(call, options, is_named=to is not None or options["everything"])
    chosen = RevertOptions(
        to,
        options["log_only"],
        options["atomic"],
        confirm,
        options["modified"],
        get_bool("revert.strict") and not options["everything"],
    )
    job = call.job(options["variables"], options["lock_timeout"])
    carry_out(call, job, options, lambda each: revert_job(each, chosen))


def _prompt(call: Call, options: Mapping[str, Any], *, is_named: bool) -> Prompt | None:
    """Who asks before anything goes; None where nobody is to be asked."""
    get_bool = call.configuration.get_bool
    if is_rehearsal(options) or options["no_prompt"] or get_bool("revert.no_prompt"):
        return None
    what = "revert modified changes" if options["modified"] else "revert all changes"
    return Prompt(
        get_bool("revert.prompt_accept", default=True),
        refusal=None if is_named else what,
        hint="use -y or --all, or name the last change to keep with --to",
        as_json=call.settings.json,
    )

"""`pgdocket sqitch rebase`: reverts changes and deploys them again."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    global_options,
    understand,
    warn,
)
from pgdocket.cli.sqitch.redeploy import redeploy_job, redeploy_options, redeploy_settings
from pgdocket.cli.sqitch.run import carry_out, is_rehearsal, rehearsal_options


@click.command("rebase", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--onto", "--onto-change", "onto", metavar="CHANGE", help="The last change to keep.")
@click.option("--upto", "--upto-change", "upto", metavar="CHANGE", help="The last to deploy.")
@click.option(
    "-m", "--modified", is_flag=True, help="Keep what comes before the first edited deploy script."
)
@click.option("--all", "everything", is_flag=True, help="Revert everything, even unattended.")
@rehearsal_options
@redeploy_options
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Revert changes and deploy them again, as one run under one lock.

    Without --onto or --modified everything is reverted first; this is refused where nobody answers
    the question, unless --all or -y is given. No to the question ends the run.

    \b
    Example:
      pgdocket sqitch rebase --onto @v1.0 --verify db:pg:flipr
      pgdocket sqitch rebase --modified -y db:pg:flipr
    """
    from pgdocket.sqitch.rebase import rebase_job

    call = understand(ctx, arguments, options, verb="rebasing onto")
    named, modified = list(call.changes), options["modified"]
    onto = None
    if not modified:
        onto = options["onto"] or (named.pop(0) if named else None)
    upto = options["upto"] or (named.pop(0) if named else None)
    if named:
        warn(f'Too many changes specified; rebasing onto "{onto}" up to "{upto}"')
    if options["everything"] and (onto is not None or modified):
        raise click.UsageError("--all reverts everything; name no change to keep with it")
    is_named = onto is not None or options["everything"]
    options["no_prompt"] = options["no_prompt"] or is_rehearsal(options)
    what = "revert modified changes" if modified else "revert all changes"
    chosen = redeploy_settings(
        call,
        options,
        "rebase",
        onto=onto,
        upto=upto,
        modified=modified,
        refusal=None if is_named else what,
        hint="use -y or --all, or name the last change to keep with --onto",
    )
    job = redeploy_job(call, options)
    carry_out(call, job, options, lambda each: rebase_job(each, chosen))

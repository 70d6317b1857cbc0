"""`pgdocket sqitch baseline`: records a database that was made without the plan."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    finish,
    global_options,
    pick_change,
    set_option,
    understand,
)


@click.command("baseline", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--to", "--to-change", "to", metavar="CHANGE", help="The last change that is there.")
@click.option(
    "--verify/--no-verify", default=True, help="Run the verify scripts first. On by default."
)
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Record that a database, made without the plan, has its changes already.

    Runs the verify scripts of the changes up to --to; only when all of them hold, the registry
    gets the rows that deploy --log-only would write, in one transaction. Refused where anything
    of the project is deployed.

    \b
    Example:
      pgdocket sqitch baseline --to @v1.0 db:pg:legacy
    """
    from pgdocket.sqitch.baseline import BaselineOptions, baseline_job

    call = understand(ctx, arguments, options, verb="recording up to")
    to = pick_change(options["to"], call.changes, "recording up to")
    job = call.job(options["variables"], options["lock_timeout"])
    finish(call, baseline_job(job, BaselineOptions(to, options["verify"])).as_dict())

"""`pgdocket sqitch verify`: runs the verify scripts of what is deployed."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    finish,
    global_options,
    pick_range,
    set_option,
    understand,
)


@click.command("verify", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--from", "--from-change", "start", metavar="CHANGE", help="The first to verify.")
@click.option("--to", "--to-change", "end", metavar="CHANGE", help="The last to verify.")
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Verify what is deployed.

    Runs the verify scripts, and compares the order of what is deployed with the plan. Ends with
    exit code 2 when something does not hold.

    \b
    Example:
      pgdocket sqitch verify --from @v1.0 db:pg:flipr
    """
    from pgdocket.sqitch.verify import VerifyOptions, verify_job

    call = understand(ctx, arguments, options, verb="verifying")
    start, end = pick_range(options["start"], options["end"], call.changes, "verifying")
    job = call.job(options["variables"])
    chosen = VerifyOptions(start, end, show_output=call.settings.verbosity > 1)
    finish(call, verify_job(job, chosen).as_dict())

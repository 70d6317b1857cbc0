"""`pgdocket sqitch revert`: takes changes back."""

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
from pgdocket.cli.sqitch.prompt import Prompt


@click.command("revert", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--to", "--to-change", "to", metavar="CHANGE", help="The last change to keep.")
@click.option("-y", "no_prompt", is_flag=True, help="Don't ask.")
@click.option("--log-only", is_flag=True, help="Write the registry; run no revert script.")
@click.option("--atomic/--no-atomic", default=True, help="One transaction for script and registry.")
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Revert changes from a database, the last one deployed first.

    Without --to everything is reverted. Unlike sqitch, which takes silence for a yes, this is
    refused where nobody answers the question (standard input is at its end), unless -y is given.

    \b
    Example:
      pgdocket sqitch revert --to @v1.0 db:pg:flipr
    """
    from pgdocket.sqitch.revert import RevertOptions, revert_job

    call = understand(ctx, arguments, options, verb="reverting to")
    job = call.job(options["variables"], options["lock_timeout"])
    to = pick_change(options["to"], call.changes, "reverting to")
    asks = not (options["no_prompt"] or call.configuration.get_bool("revert.no_prompt"))
    accept = call.configuration.get_bool("revert.prompt_accept", default=True)
    confirm = Prompt(accept, needs_answer=to is None, as_json=call.settings.json)
    chosen = RevertOptions(to, options["log_only"], options["atomic"], confirm if asks else None)
    finish(call, revert_job(job, chosen).as_dict())

"""`pgdocket sqitch deploy`: brings a database up to date with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    global_options,
    pick_change,
    set_option,
    understand,
)
from pgdocket.cli.sqitch.run import carry_out, run_options
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.deploy import Mode


@click.command("deploy", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--to", "--to-change", "to", metavar="CHANGE", help="The last change to deploy.")
@click.option(
    "--mode",
    metavar="all|tag|change",
    help="What a failure takes back: the run, what follows the last tag, or nothing.",
)
@click.option("--verify/--no-verify", default=None, help="Run the verify script of each change.")
@click.option("--log-only", is_flag=True, help="Write the registry; run no deploy script.")
@click.option(
    "--atomic/--no-atomic",
    default=True,
    help="One transaction for script, verification and registry, where the script is one "
    "begin ... commit block. On by default.",
)
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@run_options
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Deploy changes to a database.

    Scripts are checked before the first one runs. A failure takes back what --mode says and ends
    with exit code 2. Who holds a script up is told after a while; with --lock-timeout-sql it does
    not wait, but gives way and tries its transaction again.

    \b
    Example:
      pgdocket sqitch deploy --verify --to @v1.0 db:pg:flipr
      pgdocket sqitch deploy --dry-run db:pg:flipr
      pgdocket sqitch deploy --sql deploy.sql db:pg:flipr
      pgdocket sqitch deploy --lock-timeout-sql 2s --lock-retries 5 db:pg:flipr
    """
    from pgdocket.sqitch.deploy import DeployOptions, deploy_job

    call = understand(ctx, arguments, options, verb="deploying to")
    configuration = call.configuration
    verify = options["verify"]
    if verify is None:
        verify = configuration.get_bool("deploy.verify")
    mode = options["mode"] or configuration.get("deploy.mode") or "all"
    if mode not in ("all", "tag", "change"):
        raise SqitchError(f'Unknown mode "{mode}"; use all, tag or change', exit_code=255)
    job = call.job(options["variables"], options["lock_timeout"])
    to = pick_change(options["to"], call.changes, "deploying to")
    chosen = DeployOptions(to, verify, cast("Mode", mode), options["log_only"], options["atomic"])
    carry_out(call, job, options, lambda each: deploy_job(each, chosen))

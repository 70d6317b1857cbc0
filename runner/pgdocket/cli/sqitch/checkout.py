"""`pgdocket sqitch checkout`: changes the branch, and the database with it."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    finish,
    global_options,
    understand,
)
from pgdocket.cli.sqitch.redeploy import redeploy_job, redeploy_options, redeploy_settings


@click.command("checkout", context_settings=HELP)
@click.argument("branch", metavar="BRANCH")
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@redeploy_options
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, branch: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Revert to where the branches part, check BRANCH out with git, and deploy.

    What is to be reverted is found in the two plans, so this is refused where nobody answers the
    question, unless -y is given. A revert that fails leaves the branch as it was.

    \b
    Example:
      pgdocket sqitch checkout --verify feature/search db:pg:flipr
    """
    from pgdocket.sqitch.checkout import Git, checkout_job

    call = understand(ctx, arguments, options)
    chosen = redeploy_settings(
        call, options, "checkout", onto=None, refusal="revert for another branch"
    )
    git = Git(call.configuration.get("core.vcs.client") or "git")
    finish(call, checkout_job(redeploy_job(call, options), branch, chosen, git).as_dict())

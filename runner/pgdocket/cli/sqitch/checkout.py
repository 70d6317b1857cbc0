"""`pgdocket sqitch checkout`: changes the branch, and the database with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    configuration,
    connection_options,
    finish,
    global_options,
    understand,
)
from pgdocket.cli.sqitch.redeploy import redeploy_job, redeploy_options, redeploy_settings


@click.command("checkout", context_settings=HELP)
@click.argument("arguments", metavar="BRANCH [TARGET]", nargs=-1)
@redeploy_options
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Revert to where the branches part, check BRANCH out with git, and deploy.

    What is to be reverted is found in the two plans, so this is refused where nobody answers the
    question, unless -y is given. A revert that fails leaves the branch as it was.

    \b
    Example:
      pgdocket sqitch checkout --verify feature/search db:pg:flipr
    """
    from pgdocket.sqitch.checkout import Git, checkout_job

    branch, rest = _branch(ctx, arguments)
    call = understand(ctx, rest, options)
    chosen = redeploy_settings(
        call, options, "checkout", onto=None, refusal="revert for another branch"
    )
    git = Git(call.configuration.get("core.vcs.client") or "git")
    finish(call, checkout_job(redeploy_job(call, options), branch, chosen, git).as_dict())


def _branch(ctx: click.Context, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The first argument that is no target, and the others."""
    from pgdocket.sqitch.positional import target_name

    found = configuration(ctx)
    rest = list(arguments)
    for place, argument in enumerate(rest):
        if target_name(found, argument, {}) is None:
            return rest.pop(place), rest
    raise click.UsageError("Name the branch to check out.")

"""`pgdocket sqitch upgrade`: brings the registry up to date."""

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


@click.command("upgrade", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Bring the registry of a database up to date.

    A deploy does so by itself; revert, verify and check refuse an old registry.

    \b
    Example:
      pgdocket sqitch upgrade db:pg:flipr
    """
    from pgdocket.sqitch.registry import Person
    from pgdocket.sqitch.upgrade import upgrade

    call = understand(ctx, arguments, options)
    person = Person(*call.configuration.user())
    finish(call, upgrade(call.target, person, call.reporter()).as_dict())

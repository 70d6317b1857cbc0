"""`pgdocket sqitch help`: explains a command."""

from __future__ import annotations

import click

from pgdocket.cli.sqitch.call import HELP, global_options
from pgdocket.sqitch.errors import SqitchError


@click.command("help", context_settings=HELP)
@click.argument("name", metavar="[COMMAND]", required=False)
@global_options
@click.pass_context
def command(ctx: click.Context, /, name: str | None) -> None:
    """Explain a command, or list them all.

    \b
    Example:
      pgdocket sqitch help deploy
    """
    group = ctx.parent
    if group is None or not isinstance(group.command, click.Group):
        raise SqitchError("There are no other commands")
    if name is None:
        click.echo(group.get_help())
        return
    found = group.command.get_command(group, name)
    if found is None:
        raise SqitchError(f"No manual entry for sqitch-{name}", exit_code=1)
    with click.Context(found, info_name=name, parent=group) as shown:
        click.echo(found.get_help(shown))

"""`pgdocket sqitch rework`: copies a change in the plan, to revise its scripts."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli.sqitch.call import HELP, global_options
from pgdocket.cli.sqitch.call import configuration as read_configuration
from pgdocket.cli.sqitch.editing import (
    all_option,
    choose,
    conclude,
    context_options,
    dependency_options,
    edit_option,
    name_taken,
    note_option,
    speaker,
)


@click.command("rework", context_settings=HELP)
@click.argument("arguments", metavar="[CHANGE] [TARGET]...", nargs=-1)
@click.option("-c", "--change", "--change-name", metavar="NAME", help="The change's name.")
@dependency_options
@note_option
@all_option
@edit_option
@context_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Plan a change anew, to revise its scripts; there must be a tag after it.

    Its scripts are kept as NAME@TAG, and its revert script becomes a copy of the deploy script
    as it was.

    \b
    Example:
      pgdocket sqitch rework flips -n 'Adds a column.'
    """
    from pgdocket.sqitch.edit import ChangeRequest
    from pgdocket.sqitch.rework import rework

    configuration, talk = read_configuration(ctx), speaker(ctx)
    chosen = choose(
        ctx,
        configuration,
        arguments,
        options,
        names=[options["change"]],
    )
    name = chosen.names[0]
    if name is None:
        raise name_taken("rework", chosen.targets, arguments)
    edit = options["edit"]
    if edit is None:
        default = configuration.get_bool("add.open_editor")
        edit = configuration.get_bool("rework.open_editor", default)
    request = ChangeRequest(name, options["requires"], options["conflicts"])
    done = rework(configuration, chosen.targets, request, options["notes"], talk, edit_files=edit)
    conclude(ctx, done.as_dict())

"""`pgdocket sqitch tag`: tags a change of the plan, or lists the tags."""

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
    name_taken,
    note_option,
    speaker,
)


@click.command("tag", context_settings=HELP)
@click.argument("arguments", metavar="[TAG] [CHANGE] [TARGET]...", nargs=-1)
@click.option("-t", "--tag", "--tag-name", metavar="NAME", help="The tag's name.")
@click.option("-c", "--change", "--change-name", metavar="NAME", help="The change to tag.")
@note_option
@all_option
@context_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Tag a change, the last one unless another is named; without a name, list the tags.

    \b
    Example:
      pgdocket sqitch tag v1.0.0 -n 'The first release.'
      pgdocket sqitch tag
    """
    from pgdocket.sqitch.add import edit_as_dict
    from pgdocket.sqitch.tag import tag, tag_names, tagged_change

    configuration, talk = read_configuration(ctx), speaker(ctx)
    chosen = choose(
        ctx,
        configuration,
        arguments,
        options,
        names=[options["tag"], options["change"]],
    )
    name, change = chosen.names
    if name is not None:
        edits = tag(configuration, chosen.targets, name, change, options["notes"], talk)
        plans = [edit_as_dict(edit) | {"change": tagged_change(edit)} for edit in edits]
        conclude(ctx, {"tag": f"@{edits[0].line.name}", "plans": plans})
        return
    if any(target.name in arguments for target in chosen.targets):
        raise name_taken("tag", chosen.targets, arguments)
    names = tag_names(chosen.targets)
    for found in names:
        talk.info(found)
    conclude(ctx, {"tags": list(names)})

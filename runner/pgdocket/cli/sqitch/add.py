"""`pgdocket sqitch add`: adds a change to the plan, and makes its scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.sqitch.call import HELP, global_options
from pgdocket.cli.sqitch.call import configuration as read_configuration
from pgdocket.cli.sqitch.editing import (
    all_option,
    all_pairs,
    choose,
    conclude,
    context_options,
    dependency_options,
    edit_option,
    etc_path,
    name_taken,
    note_option,
    pairs,
    speaker,
)

if TYPE_CHECKING:
    from pgdocket.sqitch.add import AddOptions
    from pgdocket.sqitch.config import Configuration


@click.command("add", context_settings=HELP)
@click.argument("arguments", metavar="[CHANGE] [TARGET]...", nargs=-1)
@click.option("-c", "--change", "--change-name", metavar="NAME", help="The change's name.")
@dependency_options
@note_option
@all_option
@click.option("-t", "--template", "--template-name", metavar="NAME", help="The template's name.")
@click.option("--template-directory", metavar="DIR", help="Look for templates here first.")
@click.option("--with", "with_", metavar="SCRIPT", multiple=True, help="Make this script.")
@click.option("--without", metavar="SCRIPT", multiple=True, help="Don't make this script.")
@click.option(
    "--use",
    metavar="SCRIPT=FILE",
    multiple=True,
    callback=pairs,
    help="The template of one script; repeatable.",
)
@click.option(
    "-s",
    "--set",
    "variables",
    metavar="KEY=VALUE",
    multiple=True,
    callback=all_pairs,
    help="A variable for the templates; repeat it for a list.",
)
@edit_option
@context_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Add a change to the plan, and make its deploy, revert and verify scripts.

    Scripts that exist are left alone. Templates are those of sqitch, or yours.

    \b
    Example:
      pgdocket sqitch add flips -r users -x dr_evil -n 'Adds the table of flips.'
    """
    from pgdocket.sqitch.add import add
    from pgdocket.sqitch.edit import ChangeRequest

    if not (arguments or options["change"]):
        raise click.UsageError("name the change to add", ctx)
    configuration, talk = read_configuration(ctx), speaker(ctx)
    chosen_options = _options(ctx, configuration, options)
    chosen = choose(
        ctx,
        configuration,
        arguments,
        options,
        names=[options["change"]],
    )
    name = chosen.names[0]
    if name is None:
        raise name_taken("add", chosen.targets, arguments)
    request = ChangeRequest(name, options["requires"], options["conflicts"])
    done = add(configuration, chosen.targets, request, chosen_options, talk)
    conclude(ctx, done.as_dict())


def _options(
    ctx: click.Context, configuration: Configuration, options: dict[str, Any]
) -> AddOptions:
    from pgdocket.sqitch.add import AddOptions
    from pgdocket.sqitch.skeleton import Templates, template_files, template_folders

    folders = template_folders(configuration, options["template_directory"], etc_path(ctx))
    # What is left out wins over what is put in.
    wanted = dict.fromkeys(options["with_"], True) | dict.fromkeys(options["without"], False)
    edit = options["edit"]
    return AddOptions(
        notes=options["notes"],
        templates=Templates(
            files=template_files(configuration, options["use"]),
            folders=folders,
            wanted=wanted,
            name=options["template"] or configuration.get("add.template_name"),
        ),
        variables={
            **configuration.section("add.variables"),
            **{key: each if each[1:] else each[0] for key, each in options["variables"].items()},
        },
        edit=configuration.get_bool("add.open_editor") if edit is None else edit,
    )

"""`pgdocket sqitch bundle`: copies the project, or a part of its plan, to hand it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgdocket.cli.sqitch.call import HELP, global_options
from pgdocket.cli.sqitch.call import configuration as read_configuration
from pgdocket.cli.sqitch.editing import (
    all_option,
    choose,
    conclude,
    context_options,
    speaker,
)


@click.command("bundle", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET [FROM [TO]]]...", nargs=-1)
@click.option("--dest-dir", "--dir", "folder", metavar="DIR", help="Where to; bundle by default.")
@click.option("--from", "start", metavar="CHANGE", help="The first change to bundle.")
@click.option("--to", "end", metavar="CHANGE", help="The last change to bundle.")
@all_option
@context_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Copy configuration, plan and scripts into a folder, to hand the project on.

    With --from or --to, or changes after a target, only this part of the plan and its scripts.

    \b
    Example:
      pgdocket sqitch bundle --dest-dir flipr-1.0 --to @v1.0
    """
    from pgdocket.sqitch.bundle import Part, bundle
    from pgdocket.sqitch.errors import SqitchError

    configuration, talk = read_configuration(ctx), speaker(ctx)
    chosen = choose(
        ctx,
        configuration,
        arguments,
        options,
        allow_changes=True,
    )
    start, end = options["start"], options["end"]
    if len(chosen.targets) > 1 and (start or end):
        talk.warn(
            "Use of --to or --from to bundle multiple targets is not recommended.\n"
            "Pass them as arguments after each target argument, instead."
        )
    if chosen.changes and (start or end):
        raise SqitchError("Cannot specify both --from or --to and change arguments")
    parts = [Part(target, start, end) for target in chosen.targets]
    if chosen.changes:
        named = iter(chosen.changes)
        parts = [Part(target, next(named, None), next(named, None)) for target in chosen.targets]
    folder = Path(options["folder"] or configuration.get("bundle.dest_dir") or "bundle")
    conclude(ctx, bundle(configuration, parts, folder, talk).as_dict())

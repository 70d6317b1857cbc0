"""`pgdocket sqitch engine`: manages the engine's settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.sqitch.call import HELP, configuration, global_options, settings
from pgdocket.cli.sqitch.editing import conclude, speaker
from pgdocket.cli.sqitch.target import (
    describe,
    list_names,
    needed,
    read_action,
    setting_options,
    show,
)

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration


@click.command("engine", context_settings=HELP)
@click.argument("arguments", metavar="[add|alter|remove|show|list] [NAME]...", nargs=-1)
@click.option("--target", metavar="TARGET", help="The default target: a name, or a URI.")
@setting_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Manage what is set for the engine, which is pg.

    `add NAME [TARGET]` and `alter NAME` take the options; `remove NAME`, `show NAME` and `list`
    (with -v the targets, too) don't.

    \b
    Example:
      pgdocket sqitch engine add pg db:pg:flipr --client /usr/bin/psql
    """
    from pgdocket.sqitch import target_settings as library

    found = configuration(ctx)
    action, names = read_action(arguments, ("add", "alter", "remove", "show", "list"))
    wanted = library.Settings(**options)
    if action == "add":
        (name,) = needed(names, 1)
        target = names[1] if len(names) > 1 else None
        done = library.add_engine(found, name, target, wanted, speaker(ctx))
        conclude(ctx, describe(done, name, found_uri=False))
    elif action == "alter":
        (name,) = needed(names, 1)
        done = library.alter_engine(found, name, wanted, speaker(ctx))
        conclude(ctx, describe(done, name, found_uri=False))
    elif action == "remove":
        (name,) = needed(names, 1)
        library.remove_engine(found, name)
        conclude(ctx, {"action": action, "engine": name})
    elif action == "show" and names:
        _show(ctx, found, names)
    else:
        list_names(ctx, _targets(found))


def _show(ctx: click.Context, found: Configuration, names: Sequence[str]) -> None:
    from pgdocket.sqitch.targets import engine_target, resolve_target

    shown = []
    for name in names:
        target = resolve_target(found, engine_target(found, name))
        shown.append(describe(target, name, found_uri=False))
        if not settings(ctx).json:
            show(shown[-1])
    conclude(ctx, {"engines": shown})


def _targets(found: Configuration) -> dict[str, str]:
    from pgdocket.sqitch.positional import ENGINES

    targets = {engine: found.get(f"engine.{engine}.target") for engine in ENGINES}
    return {engine: target for engine, target in targets.items() if target}

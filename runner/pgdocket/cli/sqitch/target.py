"""`pgdocket sqitch target`: manages the targets of a project; what `engine` shares with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgdocket.cli.sqitch.call import HELP, configuration, global_options, settings
from pgdocket.cli.sqitch.editing import conclude, pairs, speaker

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.targets import Target

F = TypeVar("F", bound=Callable[..., Any])


def setting_options(command: F) -> F:
    """Adds the options that say what is to be set."""
    for option in (
        click.option(
            "-s",
            "--set",
            "variables",
            metavar="KEY=VALUE",
            multiple=True,
            callback=pairs,
            help="A psql variable for the scripts; repeatable.",
        ),
        click.option(
            "-d",
            "--dir",
            "folders",
            metavar="NAME=PATH",
            multiple=True,
            callback=pairs,
            help="A folder: deploy, revert, verify, reworked, reworked_deploy...; repeatable.",
        ),
        click.option("--extension", metavar="EXT", help="The extension of scripts."),
        click.option("--top-dir", metavar="DIR", help="Folder of the plan and the scripts."),
        click.option("-f", "--plan-file", metavar="FILE", help="The plan."),
        click.option("--client", metavar="PATH", help="The psql to run scripts with."),
        click.option("--registry", metavar="SCHEMA", help="The registry's schema."),
    ):
        command = option(command)
    return command


@click.command("target", context_settings=HELP)
@click.argument("arguments", metavar="[add|alter|remove|rename|show|list] [NAME]...", nargs=-1)
@click.option("--uri", metavar="URI", help="The database.")
@setting_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Manage the targets of a project: databases with a name, and the files that belong to them.

    `add NAME URI` and `alter NAME` take the options; `remove NAME`, `rename OLD NEW`, `show NAME`
    and `list` (with -v the URIs, too) don't.

    \b
    Example:
      pgdocket sqitch target add prod db:pg://deployer@db.example.com/flipr --registry ops
    """
    from pgdocket.sqitch import target_settings as library

    found = configuration(ctx)
    action, names = read_action(arguments, ("add", "alter", "remove", "rename", "show", "list"))
    wanted = library.Settings(**options)
    if action == "add":
        name, uri = needed(names, 2)
        done = library.add_target(found, name, uri, wanted, speaker(ctx))
        conclude(ctx, describe(done, name, found_uri=True))
    elif action == "alter":
        (name,) = needed(names, 1)
        done = library.alter_target(found, name, wanted, speaker(ctx))
        conclude(ctx, describe(done, name, found_uri=True))
    elif action in ("remove", "rename"):
        old, *new = needed(names, 1 if action == "remove" else 2)
        library.remove_target(found, old, *new)
        conclude(ctx, {"action": action, "target": old, "new_name": new[0] if new else None})
    elif action == "show" and names:
        _show(ctx, found, names)
    else:
        list_names(ctx, _uris(found))


def read_action(arguments: Sequence[str], known: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The action, `list` where none is named, and what follows it."""
    action = {"rm": "remove"}.get(arguments[0], arguments[0]) if arguments else "list"
    if action not in known:
        raise click.UsageError(f'Unknown action "{action.replace("-", "_")}"')
    return action, tuple(arguments[1:])


def needed(names: Sequence[str], count: int) -> tuple[str, ...]:
    """The first names, which have to be there."""
    if len(names) < count or not all(names[:count]):
        raise click.UsageError("")
    return tuple(names[:count])


def list_names(ctx: click.Context, found: Mapping[str, str]) -> None:
    """Prints names, with --verbose what they stand for, too."""
    if settings(ctx).json:
        conclude(ctx, found)
        return
    for name in sorted(found):
        click.echo(f"{name}\t{found[name]}" if settings(ctx).verbose else name)


def describe(target: Target, name: str, *, found_uri: bool) -> dict[str, Any]:
    """A target as data; `found_uri` tells one that has a URI from an engine."""
    first = {"uri": str(target.uri)} if found_uri else {"target": target.name}
    return {
        "name": name,
        **first,
        "registry": target.registry,
        "client": target.client or "psql",
        "top_dir": str(target.top_dir),
        "plan_file": str(target.plan_file),
        "extension": target.extension,
        "deploy_dir": str(target.deploy_dir),
        "revert_dir": str(target.revert_dir),
        "verify_dir": str(target.verify_dir),
        "reworked_dir": str(target.reworked_dir),
        "reworked_deploy_dir": str(target.reworked_deploy_dir),
        "reworked_revert_dir": str(target.reworked_revert_dir),
        "reworked_verify_dir": str(target.reworked_verify_dir),
        "variables": dict(target.variables),
    }


_LABELS = (
    ("Registry:      ", "registry"),
    ("Client:        ", "client"),
    ("Top Directory: ", "top_dir"),
    ("Plan File:     ", "plan_file"),
    ("Extension:     ", "extension"),
    ("Script Directories:", None),
    ("  Deploy:      ", "deploy_dir"),
    ("  Revert:      ", "revert_dir"),
    ("  Verify:      ", "verify_dir"),
    ("Reworked Script Directories:", None),
    ("  Reworked:    ", "reworked_dir"),
    ("  Deploy:      ", "reworked_deploy_dir"),
    ("  Revert:      ", "reworked_revert_dir"),
    ("  Verify:      ", "reworked_verify_dir"),
)


def show(described: Mapping[str, Any]) -> None:
    """Prints what `describe` found, as Sqitch does."""
    click.echo(f"* {described['name']}")
    first = "uri" if "uri" in described else "target"
    click.echo(f"    {'URI' if first == 'uri' else 'Target'}:".ljust(19) + described[first])
    for label, key in _LABELS:
        click.echo(f"    {label}{described[key] if key else ''}")
    variables = described["variables"]
    click.echo("    Variables:" if variables else "    No Variables")
    width = max(map(len, variables), default=0)
    for name in sorted(variables, key=str.lower):
        click.echo(f"  {name}: {' ' * (width - len(name))}{variables[name]}")


def _show(ctx: click.Context, found: Configuration, names: Sequence[str]) -> None:
    from pgdocket.sqitch.targets import resolve_target

    shown = []
    for name in names:
        described = describe(resolve_target(found, name), name, found_uri=True)
        shown.append(described)
        if not settings(ctx).json:
            show(described)
    conclude(ctx, {"targets": shown})


def _uris(found: Configuration) -> dict[str, str]:
    from pgdocket.sqitch.targets import configured_targets

    return {name: found.get(f"target.{name}.uri") or "" for name in configured_targets(found)}

"""What the commands that change files share: options, configuration, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgdocket.cli.sqitch.call import Globals, settings, warn
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.positional import Positional
    from pgdocket.sqitch.targets import Target

F = TypeVar("F", bound=Callable[..., Any])


def context_options(command: F) -> F:
    """Adds the options that say which plan."""
    for option in (
        click.option("--top-dir", metavar="DIR", help="Folder of plan and scripts (old: use -C)."),
        click.option("-f", "--plan-file", metavar="FILE", help="The plan."),
    ):
        command = option(command)
    return command


def all_option(command: F) -> F:
    """Adds `--all`."""
    return click.option("-a", "--all/--no-all", "every", help="Work on the plans of all targets.")(
        command
    )


def note_option(command: F) -> F:
    """Adds `--note`."""
    return click.option(
        "-n",
        "-m",
        "--note",
        "notes",
        metavar="TEXT",
        multiple=True,
        help="Why; repeat it for more paragraphs. Without it your editor opens.",
    )(command)


def edit_option(command: F) -> F:
    """Adds `--edit`."""
    return click.option(
        "-e",
        "--edit/--no-edit",
        "--open-editor/--no-open-editor",
        "edit",
        default=None,
        help="Open the scripts in your editor.",
    )(command)


def dependency_options(command: F) -> F:
    """Adds `--requires` and `--conflicts`."""
    for option in (
        click.option(
            "-x",
            "--conflicts",
            metavar="CHANGE",
            multiple=True,
            help="A change that must not be deployed; repeatable.",
        ),
        click.option(
            "-r",
            "--requires",
            metavar="CHANGE",
            multiple=True,
            help="A change that must be deployed before; repeatable.",
        ),
    ):
        command = option(command)
    return command


def pairs(_: click.Context, parameter: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    """`KEY=VALUE` texts as a dictionary; the last of a key wins."""
    return {key: values[-1] for key, values in all_pairs(_, parameter, value).items()}


def all_pairs(
    _: click.Context, __: click.Parameter, value: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """`KEY=VALUE` texts as a dictionary that holds every value of a key."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in value:
        key, equals, text = pair.partition("=")
        if not equals:
            raise click.BadParameter(f'key "{key}", requires a value')
        found[key] = (*found.get(key, ()), text)
    return found


def etc_path(ctx: click.Context) -> Path | None:
    """The folder of the system's configuration, if another was named."""
    found = settings(ctx).etc_path
    return Path(found) if found else None


def choose(
    ctx: click.Context,
    configuration: Configuration,
    arguments: Sequence[str],
    options: Mapping[str, Any],
    *,
    names: Sequence[str | None] = (),
    allow_changes: bool = False,
) -> Positional:
    """The targets to work on, by arguments, --all and the setting `COMMAND.all`.

    `names` are those that options gave, None for one that an argument may give. Warns of
    --top-dir, as Sqitch does.
    """
    from pgdocket.sqitch.positional import resolve_positional

    command = ctx.info_name or ""
    if options["top_dir"]:
        warn(
            f"  Option --top-dir is deprecated for {command} and other non-configuration"
            " commands.\n  Use --chdir instead."
        )
    given = {name: options[name] for name in ("plan_file", "top_dir")}
    return resolve_positional(
        configuration,
        arguments,
        overrides={name: value for name, value in given.items() if value},
        allow_changes=allow_changes,
        names=names,
        every=bool(options["every"]),
        every_by_default=configuration.get_bool(f"{command}.all"),
    )


def name_taken(command: str, targets: Sequence[Target], arguments: Sequence[str]) -> SqitchError:
    """The error of a name that was taken for a target's, or of none at all."""
    what = "tag" if command == "tag" else "change"
    for target in targets:
        if target.name in arguments:
            return SqitchError(
                f'Name "{target.name}" identifies a target; '
                f'use "--{what} {target.name}" to use it for the {what} name'
            )
    return SqitchError(f"Name the {what} to {command}")


class Speaker:
    """Prints what a command says, as much of it as was asked for."""

    def __init__(self, found: Globals) -> None:
        self._found = found

    def info(self, text: str) -> None:
        """What has been done: not with --quiet, nor where JSON is wanted."""
        if self._found.verbosity and not self._found.json:
            click.echo(text)

    def debug(self, text: str) -> None:
        """What is worth knowing when something went wrong: with --verbose."""
        if self._found.verbosity > 1 and not self._found.json:
            click.echo("\n".join(f"debug: {line}" for line in text.split("\n")))

    def warn(self, text: str) -> None:
        """What should not have been done."""
        warn(text)


def speaker(ctx: click.Context) -> Speaker:
    """The speaker of this call."""
    return Speaker(settings(ctx))


def conclude(ctx: click.Context, result: Mapping[str, object]) -> None:
    """Prints the result where JSON is wanted; its lines have been printed before."""
    if settings(ctx).json:
        from pgdocket import output

        output.print_json(result)

"""`pgdocket sqitch config`: reads and writes settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgdocket.cli.sqitch.call import HELP, configuration, global_options, settings
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.configfile import ConfigText

F = TypeVar("F", bound=Callable[..., Any])

_FILES = {
    "local": (("--local",), "The project's file."),
    "user": (("--user", "--global"), "Your own file."),
    "system": (("--system",), "The system's file."),
}
_KINDS = {
    "bool": (("--bool",), "true or false."),
    "int": (("--int",), "A whole number."),
    "num": (("--num",), "A number."),
    "bool-or-int": (("--bool-or-int",), "Either."),
}
_ACTIONS = {
    "get": (("--get",), "Show a value: NAME [REGEX]."),
    "get_all": (("--get-all",), "Show all values: NAME [REGEX]."),
    "get_regex": (("--get-regexp", "--get-regex"), "Show what matches: NAME-REGEX [REGEX]."),
    "add": (("--add",), "Add a value: NAME VALUE."),
    "replace_all": (("--replace-all",), "Replace values: NAME VALUE [REGEX]."),
    "unset": (("--unset",), "Remove a value: NAME [REGEX]."),
    "unset_all": (("--unset-all",), "Remove all values: NAME [REGEX]."),
    "rename_section": (("--rename-section",), "Rename a section: OLD NEW."),
    "remove_section": (("--remove-section",), "Remove a section: NAME."),
    "list": (("-l", "--list"), "Show everything."),
    "edit": (("-e", "--edit"), "Open the file in your editor."),
}


def _flags(command: F) -> F:
    for group in (_KINDS, _ACTIONS, _FILES):
        for name, (spellings, text) in reversed(group.items()):
            parameter = f"_{name}".replace("-", "_")
            command = click.option(*spellings, parameter, is_flag=True, help=text)(command)
    return command


@click.command("config", context_settings=HELP)
@click.argument("arguments", metavar="[NAME [VALUE [REGEX]]]", nargs=-1)
@click.option("-f", "--file", "--config-file", "file", metavar="FILE", help="Another file.")
@_flags
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Read and write settings.

    NAME alone shows its value, NAME and VALUE set it. What is read comes from the system's, your
    own and the project's file together, unless one is named; what is written goes to the
    project's. Ends with exit code 1 when there is nothing to show.

    \b
    Example:
      pgdocket sqitch config --user user.name 'Ada Lovelace'
      pgdocket sqitch config --get-regexp '^target[.]'
    """
    place = _only(options, (*_FILES, "file"), "config file")
    kind = _only(options, _KINDS, "type")
    action = _only(options, _ACTIONS, "action") or ("set" if len(arguments) > 1 else "get")
    if action == "edit":
        _edit(ctx, _path(ctx, place, options["file"]))
    elif action in ("get", "get_all", "get_regex", "list"):
        _read(ctx, action, arguments, kind, place and _path(ctx, place, options["file"]))
    else:
        configuration(ctx)
        _write(ctx, action, arguments, kind, _path(ctx, place, options["file"]))


def _only(options: dict[str, Any], names: Sequence[str] | dict[str, Any], what: str) -> str | None:
    given = [
        name for name in names if options.get(f"_{name}".replace("-", "_")) or options.get(name)
    ]
    if len(given) > 1:
        raise click.UsageError(f"Only one {what} at a time.")
    return given[0] if given else None


def _path(ctx: click.Context, place: str | None, file: str | None) -> Path:
    import os

    from pgdocket.sqitch.config import configuration_files

    if file is not None:
        return Path(file)
    etc_path = settings(ctx).etc_path
    files = configuration_files(Path(), os.environ, Path(etc_path) if etc_path else None)
    return files[place or "local"]


def _read(
    ctx: click.Context,
    action: str,
    arguments: Sequence[str],
    kind: str | None,
    path: Path | str | None,
) -> None:
    found = configuration(ctx) if path is None else _one_file(Path(path))
    if action == "list":
        _list(ctx, found, is_here=path is None or Path(path).is_file())
        return
    key, pattern = _named(arguments, 1, 2)
    if action == "get_regex":
        _show_matching(ctx, found, key or "", pattern, kind)
        return
    from pgdocket.sqitch.config_values import value_of, values_of

    if action == "get":
        value = value_of(found, key or "", pattern, kind)
        values = [] if value is None else [value]
    else:
        values = [value or "" for value in values_of(found, key or "", pattern, kind)]
    _require(values, key)
    if settings(ctx).json:
        _print_json({"key": key, "values": values})
    else:
        click.echo("\n".join(values))


def _one_file(path: Path) -> Configuration:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.gitconfig import read_file

    return Configuration(read_file(path))


def _list(ctx: click.Context, found: Configuration, *, is_here: bool) -> None:
    from pgdocket.sqitch.config_values import line_of, matching

    values = matching(found, "", None, None)
    if settings(ctx).json:
        _print_json(values)
    elif is_here:
        # The empty line at the end is sqitch's.
        click.echo("".join(f"{line_of(key, values[key])}\n" for key in values))


def _show_matching(
    ctx: click.Context, found: Configuration, key: str, pattern: str | None, kind: str | None
) -> None:
    from pgdocket.sqitch.config_values import line_of, matching

    values = matching(found, key, pattern, kind)
    _require(values, key)
    if settings(ctx).json:
        _print_json(values)
    else:
        click.echo("\n".join(line_of(each, values[each]) for each in values))


def _require(values: object, key: str | None) -> None:
    if not values:
        raise SqitchError("", 1, detail=f"{key} is not set")


def _write(
    ctx: click.Context, action: str, arguments: Sequence[str], kind: str | None, path: Path
) -> None:
    from pgdocket.sqitch.configfile import edit_file

    edit_file(path, _change(action, arguments, kind))
    if settings(ctx).json:
        _print_json({"action": action, "file": str(path)})


def _change(
    action: str, arguments: Sequence[str], kind: str | None
) -> Callable[[ConfigText], ConfigText]:
    """What the action does to the text of the file."""
    from pgdocket.sqitch.config_values import cast

    if action == "remove_section":
        (section,) = _named(arguments, 1, 1)
        return lambda config: config.remove_section(section or "")
    if action == "rename_section":
        old, new = _named(arguments, 2, 2)
        return lambda config: config.rename_section(old or "", new or "")
    if action in ("unset", "unset_all"):
        key, pattern = _named(arguments, 1, 2)
        every = action == "unset_all"
        return lambda config: config.unset(key or "", pattern, every=every)
    key, given, pattern = _named(arguments, 2, 3)
    value = cast(given, kind) or ""
    if action == "add":
        return lambda config: config.add_value(key or "", value)
    if action == "replace_all":
        return lambda config: config.replace_all(key or "", value, pattern)
    return lambda config: config.set_value(key or "", value, pattern)


def _named(arguments: Sequence[str], fewest: int, most: int) -> list[str | None]:
    """The arguments, None for each that may be missing and is; those beyond are ignored."""
    if len(arguments) < fewest or not arguments[0]:
        raise click.UsageError("Wrong number of arguments.")
    return [arguments[at] if at < len(arguments) else None for at in range(most)]


def _edit(ctx: click.Context, path: Path) -> None:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.notes import open_editor

    try:
        found = configuration(ctx)
    except SqitchError:  # the file can't be read: just the one to edit
        import os

        found = Configuration(environ=dict(os.environ))
    open_editor(found, [path])


def _print_json(value: object) -> None:
    from pgdocket import output

    output.print_json(value)

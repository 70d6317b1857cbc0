"""`pgdocket sqitch snapshot`: the schema of a database as one text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli.sqitch.call import (
    HELP,
    configuration,
    connection_options,
    global_options,
    settings,
    understand,
)
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration


@click.command("snapshot", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET] [FILE]", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when FILE is not current.")
@click.option(
    "--exclude-table",
    "left_out",
    metavar="PATTERN",
    multiple=True,
    help="Leave tables out, by a pattern of pg_dump; may be repeated.",
)
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Write the schema of a database as one text, or compare it.

    Two databases with the same schema give the same text; the registry is left out. Without FILE
    it is that of snapshot.file, else standard output. pg_dump is needed: of the server's version
    or newer, beside the configured psql, in PG_BIN, the system's folders, PATH, or the wheel.

    \b
    Example:
      pgdocket sqitch snapshot db:pg:flipr schema.sql
      pgdocket sqitch snapshot --check db:pg:flipr schema.sql
    """
    from pgdocket.sqitch.snapshot import differences, schema_of_target

    found = configuration(ctx)
    targets, file = _sort(found, arguments)
    call = understand(ctx, targets, options)
    path = file or _configured(found)
    if options["check"] and path is None:
        raise SqitchError(
            "--check compares with a file, and none is named",
            hint="name it behind the target, or: pgdocket sqitch config snapshot.file schema.sql",
        )
    patterns = (*found.get_all("snapshot.exclude_table"), *options["left_out"])
    text = schema_of_target(call.target, patterns)
    if path is None:
        _print(text, as_json=settings(ctx).json)
        return
    changed = differences(path, text, call.target.display)
    if not options["check"]:
        path.write_text(text, encoding="utf-8")
    ctx.exit(tell(changed, [path], check=options["check"], as_json=settings(ctx).json))


def _sort(found: Configuration, arguments: Sequence[str]) -> tuple[list[str], Path | None]:
    """Which arguments are targets, and which one is the file."""
    targets: list[str] = []
    files: list[Path] = []
    for argument in arguments:
        path = Path(argument)
        is_target = argument.startswith("db:") or "://" in argument
        if is_target or found.get(f"target.{argument}.uri") is not None:
            targets.append(argument)
        elif path.suffix or len(path.parts) > 1 or path.is_file():
            files.append(path)
        else:
            raise SqitchError(
                f'Cannot find target "{argument}"', hint=f"for a file, write it as ./{argument}"
            )
    if len(files) > 1:
        raise SqitchError(f"there is one file to write, not {len(files)}")
    return targets, files[0] if files else None


def _configured(found: Configuration) -> Path | None:
    name = found.get("snapshot.file")
    return found.directory / name if name else None


def _print(text: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"schema": text})
    else:
        click.echo(text, nl=False)


def tell(changed: list[str], paths: Sequence[Path], *, check: bool, as_json: bool) -> int:
    """Prints what was written, or how it differs; answers with the exit code."""
    names = ", ".join(str(path) for path in paths)
    code = 1 if check and changed else 0
    if as_json:
        files = [str(path) for path in paths]
        output.print_json({"files": files, "is_current": not changed, "diff": changed})
    elif code:
        output.plain("\n".join(changed))
    elif changed:
        output.plain(f"written: {names}")
    else:
        output.plain(f"{names}: current" if check else f"{names}: nothing has changed")
    return code

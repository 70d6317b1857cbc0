"""The one place that prints: Rich on a terminal, aligned plain text in a pipe, JSON on request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import click

from pgdocket.errors import Error

if TYPE_CHECKING:
    from rich.console import Console

STARS = "********"
_HIDDEN = "pgdocket.hidden_keys"


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str] | Mapping[str, str],
    *,
    as_json: bool = False,
    title: str | None = None,
    empty: str = "nothing to show",
) -> None:
    """Prints rows: a table on a terminal, aligned columns in a pipe, or a JSON array.

    `columns` names the keys to show in their order, or maps each key to its heading; JSON holds
    every key. `empty` is said on standard error when there are no rows, so that a pipe stays
    empty.
    """
    found = list(rows)
    if as_json:
        print_json(found)
        return
    if not found:
        say(empty)
        return
    headings = dict(columns) if isinstance(columns, Mapping) else {c: c for c in columns}
    cells = [[text(row.get(key)) for key in headings] for row in found]
    if _is_terminal(sys.stdout):
        _rich_table(cells, list(headings.values()), title, _numeric(found, list(headings)))
    else:
        _plain_table(cells, list(headings.values()))


def record(fields: Mapping[str, Any], *, as_json: bool = False, title: str | None = None) -> None:
    """Prints one thing, a field on a line; on a terminal in a panel, or as a JSON object."""
    if as_json:
        print_json(fields)
        return
    if _is_terminal(sys.stdout):
        _rich_record(fields, title)
        return
    width = max((len(key) for key in fields), default=0)
    for key, value in fields.items():
        plain(f"{key.ljust(width)}  {text(value)}".rstrip())


def print_json(value: Any) -> None:
    """Prints a value as JSON on standard output: times in ISO 8601, ids as strings."""
    sys.stdout.write(to_json(without_secrets(value)) + "\n")


def hide(keys: Iterable[str]) -> None:
    """Lets this command print asterisks for what stands under these keys, in lower case."""
    click.get_current_context().meta[_HIDDEN] = frozenset(keys)


def without_secrets(value: Any) -> Any:
    """A value as JSON has it, with asterisks under the keys that are not to be shown."""
    context = click.get_current_context(silent=True)
    keys: frozenset[str] = context.meta.get(_HIDDEN, frozenset()) if context else frozenset()
    if not keys:
        return value

    def shown(found: dict[str, Any]) -> dict[str, Any]:
        return {key: STARS if key.lower() in keys else each for key, each in found.items()}

    return json.loads(to_json(value, indent=None), object_hook=shown)


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """A value as JSON text; dataclasses become objects."""
    return json.dumps(value, default=_jsonable, ensure_ascii=False, indent=indent)


def plain(line: str = "") -> None:
    """Prints a line of text on standard output, as it is."""
    sys.stdout.write(line + "\n")


def say(line: str) -> None:
    """Tells the person at the keyboard something, on standard error, away from the result."""
    sys.stderr.write(line + "\n")


def print_error(error: Error, *, as_json: bool = False) -> None:
    """Prints an error on standard error: one line and an indented hint, or a JSON object.

    The line ends with the SQLSTATE. Details that are an object are for programs: --json has them.
    """
    if as_json:
        sys.stderr.write(to_json({"error": error.as_dict()}, indent=None) + "\n")
        return
    is_prose = error.detail and not error.detail.startswith(("{", "["))
    detail = f" ({_one_line(error.detail or '')})" if is_prose else ""
    code = f" [{error.sqlstate}]" if error.sqlstate else ""
    sys.stderr.write(f"pgdocket: {_one_line(error.message)}{detail}{code}\n")
    if error.hint:
        sys.stderr.write(f"    hint: {_one_line(error.hint)}\n")


def console() -> Console:
    """Rich's console on standard output, for live displays; plain text when it is no terminal."""
    from rich.console import Console

    return Console(highlight=False)


def text(value: Any) -> str:
    """A value as people read it in a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(text(item) for item in value)
    if isinstance(value, dict):
        return to_json(without_secrets(value), indent=None)
    return str(value)


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, timedelta):
        # Durations are milliseconds everywhere.
        return round(value / timedelta(milliseconds=1))
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _is_terminal(stream: IO[str]) -> bool:
    return stream.isatty()


def _numeric(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[bool]:
    return [
        all(isinstance(row.get(key), int | float | Decimal | None) for row in rows) for key in keys
    ]


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _plain_table(cells: Sequence[Sequence[str]], headings: Sequence[str]) -> None:
    lines = [headings, *([_one_line(cell) for cell in row] for row in cells)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        plain("  ".join(padded).rstrip())


def _rich_table(
    cells: Sequence[Sequence[str]],
    headings: Sequence[str],
    title: str | None,
    numeric: Sequence[bool],
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for heading, is_number in zip(headings, numeric, strict=True):
        shown.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        # Text, not str: a title with [brackets] in it is no markup.
        shown.add_row(*(Text(cell) for cell in row))
    console().print(shown)


def _rich_record(fields: Mapping[str, Any], title: str | None) -> None:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for key, value in fields.items():
        grid.add_row(Text(key), Text(text(value)))
    console().print(Panel(grid, title=title, title_align="left", expand=False))

"""history, changes and audit: what the journal says, and whether it can be believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_task
from pgdocket.errors import Error, InvalidArgument

if TYPE_CHECKING:
    from pgdocket.client import Docket
    from pgdocket.client.rows import ChangesRow

_KEPT_BY_TRIGGERS = frozenset({"version", "updated_at", "updated_by"})
_LONGEST = 60
_COLUMNS = {
    "recorded_at": "when",
    "principal": "who",
    "operation": "what",
    "changes": "changes",
    "reason": "why",
}


def _positive(_ctx: click.Context, _param: click.Parameter, value: int) -> int:
    if value < 1:
        raise InvalidArgument(f"--limit must be at least 1, not {value}")
    return value


limit_option = click.option(
    "--limit",
    "page_size",
    type=int,
    default=100,
    show_default=True,
    callback=_positive,
    help="At most.",
)


def show_entries(rows: list[dict[str, Any]], options: Options, columns: dict[str, str]) -> None:
    """Prints changes of rows, each on a line; JSON has them as they are."""
    if not options.json:
        rows = [row | {"changes": summary(row["operation"], row["changes"])} for row in rows]
    output.table(rows, columns, as_json=options.json, empty="no history")


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--table", "table_name", metavar="TABLE", help="The row of another table, by its id.")
@limit_option
@click.pass_obj
def history(options: Options, reference: str, table_name: str | None, page_size: int) -> None:
    """Show what happened to a task: every change, by whom and why.

    \b
    Example:
      pgdocket history shop-3
      pgdocket history --table settings claim_order
    """
    if table_name is None:
        show_task_history(options, reference, page_size)
        return
    with opened(options) as docket:
        found = docket.history(table_name=table_name, row_id=reference, page_size=page_size)
    show_entries([as_row(each) for each in found], options, _COLUMNS)


@click.command(name="history")
@common_options
@click.argument("reference", metavar="TASK")
@limit_option
@click.pass_obj
def task_history(options: Options, reference: str, page_size: int) -> None:
    """Show what happened to a task: every change, by whom and why.

    \b
    Example:
      pgdocket task history shop-3
    """
    show_task_history(options, reference, page_size)


def show_task_history(options: Options, reference: str, page_size: int) -> None:
    """Prints the changes of a task, the oldest first."""
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        found = docket.task_history(task_id=task_id, page_size=page_size)
    show_entries([as_row(each) for each in found], options, _COLUMNS)


@click.command(name="as-of")
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("at", metavar="TIME")
@click.pass_obj
def as_of(options: Options, reference: str, at: str) -> None:
    """Show a task as it was at a time.

    TIME is in ISO 8601; without an offset it is a time of this machine.

    \b
    Example:
      pgdocket task as-of shop-3 2026-11-20T12:00
    """
    try:
        moment = datetime.fromisoformat(at).astimezone()
    except ValueError:
        raise click.BadParameter(f"{at!r} is no time in ISO 8601") from None
    with opened(options) as docket:
        found = docket.task_as_of(task_id=the_task(docket, options, reference), at=moment)
    if options.json:
        output.print_json(found)
        return
    fields = {name: value for name, value in as_row(found).items() if value not in (None, [], {})}
    output.record(fields, title=f"{found.task_key} {found.title}")


@click.command(name="who-changed")
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("column")
@limit_option
@click.pass_obj
def who_changed(options: Options, reference: str, column: str, page_size: int) -> None:
    """Show who has changed a field of a task, the latest first.

    \b
    Example:
      pgdocket task who-changed shop-3 priority
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        found = docket.who_changed(task_id=task_id, column_name=column, page_size=page_size)
    columns = {
        "recorded_at": "when",
        "principal": "who",
        "old_value": "before",
        "new_value": "after",
        "reason": "why",
    }
    rows = [as_row(each) for each in found]
    output.table(rows, columns, as_json=options.json, empty="nobody has changed it")


@click.command()
@common_options
@click.option("--after", metavar="PLACE", help="Go on behind a place; 0:0 is the beginning.")
@click.option("--follow", is_flag=True, help="Go on with what comes, a change on a line.")
@click.option(
    "--interval", metavar="SECONDS", type=float, default=1.0, show_default=True, help="To look."
)
@limit_option
@click.pass_obj
def changes(
    options: Options, after: str | None, follow: bool, interval: float, page_size: int
) -> None:
    """Show every change of what you may see, in the order of its transactions.

    Each has a place, behind which --after goes on. Without it --follow begins with what comes now.

    \b
    Example:
      pgdocket changes --after 0:0 --limit 20
      pgdocket changes --follow --json
    """
    with opened(options) as docket:
        if follow:
            with suppress(KeyboardInterrupt):
                for change in following(docket, after, interval):
                    _print_line(change, options)
            return
        found = docket.changes(after=after or "0:0", page_size=page_size)
    columns = {"place": "place"} | _COLUMNS | {"table_name": "table", "row_id": "row"}
    show_entries([as_row(each) for each in found], options, columns)


def following(docket: Docket, after: str | None, interval: float) -> Iterator[ChangesRow]:
    """Every change behind a place, or from now on, for as long as somebody takes them."""
    return stream(docket, docket.changes, after, interval)


class Placed(Protocol):
    """What has a place in the one stream of changes and events."""

    @property
    def place(self) -> str:
        """Behind which to go on."""


Row = TypeVar("Row", bound=Placed)


def stream(
    docket: Docket, read: Callable[..., list[Row]], after: str | None, interval: float
) -> Iterator[Row]:
    """What `read` gives behind a place, or from now on, page by page and then as it comes."""
    page_size = 1000
    place = docket.changes_end() if after is None else after
    while True:
        # Asked before the page: what ends before it is in the page, or hidden.
        end = docket.changes_end()
        page = read(after=place, page_size=page_size)
        yield from page
        if page:
            place = page[-1].place
        if len(page) < page_size:
            place = max(place, end, key=_order)
            time.sleep(interval)


def _order(place: str) -> tuple[int, ...]:
    return tuple(int(part) for part in place.split(":"))


def _print_line(change: ChangesRow, options: Options) -> None:
    if options.json:
        line = output.to_json(change, indent=None)
    else:
        parts = (
            output.text(change.recorded_at),
            change.principal,
            change.operation,
            change.table_name,
            change.row_id or "",
            summary(change.operation, change.changes),
        )
        line = "  ".join(" ".join(part.split()) for part in parts).rstrip()
    # Whoever reads a pipe wants a line when it comes.
    click.echo(line)


@click.group()
@common_options
def audit() -> None:
    """Seal the journal, and verify that nobody has changed it.

    \b
    Example:
      pgdocket audit seal
      pgdocket audit verify --head 8d0f...
    """


@audit.command()
@common_options
@click.pass_obj
def seal(options: Options) -> None:
    """Seal all that can be sealed, and print the head, to be kept outside of the database.

    \b
    Example:
      pgdocket audit seal
    """
    seals = rows = 0
    with opened(options) as docket:
        while True:
            done = docket.seal_audit()
            seals, rows = seals + done.seals, rows + done.row_count
            if done.seals == 0:
                break
    if options.json:
        output.print_json({"seals": seals, "row_count": rows, "head": done.head})
        return
    output.say(f"{rows} rows sealed")
    output.plain(done.head or "")


@audit.command()
@common_options
@click.option("--head", "expected_head", metavar="HASH", help="A head that was kept outside.")
@click.option("--after", metavar="SEAL", type=int, default=0, help="Go on behind a seal.")
@click.pass_obj
def verify(options: Options, expected_head: str | None, after: int) -> None:
    """Verify that the journal is what was sealed; name the first range that is not.

    Ends with exit code 1 when something was changed.

    \b
    Example:
      pgdocket audit verify --head "$(tail -n 1 heads.txt)"
    """
    with opened(options) as docket:
        found = docket.verify_audit(expected_head=expected_head, after=after)
    if options.json:
        output.print_json(found)
    elif found.is_intact:
        output.plain(f"intact: {found.row_count} rows in {found.seals} seals")
    if not found.is_intact:
        raise Error(
            f"seal {found.broken_seal} is broken: {found.problem}",
            hint=f"its range begins behind {found.begin_place};"
            f" see: pgdocket changes --after {found.begin_place}",
        )


def summary(operation: str, changes: dict[str, Any] | None) -> str:
    """The changed columns on one line; what changes every time is left out."""
    changes = changes or {}
    if operation == "insert" and "status" in changes:
        return f"status {changes['status'][1]}"
    shown = [
        f"{column}: {_short(before)} -> {_short(after)}"
        for column, (before, after) in sorted(changes.items())
        if column not in _KEPT_BY_TRIGGERS
    ]
    return "; ".join(shown)


def _short(value: Any) -> str:
    found = "none" if value is None else output.text(value)
    return found if len(found) <= _LONGEST else found[: _LONGEST - 3] + "..."

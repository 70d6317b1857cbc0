"""maintain: what has to be done from time to time, once or for ever."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened
from pgdocket.errors import ConnectionFailed

if TYPE_CHECKING:
    from pgdocket.client import Docket
    from pgdocket.client.rows import MaintainRow

_COLUMNS = {
    "step": "step",
    "outcome": "outcome",
    "done": "done",
    "took": "ms",
    "problem": "problem",
}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """The seconds of a time such as 60s, 5m or 1h; a bare number is seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None or not float(found[1]):
        raise click.BadParameter(f"{text!r} is no time such as 60s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2]]


@click.command()
@common_options
@click.option("--every", metavar="TIME", type=seconds,
              help="Again and again, with such a pause: 60s, 5m, 1h.")  # fmt: skip
@click.option("--once", is_flag=True, help="Once, as without --every.")
@click.option("--step", "steps", metavar="STEP", multiple=True,
              help="Only this step; repeatable.")  # fmt: skip
@click.pass_context
def maintain(ctx: click.Context, every: float | None, once: bool, steps: tuple[str, ...]) -> None:
    """Do what has to be done from time to time.

    Seals the journal, drops what is kept no longer, gathers statistics, makes the months ahead,
    forgets old request ids and takes back tasks whose lease has expired. Each step is a transaction
    of its own, and repeated until all of it is done. It takes a member of docket_maintenance.

    With --every a lost connection is waited out, and SIGTERM or Ctrl-C ends it after the call that
    is under way; what was done is printed when something was. Without, the exit code is 1 when a
    step has failed.

    \b
    Example:
      pgdocket maintain
      pgdocket maintain --every 60s
    """
    options: Options = ctx.obj
    if once and every is not None:
        raise click.UsageError("--once or --every, not both")
    with opened(options) as docket, stopping() as stopped:
        if every is None:
            rows = list(rounds(docket, steps, stopped))
            output.table([as_row(each) for each in rows], _COLUMNS, as_json=options.json)
            if any(each.outcome == "failed" for each in rows):
                ctx.exit(1)
            return
        while not stopped.is_set():
            try:
                for row in rounds(docket, steps, stopped):
                    tell(row, options)
            except ConnectionFailed as error:
                output.print_error(error, as_json=options.json)
            stopped.wait(every)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """What is set by SIGTERM and Ctrl-C, until the block ends."""
    stopped = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {each: signal.signal(each, lambda *_: stopped.set()) for each in numbers}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def rounds(
    docket: Docket, steps: tuple[str, ...], stopped: threading.Event
) -> Iterator[MaintainRow]:
    """Each step in its order, until it has no more to do."""
    for step in steps or step_names(docket):
        has_more = True
        while has_more and not stopped.is_set():
            (row,) = docket.maintain(steps=[step])
            has_more = row.has_more
            yield row


def step_names(docket: Docket) -> list[str]:
    """The steps that there are, in their order."""
    found = docket.query("maintenance_steps").select("step").order_by("step_no").rows()
    return [row["step"] for row in found]


def tell(row: MaintainRow, options: Options) -> None:
    """Prints what a step has done, where it has done something or could not."""
    if not row.done and row.outcome == "done":
        return
    if options.json:
        click.echo(output.to_json(row, indent=None))
    else:
        problem = f": {row.problem}" if row.problem else ""
        click.echo(f"{row.step} {row.outcome}, {row.done} in {row.took} ms{problem}")

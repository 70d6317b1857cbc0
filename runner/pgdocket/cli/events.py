"""events: what has happened, told, found, followed and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.journal import limit_option, stream
from pgdocket.cli.session import as_row, given, json_text, opened, the_project, the_task

if TYPE_CHECKING:
    from pgdocket.client import Docket
    from pgdocket.client.rows import EventsAfterRow

_EVENTS = {
    "occurred_at": "when",
    "event_type": "type",
    "subject": "subject",
    "component": "component",
    "correlation_id": "story",
    "event_id": "event",
}
_CONSUMERS = {
    "consumer_name": "consumer",
    "event_filter": "filter",
    "place": "place",
    "waiting": "waiting",
    "pages_out": "out",
    "pages_overdue": "overdue",
}
_PAGE = 1000
_TYPES = click.option(
    "--type", "types", metavar="TYPE", multiple=True, help="Only this; build.* too; repeatable."
)
_STORY = click.option("--story", "correlation_id", metavar="ID", help="Only this correlation id.")
_COMPONENT = click.option("--component", metavar="NAME", help="Only about this component.")


@click.group()
@common_options
def events() -> None:
    """Tell what has happened, and follow what happens.

    \b
    Example:
      pgdocket events emit com.example.release.approved --subject 1.2.0
      pgdocket events follow --type "pgdocket.alert.*"
    """


@events.command("list")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--type", "event_type", metavar="TYPE", help="Only this type.")
@_STORY
@click.option("--since", metavar="TIME", help="Only those recorded from this time on.")
@click.option("--until", metavar="TIME", help="Only those recorded before this time.")
@click.option("--after", metavar="PLACE", help="Go on after this place.")
@limit_option
@click.pass_obj
def list_(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List the events of the project, or of TASK, the newest first.

    \b
    Example:
      pgdocket events list --story "release 1.2"
    """
    with opened(options) as docket:
        found = docket.list_events(
            project_id=the_project(docket, options).project_id,
            task_id=None if reference is None else the_task(docket, options, reference),
            **given(conditions),
        )
    rows = [as_row(each) for each in found]
    output.table(rows, _EVENTS, as_json=options.json, empty="no events")


@events.command()
@common_options
@click.argument("event_id", metavar="EVENT")
@click.pass_obj
def show(options: Options, event_id: str) -> None:
    """Show EVENT as CloudEvents write it.

    \b
    Example:
      pgdocket events show 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        found = docket.to_cloudevent(event_id=event_id)
    if options.json:
        output.print_json(found)
    else:
        output.record(found)


@events.command()
@common_options
@click.argument("event_type", metavar="TYPE")
@click.option("--data", metavar="JSON", help="What there is to say of it; - reads it from stdin.")
@click.option("--subject", help="To what it happened.")
@click.option("--task", "reference", metavar="TASK", help="The task that it is about.")
@click.option("--component", metavar="NAME", help="The component that it is about.")
@click.option("--story", "correlation_id", metavar="ID", help="What it has in common with others.")
@click.option("--at", "occurred_at", metavar="TIME", help="When it was; else now.")
@click.pass_obj
def emit(
    options: Options, /, event_type: str, data: str | None, reference: str | None, **fields: Any
) -> None:
    """Tell that something has happened.

    \b
    Example:
      pgdocket events emit com.example.release.approved --data '{"by": "ann"}' --task shop-3
    """
    with opened(options) as docket:
        told = docket.emit_event(
            project_id=the_project(docket, options).project_id,
            event_type=event_type,
            data=None if data is None else json_text(data),
            task_id=None if reference is None else the_task(docket, options, reference),
            **given(fields),
        )
    if options.json:
        output.print_json(told)
    else:
        output.plain(f"told: {told.event_type} {told.event_id}")


@events.command()
@common_options
@_TYPES
@_STORY
@_COMPONENT
@click.option("--after", metavar="PLACE", help="Begin behind a place; else with what comes now.")
@click.option(
    "--interval", metavar="SECONDS", type=float, default=1.0, show_default=True, help="To look."
)
@click.pass_obj
def follow(options: Options, /, after: str | None, interval: float, **conditions: Any) -> None:
    """Print the events of the project as they come, each on a line.

    \b
    Example:
      pgdocket events follow --type "pgdocket.alert.*" --json
    """
    with opened(options) as docket, suppress(KeyboardInterrupt):
        for event in stream(docket, _reader(docket, options, conditions), after, interval):
            _print_line(event, options)


@events.command()
@common_options
@_TYPES
@_STORY
@_COMPONENT
@click.option("--after", metavar="PLACE", default="0:0", help="Begin behind a place.")
@click.option("--since", metavar="TIME", help="Begin with what was recorded at this time.")
@click.pass_obj
def replay(options: Options, /, after: str, **conditions: Any) -> None:
    """Print what has happened, the oldest first, each on a line: all of it, until now.

    With --json these are CloudEvents, as another program would take them.

    \b
    Example:
      pgdocket events replay --since 2026-11-01T00:00:00Z --json
    """
    with opened(options) as docket:
        read = _reader(docket, options, conditions)
        for event in _until_now(read, after):
            _print_line(event, options)


def _reader(docket: Docket, options: Options, conditions: dict[str, Any]) -> Any:
    project_id = the_project(docket, options).project_id
    return partial(docket.events_after, project_id=project_id, event_filter=given(conditions))


def _until_now(read: Any, place: str) -> Iterator[EventsAfterRow]:
    # A page that is not full is the last one.
    more = True
    while more:
        page = read(after=place, page_size=_PAGE)
        yield from page
        more = len(page) == _PAGE
        place = page[-1].place if page else place


def _print_line(event: EventsAfterRow, options: Options) -> None:
    if options.json:
        line = output.to_json(output.without_secrets(event.cloudevent), indent=None)
    else:
        document = event.cloudevent
        parts = (
            output.text(event.recorded_at),
            event.event_type,
            document.get("subject") or "",
            output.text(document.get("data")),
        )
        line = "  ".join(" ".join(part.split()) for part in parts if part)
    # Whoever reads a pipe wants a line when it comes.
    click.echo(line)


@events.command()
@common_options
@click.pass_obj
def consumers(options: Options) -> None:
    """List who consumes events, how far each has come, and what waits for it.

    \b
    Example:
      pgdocket events consumers
    """
    with opened(options) as docket:
        found = docket.list_consumers(
            project_id=the_project(docket, options).project_id, page_size=1000
        )
    output.table([as_row(each) for each in found], _CONSUMERS, as_json=options.json, empty="nobody")

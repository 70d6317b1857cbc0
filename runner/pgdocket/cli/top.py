"""top: queue, agents, rates, alerts and components, live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.maintain import seconds, stopping
from pgdocket.cli.session import as_row, opened, the_project
from pgdocket.errors import ConnectionFailed

if TYPE_CHECKING:
    from uuid import UUID

    from pgdocket.client import Docket

_MOST = 100


@dataclass(frozen=True, slots=True)
class Picture:
    """A project at one moment: what each function said of it."""

    project: str
    at: datetime
    queue: dict[str, int]
    rates: dict[str, Any]
    leases: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    components: list[dict[str, Any]]


@click.command()
@common_options
@click.option("--every", metavar="TIME", type=seconds, default="2s", show_default=True,
              help="How often to look: 1s, 1m.")  # fmt: skip
@click.option("--once", is_flag=True, help="Look once, and print what there is.")
@click.pass_obj
def top(options: Options, every: float, once: bool) -> None:
    """Show the project live: its queue, agents, rates, alerts and components.

    Ctrl-C ends it. In a pipe, with --once and with --json it looks once.

    \b
    Example:
      pgdocket top
      pgdocket top --once --json
    """
    from pgdocket.cli.top_display import frame

    console = output.console()
    with opened(options) as docket:
        project = the_project(docket, options)
        picture = look(docket, project.project_id, project.slug)
        if options.json:
            output.print_json(picture)
        elif once or not console.is_terminal:
            console.print(frame(picture, height=None))
        else:
            _live(docket, project.project_id, picture, every)


def _live(docket: Docket, project_id: UUID, picture: Picture, every: float) -> None:
    from rich.live import Live

    from pgdocket.cli.top_display import frame

    console = output.console()
    shown = frame(picture, height=console.height)
    screen = Live(shown, console=console, screen=True, auto_refresh=False)
    # Whoever ends it, and however, has his terminal back.
    with stopping() as stopped, screen as live:
        while not stopped.wait(every):
            trouble = None
            try:
                picture = look(docket, project_id, picture.project)
            except ConnectionFailed as error:
                # What was seen last stays there, and says how old it is.
                trouble = str(error)
            live.update(frame(picture, height=console.height, trouble=trouble), refresh=True)


def look(docket: Docket, project_id: UUID, slug: str) -> Picture:
    """Asks for all that is shown, a call for each tile."""
    statuses = docket.queue_overview(project_id=project_id)
    leases = docket.list_leases(project_id=project_id, page_size=_MOST)
    alerts = docket.list_alerts(project_id=project_id, state="open", page_size=_MOST)
    components = docket.list_components(project_id=project_id, page_size=_MOST)
    return Picture(
        project=slug,
        at=docket.clock(),
        queue={each.status: each.tasks for each in statuses},
        rates=as_row(docket.attempt_rates(project_id=project_id)),
        leases=[as_row(each) for each in leases],
        alerts=[as_row(each) for each in alerts],
        components=[as_row(each) for each in components],
    )

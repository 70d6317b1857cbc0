"""What the commands about tasks share: the docket, the project, and how arguments are read."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from pgdocket import config, output
from pgdocket.cli import Options
from pgdocket.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from pgdocket.client import Docket, Project, Task

F = TypeVar("F", bound=Callable[..., Any])

TASK_COLUMNS = {
    "task_key": "task",
    "status": "status",
    "priority": "priority",
    "assigned_to": "assigned to",
    "title": "title",
}
_SHOWN_PROJECTS = 10


def json_text(text: str) -> Any:
    """The value of a JSON text, or, for `-`, of the one on standard input."""
    try:
        return json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise click.BadParameter(f"this is not JSON: {error}") from None


@contextmanager
def opened(options: Options) -> Iterator[Docket]:
    """The docket that the options and the environment name, closed afterwards."""
    from pgdocket.client import ConnectionSettings, Docket

    target = config.resolve(options.db, notify=output.say)
    # A person sees how long a command takes, and whether there is a server; waiting and the log of
    # slow statements are for services.
    slow_ms = 1000 if options.debug else None
    settings = ConnectionSettings(min_size=1, max_size=2, open_timeout=0.0, slow_ms=slow_ms)
    with Docket(target, settings=settings) as docket:
        output.hide(docket.secret_keys())
        yield docket


def the_project(docket: Docket, options: Options) -> Project:
    """The project of --project, or else the only one that the caller sees.

    Raises NotFound where there is none, InvalidArgument where there are several.
    """
    if options.project is not None:
        return docket.get_project(project_id=docket.project_id(reference=options.project))
    found = docket.list_projects(page_size=_SHOWN_PROJECTS + 1)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            "there is no project yet",
            hint="import one with: pgdocket import tasks.json; or make one with:"
            " pgdocket project add SLUG",
        )
    slugs = [project.slug for project in found[:_SHOWN_PROJECTS]]
    more = ", ..." if len(found) > _SHOWN_PROJECTS else ""
    raise InvalidArgument(
        "there are several projects; say which one",
        detail=", ".join(slugs) + more,
        hint=f"give one with --project, such as: --project {slugs[0]}",
    )


def the_task(docket: Docket, options: Options, reference: str) -> UUID:
    """The id of the task that `reference` (key, number or id) names in the project."""
    project = the_project(docket, options)
    return docket.task_id(project_id=project.project_id, reference=reference)


def agent_option(command: F) -> F:
    """Adds --agent: the name to work under."""
    return click.option(
        "--agent",
        metavar="NAME",
        envvar="PGDOCKET_AGENT",
        default=_login_name,
        show_default="PGDOCKET_AGENT, else your login name",
        help="The name to work under.",
    )(command)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user id without an entry in /etc/passwd, as containers have.
        return f"uid-{os.getuid()}"


def lease_option(command: F) -> F:
    """Adds --lease: how long a claim holds without a heartbeat, in seconds."""
    return click.option(
        "--lease",
        "lease_seconds",
        metavar="SECONDS",
        type=int,
        help="How long the claim holds without a heartbeat.",
    )(command)


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given on the command line."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if value not in (None, ())
    }


def show_tasks(tasks: list[Task], options: Options, *, empty: str) -> None:
    """Prints tasks as a table, or in full as JSON."""
    rows = [as_row(task) for task in tasks]
    output.table(rows, TASK_COLUMNS, as_json=options.json, empty=empty)


def show_task(task: Task, options: Options, done: str) -> None:
    """Prints one task after a change: `done` says what was done, JSON holds all of it."""
    if options.json:
        output.print_json(task)
    else:
        output.plain(f"{done} {task.task_key}: {task.title}")


def as_row(thing: Any) -> dict[str, Any]:
    """A dataclass as a row for the printer, in the order of its fields."""
    return {name: getattr(thing, name) for name in thing.__slots__}

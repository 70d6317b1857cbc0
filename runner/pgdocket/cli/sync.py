"""sync: a tasks.json and a project, in step both ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import project_folder, read_file, show_report, slug_of
from pgdocket.cli.session import opened
from pgdocket.errors import Conflict, Error, InvalidArgument
from pgdocket.sqitch.plan_file import locked, replace_file

if TYPE_CHECKING:
    from pgdocket.client import Docket

# Whoever writes the file while it is read is given this long to end.
_TRIES = 20
_PAUSE = 0.1


@click.command()
@common_options
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ours", "side", flag_value="ours", help="In conflicts, what is here counts.")
@click.option("--theirs", "side", flag_value="theirs", help="In conflicts, the file counts.")
@click.option("--watch", is_flag=True, help="Go on until interrupted.")
@click.option("--every", default=2.0, show_default=True, help="How often to look, in seconds.")
@click.pass_obj
def sync(options: Options, file: Path, side: str | None, watch: bool, every: float) -> None:
    """Keep a tasks.json FILE and a project in step, both ways.

    What has changed in the file comes in, what has changed here is written into the file, at the
    places where it belongs; tools that know only the file go on working. What both sides have
    changed is refused, and neither side is touched, unless somebody says whose counts.

    \b
    Example:
      pgdocket sync .taskmaster/tasks/tasks.json
      pgdocket sync tasks.json --watch --theirs
    """
    resolutions = {"*": side} if side else {}
    with opened(options) as docket:
        step = stepper(docket, options, file, resolutions)
        if not watch:
            show_report(step(), options)
            return
        said = ""
        while True:
            try:
                step()
                said = ""
            except (Conflict, InvalidArgument) as problem:
                if str(problem) != said:
                    said = str(problem)
                    output.say(said)
            time.sleep(every)


def stepper(
    docket: Docket, options: Options, file: Path, resolutions: dict[str, Any]
) -> Callable[[], dict[str, Any]]:
    """What brings the file and its project into step once, and returns the report."""
    root = project_folder(file.resolve())
    slug = options.project or slug_of(root.name)
    source_name = file.resolve().relative_to(root).as_posix()

    def step() -> dict[str, Any]:
        for last in (False,) * (_TRIES - 1) + (True,):
            content = read_file(file)
            try:
                row = docket.sync_tasks_json(
                    slug=slug, source_name=source_name, content=content, resolutions=resolutions
                )
            except Error:
                # Half of a file is no file: its writer is given time, as long as there is one.
                time.sleep(_PAUSE)
                if last or read_file(file) == content:
                    raise
                continue
            if written(file, content, row.new_content):
                report: dict[str, Any] = row.report
                return report
        raise Conflict(
            f"{file} is written again and again by somebody else",
            hint="Run the command again when it is left alone; nothing is lost.",
        )

    def locked_step() -> dict[str, Any]:
        with locked([file]):
            return step()

    return locked_step


def written(file: Path, before: bytes, after: bytes) -> bool:
    """Puts new bytes in the place of a file that still has the old ones; whether it had."""
    if read_file(file) != before:
        return False
    if after != before:
        replace_file(file, after)
    return True

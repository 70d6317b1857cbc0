"""import, export: task files of other tools."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import opened, the_project
from pgdocket.errors import InvalidArgument
from pgdocket.sqitch.plan_file import replace_file

# What marks the folder of a project.
_MARKS = (".git", ".pgdocket", ".taskmaster", ".beads")
_LONGEST_SLUG = 63
_SHOWN_ODDITIES = 20


@click.command(name="import")
@common_options
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", "project_name", help="The project's name, when it is made.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.pass_obj
def import_(options: Options, file: Path, project_name: str | None, dry_run: bool) -> None:
    """Import a FILE of task-master (tasks.json, flat or tagged) or of beads (.jsonl).

    The project is that of --project, else named after the folder of the file's project, and is
    made when there is none. The same file again changes nothing. What can't be represented is
    kept and named in the report.

    \b
    Example:
      pgdocket import .taskmaster/tasks/tasks.json --dry-run
      pgdocket import tasks.json --project shop
      pgdocket import .beads/issues.jsonl
    """
    content = read_file(file)
    root = project_folder(file.resolve())
    with opened(options) as docket:
        read = docket.import_beads if file.suffix == ".jsonl" else docket.import_tasks_json
        report = read(
            slug=options.project or slug_of(root.name),
            source_name=file.resolve().relative_to(root).as_posix(),
            content=content,
            project_name=project_name,
            dry_run=dry_run,
        )
    show_report(report, options)


@click.command()
@common_options
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["tasks.json", "beads"]),
    default="tasks.json",
    show_default=True,
    help="Of which tool.",
)
@click.option("--source", help="Which import to give back; the first, if left out.")
@click.option(
    "--output",
    "-o",
    "target",
    type=click.Path(path_type=Path),
    help="A file; else, standard output.",
)
@click.option("--no-backup", is_flag=True, help="Keep no copy (FILE.bak) of what was there.")
@click.pass_obj
def export(
    options: Options, file_format: str, source: str | None, target: Path | None, no_backup: bool
) -> None:
    """Write a project's tasks as a task-master tasks.json, or as a JSONL file of beads.

    What was imported and has not changed is written byte for byte, with changed values in their
    places, and new tasks at the end of their lists. A project that was made here gets a file as
    the tool writes one.

    \b
    Example:
      pgdocket export --project shop --source tasks.json
      pgdocket export --output .taskmaster/tasks/tasks.json
      pgdocket export --format beads --output .beads/issues.jsonl
    """
    with opened(options) as docket:
        write = docket.export_beads if file_format == "beads" else docket.export_tasks_json
        content = write(project_id=the_project(docket, options).project_id, source_name=source)
    if target is None:
        click.echo(content, nl=False)
        return
    before = target.read_bytes() if target.exists() else content
    if before != content and not no_backup:
        replace_file(target.with_name(target.name + ".bak"), before)
    replace_file(target, content)
    output.say(f"{target}: {len(content)} bytes")


def read_file(file: Path) -> bytes:
    """The bytes of a file; raises InvalidArgument when it can't be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{file} can't be read: {error.strerror}") from error


def slug_of(name: str) -> str:
    """The nearest to a name that may be a slug."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:_LONGEST_SLUG]
    return slug or "tasks"


def project_folder(file: Path) -> Path:
    """The folder of the project that a file belongs to: the nearest with a mark, else its own."""
    for folder in file.parents:
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return file.parent


def show_report(report: dict[str, Any], options: Options) -> None:
    """Prints what an import did, and by name what could not be taken over as it was."""
    if options.json:
        output.print_json(report)
        return
    output.plain(in_words(report))
    show_oddities(report)


def in_words(report: dict[str, Any]) -> str:
    """What an import did, on one line."""
    counts = ", ".join(f"{report[what]} {what}" for what in ("tasks", "subtasks", "dependencies"))
    statuses = ", ".join(f"{count} {status}" for status, count in report["statuses"].items())
    if report["unchanged"]:
        done = "nothing to do, imported before"
    elif report["dry_run"]:
        done = "nothing written, a dry run"
    else:
        done = f"imported into project {report['project']}"
    return f"{report['source_name']}: {counts} ({statuses}); {done}"


def show_oddities(report: dict[str, Any]) -> None:
    """Prints what could not be taken over as it was written, with its place and the reason."""
    found = report["oddities"]
    rows = [each | {"path": ".".join(map(str, each["path"]))} for each in found[:_SHOWN_ODDITIES]]
    if rows:
        output.plain()
        output.table(
            rows, {"kind": "oddity", "path": "where", "value": "value", "reason": "reason"}
        )
    if len(found) > len(rows):
        output.plain(f"... and {len(found) - len(rows)} more; --json names all")

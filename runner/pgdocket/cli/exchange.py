"""import, export: task files of other tools."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import opened, the_project
from pgdocket.errors import InvalidArgument
from pgdocket.sqitch.plan_file import replace_file

if TYPE_CHECKING:
    from pgdocket.client import Docket

# What marks the folder of a project.
_MARKS = (".git", ".pgdocket", ".taskmaster", ".beads")
# Where each tool keeps its tasks, from a repository or from its own folder.
_DETECTED = {
    "task-master": (
        ".taskmaster/tasks/tasks.json", ".taskmaster/tasks.json", "tasks/tasks.json", "tasks.json",
    ),
    "beads": (
        ".beads/issues.jsonl", ".beads/beads.jsonl", ".beads/bd.jsonl", "issues.jsonl",
        "beads.jsonl", "bd.jsonl",
    ),
}  # fmt: skip
LISTS = ("github", "linear", "markdown", "csv")
_LONGEST_SLUG = 63
_SHOWN_ODDITIES = 20


@click.command(name="import")
@common_options
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", "project_name", help="The project's name, when it is made.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--ours", "side", flag_value="ours", help="In conflicts, what is here counts.")
@click.option("--theirs", "side", flag_value="theirs", help="In conflicts, the file counts.")
@click.option("--ask", "side", flag_value="ask", help="Ask for each conflict whose side counts.")
@click.option(
    "--report", "report_file", type=click.Path(path_type=Path), help="Also write it here."
)
@click.pass_obj
def import_(
    options: Options,
    path: Path,
    project_name: str | None,
    dry_run: bool,
    side: str | None,
    report_file: Path | None,
) -> None:
    """Import what PATH has of task-master (tasks.json, flat or tagged) or of beads (.jsonl).

    PATH is a file, a folder .taskmaster or .beads, or a repository that has one. The project is
    that of --project, else named after the folder of the file's project, and is made when there
    is none. What can't be represented is kept and named in the report. The same file again changes
    nothing; a changed one is merged with what was changed here, and what both sides have changed
    is refused, unless somebody says whose side counts.

    \b
    Example:
      pgdocket import . --dry-run
      pgdocket import tasks.json --project shop --theirs
      pgdocket import .beads/issues.jsonl --report migration_report.json
    """
    with opened(options) as docket:
        reports = [
            taken_in(docket, options, file, project_name, dry_run, side) for file in files_of(path)
        ]
    if report_file is not None and not dry_run:
        replace_file(report_file, json.dumps(reports, indent=2, ensure_ascii=False).encode())
    for report in reports:
        show_report(report, options)


def files_of(path: Path) -> list[Path]:
    """The files to import: the path itself, or those that a folder has of each tool."""
    if not path.is_dir():
        return [path]
    found = [
        next((path / name for name in names if (path / name).is_file()), None)
        for names in _DETECTED.values()
    ]
    files = [file for file in found if file is not None]
    if not files:
        raise InvalidArgument(
            f"{path} has no tasks that are known",
            hint="Looked for: " + ", ".join(names[0] for names in _DETECTED.values()) + ".",
        )
    return files


def taken_in(
    docket: Docket,
    options: Options,
    file: Path,
    project_name: str | None,
    dry_run: bool,
    side: str | None,
) -> dict[str, Any]:
    """Imports one file, and returns the report."""
    root = project_folder(file.resolve())
    take = docket.import_beads if file.suffix == ".jsonl" else docket.import_tasks_json
    read = functools.partial(
        take,
        slug=options.project or slug_of(root.name),
        source_name=file.resolve().relative_to(root).as_posix(),
        content=read_file(file),
        project_name=project_name,
    )
    resolutions = {"*": side} if side in ("ours", "theirs") else {}
    if side == "ask":
        resolutions = asked(read(dry_run=True).get("conflicts", []))
    report: dict[str, Any] = read(dry_run=dry_run, resolutions=resolutions)
    return report


def asked(conflicts: list[dict[str, Any]]) -> dict[str, Any]:
    """Whose side counts in each conflict, from whoever sits there."""
    resolutions: dict[str, Any] = {}
    for conflict in conflicts:
        what = conflict["field"] or "the task itself"
        click.echo(f"{conflict['identity']}: {what}", err=True)
        for name in ("base", "theirs", "ours"):
            click.echo(f"  {name}: {json.dumps(conflict[name], ensure_ascii=False)}", err=True)
        side = click.prompt("Whose side counts", type=click.Choice(["ours", "theirs"]), err=True)
        resolutions.setdefault(conflict["identity"], {})[conflict["field"] or ""] = side
    return resolutions


@click.command()
@common_options
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["tasks.json", "beads", *LISTS, "gantt"]),
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
    """Write a project's tasks as a tasks.json of task-master, for beads, or as a list.

    What was imported and has not changed is written byte for byte, with changed values in their
    places, and new tasks at the end of their lists. A project that was made here gets a file as
    the tool writes one. A file that goes on being used is kept in step by sync: an export does
    not remember that it was written, and tasks that were new in it would come in once more.

    \b
    Example:
      pgdocket export --project shop --source tasks.json
      pgdocket export --output copy.json
      pgdocket export --format beads --output .beads/issues.jsonl
      pgdocket export --format gantt
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        if file_format == "tasks.json":
            content = docket.export_tasks_json(project_id=project_id, source_name=source)
        elif file_format == "beads":
            content = docket.export_beads(project_id=project_id, source_name=source)
        else:
            content = docket.export_list(project_id=project_id, list_format=file_format).encode()
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

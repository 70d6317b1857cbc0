"""project import-list: lists of tasks from elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import LISTS, project_folder, read_file, show_report, slug_of
from pgdocket.cli.session import opened

_SUFFIXES = {".md": "markdown", ".csv": "csv"}


@click.command(name="import-list")
@common_options
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "list_format",
    type=click.Choice(LISTS),
    help="Whose; else, as the suffix says (.md, .csv; github).",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Of CSV: which column is which field; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.pass_obj
def import_list(
    options: Options, file: Path, list_format: str | None, columns: tuple[str, ...], dry_run: bool
) -> None:
    """Import a list: GitHub's or Linear's issues as JSON, a Markdown checklist, CSV.

    The project is that of --project, else named after the folder of the file's project, and is
    made when there is none. The same file again changes nothing.

    \b
    Example:
      pgdocket project import-list issues.json --format github
      pgdocket project import-list tasks.csv --map title=Summary
    """
    root = project_folder(file.resolve())
    with opened(options) as docket:
        report = docket.import_list(
            slug=options.project or slug_of(root.name),
            source_name=file.resolve().relative_to(root).as_posix(),
            content=read_file(file),
            list_format=list_format or _SUFFIXES.get(file.suffix, "github"),
            mapping=dict(column.split("=", 1) for column in columns if "=" in column),
            dry_run=dry_run,
        )
    show_report(report, options)

"""project: what everything else belongs to."""

from __future__ import annotations

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.lists import import_list
from pgdocket.cli.oddities import lint
from pgdocket.cli.session import as_row, opened


@click.group()
@common_options
def project() -> None:
    """Add and list projects.

    \b
    Example:
      pgdocket project add shop --name "The web shop"
    """


@project.command()
@common_options
@click.argument("slug")
@click.option("--name", help="The name that people read.")
@click.option("--description", help="What it is about.")
@click.option("--repository", "repository_url", help="Where its code lives.")
@click.pass_obj
def add(
    options: Options,
    slug: str,
    name: str | None,
    description: str | None,
    repository_url: str | None,
) -> None:
    """Add a project; SLUG is its short name.

    \b
    Example:
      pgdocket project add shop --repository https://example.com/shop.git
    """
    with opened(options) as docket:
        added = docket.create_project(
            slug=slug, name=name, description=description, repository_url=repository_url
        )
    if options.json:
        output.print_json(added)
    else:
        output.plain(f"added {added.slug}: {added.name}")


@project.command(name="list")
@common_options
@click.pass_obj
def list_(options: Options) -> None:
    """List the projects that you see.

    \b
    Example:
      pgdocket project list --json
    """
    with opened(options) as docket:
        found = [as_row(each) for each in docket.list_projects(page_size=1000)]
    output.table(
        found, ["slug", "name", "created_at"], as_json=options.json, empty="there is no project yet"
    )


project.add_command(lint)
project.add_command(import_list)

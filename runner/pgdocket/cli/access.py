"""access: who may see and change the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project

if TYPE_CHECKING:
    from uuid import UUID

    from pgdocket.client import Docket

_COLUMNS = {
    "principal": "principal",
    "access": "access",
    "to": "to",
    "updated_by": "given by",
    "updated_at": "at",
}
_everywhere = click.option(
    "--organization",
    "everywhere",
    is_flag=True,
    help="In all projects of the project's organization, those to come included.",
)


@click.group()
@common_options
def access() -> None:
    """Say who may see and change the project.

    \b
    Example:
      pgdocket access grant anna writer
      pgdocket access revoke anna
    """


@access.command()
@common_options
@click.argument("principal")
@click.argument("level", metavar="reader|writer|admin")
@_everywhere
@click.pass_obj
def grant(options: Options, principal: str, level: str, everywhere: bool) -> None:
    """Let PRINCIPAL see the project (reader), change it (writer), or share it (admin).

    PRINCIPAL is a role of the database, or a name that a gateway speaks for. Nobody raises
    his own access.

    \b
    Example:
      pgdocket access grant build-bot writer --organization
    """
    with opened(options) as docket:
        given = docket.grant_access(
            principal=principal, access=level, **_where(docket, options, everywhere)
        )
    if options.json:
        output.print_json(given)
    else:
        output.plain(f"{given.principal} is {given.access} of {_scope(everywhere)}")


@access.command()
@common_options
@click.argument("principal")
@_everywhere
@click.pass_obj
def revoke(options: Options, principal: str, everywhere: bool) -> None:
    """Take from PRINCIPAL what was given in the project.

    What was given in the organization stays, and with --organization what was given in single
    projects of it.

    \b
    Example:
      pgdocket access revoke anna
    """
    with opened(options) as docket:
        taken = docket.revoke_access(principal=principal, **_where(docket, options, everywhere))
    if options.json:
        output.print_json(taken)
    else:
        output.plain(f"{taken.principal} was {taken.access} of {_scope(everywhere)}")


@access.command(name="list")
@common_options
@_everywhere
@click.pass_obj
def list_(options: Options, everywhere: bool) -> None:
    """List who may see the project; who is no admin of it sees himself.

    \b
    Example:
      pgdocket access list --json
    """
    with opened(options) as docket:
        found = docket.list_access(**_where(docket, options, everywhere), page_size=1000)
        slugs = {each.project_id: each.slug for each in docket.list_projects(page_size=1000)}
    rows = [
        as_row(each) | {"to": slugs.get(each.project_id, str(each.project_id))}
        if each.project_id
        else as_row(each) | {"to": "the organization"}
        for each in found
    ]
    output.table(rows, _COLUMNS, as_json=options.json, empty="you have been given nothing here")


def _where(docket: Docket, options: Options, everywhere: bool) -> dict[str, UUID]:
    project = the_project(docket, options)
    if everywhere:
        return {"organization_id": project.organization_id}
    return {"project_id": project.project_id}


def _scope(everywhere: bool) -> str:
    return "the organization" if everywhere else "the project"

"""roles: what the roles of pgdocket are for, and what makes them."""

from __future__ import annotations

import click

from pgdocket import config, output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row

_COLUMNS = {"role": "role", "is_present": "there", "members": "members", "purpose": "for"}


@click.command()
@click.option(
    "--sql", "as_sql", is_flag=True, help="Print the statements that make them, for a superuser."
)
@click.option(
    "--deployer",
    metavar="ROLE",
    help="Who will deploy; default: the user that the connection names.",
)
@common_options
@click.pass_obj
def roles(options: Options, as_sql: bool, deployer: str | None) -> None:
    """Show pgdocket's roles; or print the statements that make them.

    A deploy makes them itself where the deployer may create roles.

    \b
    Example:
      pgdocket roles --sql --deployer deploy_bot
    """
    from pgdocket.roles import create_statements, present_roles

    if as_sql:
        output.plain(create_statements(deployer or _user(options)).rstrip())
        return
    with config.connect(config.resolve(options.db, notify=output.say)) as connection:
        rows = [as_row(each) for each in present_roles(connection)]
    output.table(rows, _COLUMNS, as_json=options.json)


def _user(options: Options) -> str:
    """The user of the connection that the options and the environment name."""
    from psycopg.conninfo import conninfo_to_dict

    target = config.resolve(options.db, local="running")
    named = conninfo_to_dict(target.conninfo).get("user")
    if named:
        return str(named)
    with config.connect(target) as connection:
        return connection.info.user

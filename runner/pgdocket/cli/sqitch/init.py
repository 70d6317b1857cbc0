"""`pgdocket sqitch init`: starts a project."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli.sqitch.call import HELP, global_options
from pgdocket.cli.sqitch.call import configuration as read_configuration
from pgdocket.cli.sqitch.editing import conclude, pairs, speaker


@click.command("init", context_settings=HELP)
@click.argument("project")
@click.option("--uri", metavar="URI", help="What tells this project from all others.")
@click.option("--engine", metavar="ENGINE", help="The engine; only pg is supported.")
@click.option("--target", metavar="TARGET", help="The default target: a name, or a URI.")
@click.option("--registry", metavar="SCHEMA", help="The registry's schema.")
@click.option("--client", metavar="PATH", help="The psql to run scripts with.")
@click.option("--extension", metavar="EXT", help="The extension of scripts.")
@click.option("--top-dir", metavar="DIR", help="Folder of the plan and the scripts.")
@click.option("-f", "--plan-file", metavar="FILE", help="The plan.")
@click.option(
    "-d",
    "--dir",
    "folders",
    metavar="NAME=PATH",
    multiple=True,
    callback=pairs,
    help="A folder: deploy, revert, verify, reworked, reworked_deploy...; repeatable.",
)
@click.option(
    "-s",
    "--set",
    "variables",
    metavar="KEY=VALUE",
    multiple=True,
    callback=pairs,
    help="A psql variable for the scripts; repeatable.",
)
@global_options
@click.pass_context
def command(ctx: click.Context, /, project: str, **options: Any) -> None:
    """Start a project: sqitch.conf, sqitch.plan, and folders for the scripts.

    What is there already is left alone.

    \b
    Example:
      pgdocket sqitch init flipr --engine pg --uri https://example.com/flipr/
    """
    from pgdocket.sqitch.init import InitOptions, init

    done = init(read_configuration(ctx), project, InitOptions(**options), speaker(ctx))
    conclude(ctx, done.as_dict())

"""`pgdocket sqitch`: Sqitch's commands, with its options, output and exit codes, for any plan."""

from __future__ import annotations

import importlib
import importlib.util
from typing import cast

import click

from pgdocket import __version__
from pgdocket.cli.sqitch.call import HELP, SqitchGroup, global_options

# One module for each command, which holds it as `command`.
_SUMMARIES = {
    "init": "Start a project.",
    "add": "Add a change to the plan, and make its scripts.",
    "tag": "Tag a change of the plan, or list the tags.",
    "rework": "Copy a change in the plan, to revise its scripts.",
    "plan": "List the changes of the plan.",
    "show": "Show what an id stands for, or a script.",
    "bundle": "Copy the project, or a part of its plan, to hand it on.",
    "deploy": "Deploy changes to a database.",
    "revert": "Revert changes from a database.",
    "rebase": "Revert changes and deploy them again.",
    "checkout": "Revert, check another branch out, and deploy.",
    "verify": "Verify what is deployed.",
    "check": "Compare what is deployed with the plan and its scripts.",
    "status": "Show what is deployed, and what is not.",
    "log": "Show what happened to a database.",
    "upgrade": "Bring the registry up to date.",
    "repair": "Make the registry agree with the plan, and say so in it.",
    "baseline": "Record a database that was made without the plan.",
    "cycle": "Deploy, verify, revert and deploy each change, and compare the schemas.",
    "snapshot": "Write the schema of a database as one text, or compare it.",
    "lint": "Check plan and scripts without a database.",
    "target": "Manage targets.",
    "engine": "Manage the engine's settings.",
    "config": "Read and write settings.",
    "help": "Explain a command.",
}


class _Lazy(SqitchGroup):
    """Imports a command when it is called; one whose module is missing does not exist."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in _SUMMARIES if importlib.util.find_spec(f"{__name__}.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name}")
        return cast(click.Command, module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARIES[name]) for name in self.list_commands(ctx)])


@click.group(cls=_Lazy, context_settings=HELP)
@click.version_option(__version__, message="sqitch (pgdocket) v%(version)s")
@global_options
def sqitch() -> None:
    """Run a Sqitch command on any plan.

    Plans, ids, registry, lock, output and exit codes are those of sqitch: both can work on the
    same database in turn. psql is not needed, unless a script uses what only psql can do.

    \b
    Example:
      pgdocket sqitch deploy --verify db:pg:flipr
      pgdocket sqitch status --show-changes db:pg:flipr
    """

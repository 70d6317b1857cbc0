"""The command `pgdocket`: reads arguments, calls, prints. Commands are imported when they run."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import click

from pgdocket import __version__
from pgdocket.errors import Error, from_psycopg

# The name of each command, and the module and attribute that hold it. A command whose module is
# not part of this installation is left out of the help.
COMMANDS: dict[str, str] = {
    "demo": "pgdocket.cli.demo:demo",
    "up": "pgdocket.cli.local:up",
    "down": "pgdocket.cli.local:down",
    "psql": "pgdocket.cli.local:psql",
    "status": "pgdocket.cli.local:status",
    "deploy": "pgdocket.cli.deploy:deploy",
    "revert": "pgdocket.cli.deploy:revert",
    "verify": "pgdocket.cli.deploy:verify",
    "setup": "pgdocket.cli.setup:setup",
    "seed": "pgdocket.cli.setup:seed",
    "reset": "pgdocket.cli.setup:reset",
    "roles": "pgdocket.cli.roles:roles",
    "lint": "pgdocket.cli.schema:lint",
    "snapshot": "pgdocket.cli.schema:snapshot",
    "codegen": "pgdocket.cli.schema:codegen",
    "sqitch": "pgdocket.cli.sqitch:sqitch",
    "import": "pgdocket.cli.exchange:import_",
    "export": "pgdocket.cli.exchange:export",
    "sync": "pgdocket.cli.sync:sync",
    "project": "pgdocket.cli.project:project",
    "access": "pgdocket.cli.access:access",
    "task": "pgdocket.cli.task:task",
    "history": "pgdocket.cli.journal:history",
    "changes": "pgdocket.cli.journal:changes",
    "audit": "pgdocket.cli.journal:audit",
    "dep": "pgdocket.cli.graph:dep",
    "why": "pgdocket.cli.graph:why",
    "graph": "pgdocket.cli.graph:graph",
    "gate": "pgdocket.cli.gate:gate",
    "validation": "pgdocket.cli.validation:validation",
    "webhook": "pgdocket.cli.webhook:webhook",
    "linear": "pgdocket.cli.linear:linear",
    "context": "pgdocket.cli.context:context",
    "search": "pgdocket.cli.search:search",
    "searches": "pgdocket.cli.search:searches",
    "budget": "pgdocket.cli.budget:budget",
    "interaction": "pgdocket.cli.interaction:interaction",
    "artifact": "pgdocket.cli.artifact:artifact",
    "execution": "pgdocket.cli.execution:execution",
    "script": "pgdocket.cli.script:script",
    "error": "pgdocket.cli.error:error",
    "pipeline": "pgdocket.cli.pipeline:pipeline",
    "provenance": "pgdocket.cli.provenance:provenance",
    "knowledge": "pgdocket.cli.knowledge:knowledge",
    "template": "pgdocket.cli.template:template",
    "next": "pgdocket.cli.queue:next_",
    "claim": "pgdocket.cli.queue:claim",
    "heartbeat": "pgdocket.cli.queue:heartbeat",
    "complete": "pgdocket.cli.queue:complete",
    "fail": "pgdocket.cli.queue:fail",
    "release": "pgdocket.cli.queue:release",
    "retry": "pgdocket.cli.queue:retry",
    "agent": "pgdocket.cli.agent:agent",
    "metrics": "pgdocket.cli.metrics:metrics",
    "top": "pgdocket.cli.top:top",
    "stats": "pgdocket.cli.stats:stats",
    "events": "pgdocket.cli.events:events",
    "components": "pgdocket.cli.components:components",
    "alerts": "pgdocket.cli.alerts:alerts",
    "settings": "pgdocket.cli.settings:settings",
    "maintain": "pgdocket.cli.maintain:maintain",
    "doctor": "pgdocket.cli.doctor:doctor",
    "ops": "pgdocket.cli.ops:ops",
    "explain": "pgdocket.cli.ops:explain",
}

# One line each, so that `pgdocket --help` imports no command.
SUMMARIES: dict[str, str] = {
    "demo": "Import a task file and let four agents work through it.",
    "up": "Start the local server and deploy the schema.",
    "down": "Stop the local server.",
    "psql": "Open psql on the database.",
    "status": "Show server, schema and queue.",
    "deploy": "Deploy pgdocket's schema.",
    "revert": "Revert pgdocket's schema.",
    "verify": "Verify pgdocket's schema.",
    "setup": "Deploy pgdocket's schema and its first rows.",
    "seed": "Write the first rows, or samples.",
    "reset": "Revert pgdocket's schema and deploy it anew.",
    "roles": "Show the roles, and what makes them.",
    "lint": "Check pgdocket's plan and scripts.",
    "snapshot": "Write what is generated from the plan.",
    "codegen": "Write the Python client anew.",
    "sqitch": "Run a Sqitch command on any plan.",
    "import": "Import a task file.",
    "export": "Write tasks as a file of other tools.",
    "sync": "Keep a task file and a project in step.",
    "project": "Add and list projects.",
    "access": "Say who may see and change a project.",
    "task": "Add, show, list and change tasks.",
    "history": "Show what happened to a task.",
    "changes": "Show every change, and what comes.",
    "audit": "Seal and verify the journal.",
    "dep": "Add and remove dependencies.",
    "why": "Say why a task is blocked.",
    "graph": "Draw the dependency graph.",
    "gate": "Say what a task has to pass.",
    "validation": "Take in what tools and tests found.",
    "webhook": "Take in what GitHub and Linear send.",
    "linear": "Keep tasks and issues of Linear alike.",
    "context": "Keep and find what is known.",
    "search": "Search all that is known.",
    "searches": "Show what is searched, and not found.",
    "budget": "Limit what tasks may use.",
    "interaction": "Record and read what agents said.",
    "artifact": "Keep the files that tasks made.",
    "execution": "Show what was run, and how it went.",
    "script": "Run deployment scripts in their order.",
    "error": "See and resolve what went wrong.",
    "pipeline": "Show what is on its way to delivery.",
    "provenance": "Show where something comes from.",
    "knowledge": "Keep and find what the project knows.",
    "template": "Render templates, make workflows.",
    "next": "Show the task to do next.",
    "claim": "Claim the next task for an agent.",
    "heartbeat": "Extend the lease of a claimed task.",
    "complete": "Complete a claimed task.",
    "fail": "Report that an attempt failed.",
    "release": "Give a claimed task back.",
    "retry": "Try anew what has failed for good.",
    "agent": "Run a program for each task.",
    "metrics": "Show what is measured.",
    "top": "Show queue, agents, rates and alerts, live.",
    "stats": "Show how tasks stand, how long they take, how that goes and what it costs.",
    "events": "Tell and follow what happens.",
    "components": "Say and see how parts of a system are.",
    "alerts": "See what somebody is to look at.",
    "settings": "Show and change what holds for the whole docket.",
    "maintain": "Do what has to be done from time to time.",
    "doctor": "Check that all is as it should be.",
    "ops": "Ask the server what a DBA asks.",
    "explain": "Show how the server would do a statement.",
}

_META = "pgdocket.options"
_GARBAGE = 20_000


@dataclass(frozen=True, slots=True)
class Options:
    """What every command understands. `ctx.obj` holds them, those of the command winning."""

    db: str | None = None
    json: bool = False
    debug: bool = False
    project: str | None = None


F = TypeVar("F", bound=Callable[..., Any])


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Puts an option that was given into ctx.obj and, for the error handler, into ctx.meta."""
    known = ctx.obj if isinstance(ctx.obj, Options) else Options()
    if value not in (None, False):
        given: dict[str, Any] = {str(param.name): value}
        known = replace(known, **given)
    ctx.obj = ctx.meta[_META] = known


def common_options(command: F) -> F:
    """Adds --db, --project, --json and --debug to a command or group.

    They don't become parameters: the function reads them with `@click.pass_obj`, as Options.
    The same options before the command's name apply too, and these win.
    """
    for option in (
        click.option(
            "--debug",
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Show the traceback of an error.",
        ),
        click.option(
            "--json",
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Print JSON.",
        ),
        click.option(
            "--project",
            metavar="SLUG",
            expose_value=False,
            callback=_remember,
            help="The project, where there is more than one.",
        ),
        click.option(
            "--db",
            metavar="DSN",
            expose_value=False,
            callback=_remember,
            help="The database; else DATABASE_URL, PG*, DB_*, the local server.",
        ),
    ):
        command = option(command)
    return command


class Root(click.Group):
    """The root group: imports a command when it is called, and turns errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, target in COMMANDS.items() if _exists(target)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None or not _exists(target):
            return None
        module, _, attribute = target.partition(":")
        return cast(click.Command, getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as exc:
            options = ctx.meta.get(_META, Options())
            error = _understood(exc, options)
            if error is None or options.debug:
                raise
            from pgdocket import output

            output.print_error(error, as_json=options.json)
            ctx.exit(error.exit_code)


def _exists(target: str) -> bool:
    module = target.partition(":")[0]
    return module in sys.modules or importlib.util.find_spec(module) is not None


def _understood(exc: Exception, options: Options) -> Error | None:
    """The error to show for an exception, or None for one that nobody expected."""
    if isinstance(exc, Error):
        return exc
    # Not imported here: when it was never imported, it can't have raised.
    psycopg = sys.modules.get("psycopg")
    if psycopg is None or not isinstance(exc, psycopg.Error):
        return None
    return from_psycopg(exc, database=_database(options))


def _database(options: Options) -> str | None:
    from pgdocket import config

    if not config.is_explicit(options.db):
        return config.LOCAL_DATABASE
    try:
        return config.resolve(options.db).database
    except Error:
        return None


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pgdocket")
@common_options
def cli() -> None:
    """A task docket for AI-driven CI/CD that lives inside PostgreSQL.

    \b
    Example:
      pgdocket up
      pgdocket import tasks.json
      pgdocket next
    """


def main() -> None:
    """Entry point of the console script."""
    # Most of a command's time is imports, which leave no garbage to look for.
    gc.set_threshold(_GARBAGE)
    cli(prog_name="pgdocket")

"""`pgdocket sqitch`: Sqitch's commands, with its options, output and exit codes, for any plan."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, cast

import click

from pgdocket.cli.engine import (
    Call,
    SqitchGroup,
    connection_options,
    global_options,
    pick_change,
    set_option,
    understand,
)
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.deploy import Mode

_COMMANDS = {
    "plan": "pgdocket.cli.sqitch_plan:plan_command",
    "deploy": "pgdocket.cli.sqitch:deploy",
    "revert": "pgdocket.cli.sqitch:revert",
    "verify": "pgdocket.cli.sqitch:verify",
    "status": "pgdocket.cli.sqitch_state:status",
    "log": "pgdocket.cli.sqitch_state:log",
}
_SUMMARIES = {
    "plan": "List the changes of the plan.",
    "deploy": "Deploy changes to a database.",
    "revert": "Revert changes from a database.",
    "verify": "Verify what is deployed.",
    "status": "Show what is deployed, and what is not.",
    "log": "Show what happened to a database.",
}
_HELP = {"help_option_names": ["--help"]}


class _Lazy(SqitchGroup):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        return cast(click.Command, getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


@click.group(cls=_Lazy, context_settings=_HELP)
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


@click.command(context_settings=_HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--to", "--to-change", "to", metavar="CHANGE", help="The last change to deploy.")
@click.option(
    "--mode",
    metavar="all|tag|change",
    help="What a failure takes back: the run, what follows the last tag, or nothing.",
)
@click.option("--verify/--no-verify", default=None, help="Run the verify script of each change.")
@click.option("--log-only", is_flag=True, help="Write the registry; run no deploy script.")
@click.option(
    "--atomic/--no-atomic",
    default=True,
    help="One transaction for script, verification and registry, where the script is one "
    "begin ... commit block. On by default.",
)
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@set_option
@connection_options
@global_options
@click.pass_context
def deploy(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Deploy changes to a database.

    Scripts are checked before the first one runs. A failure takes back what --mode says and ends
    with exit code 2.

    \b
    Example:
      pgdocket sqitch deploy --verify --to @v1.0 db:pg:flipr
    """
    from pgdocket.sqitch.deploy import DeployOptions, deploy_job

    call = understand(ctx, arguments, options, verb="deploying to")
    configuration = call.configuration
    verify = options["verify"]
    if verify is None:
        verify = configuration.get_bool("deploy.verify")
    mode = options["mode"] or configuration.get("deploy.mode") or "all"
    if mode not in ("all", "tag", "change"):
        raise SqitchError(f'Unknown mode "{mode}"; use all, tag or change', exit_code=255)
    job = call.job(options["variables"], options["lock_timeout"])
    to = pick_change(options["to"], call.changes, "deploying to")
    chosen = DeployOptions(to, verify, cast("Mode", mode), options["log_only"], options["atomic"])
    _finish(call, deploy_job(job, chosen).as_dict())


@click.command(context_settings=_HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--to", "--to-change", "to", metavar="CHANGE", help="The last change to keep.")
@click.option("-y", "no_prompt", is_flag=True, help="Don't ask.")
@click.option("--log-only", is_flag=True, help="Write the registry; run no revert script.")
@click.option("--atomic/--no-atomic", default=True, help="One transaction for script and registry.")
@click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another deployment.")
@set_option
@connection_options
@global_options
@click.pass_context
def revert(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Revert changes from a database, the last one deployed first.

    Without --to everything is reverted. Unlike sqitch, which takes silence for a yes, this is
    refused where nobody answers the question (standard input is at its end), unless -y is given.

    \b
    Example:
      pgdocket sqitch revert --to @v1.0 db:pg:flipr
    """
    from pgdocket.sqitch.revert import RevertOptions, revert_job

    call = understand(ctx, arguments, options, verb="reverting to")
    job = call.job(options["variables"], options["lock_timeout"])
    to = pick_change(options["to"], call.changes, "reverting to")
    asks = not (options["no_prompt"] or call.configuration.get_bool("revert.no_prompt"))
    accept = call.configuration.get_bool("revert.prompt_accept", default=True)
    confirm = _Prompt(accept, needs_answer=to is None, as_json=call.settings.json)
    chosen = RevertOptions(to, options["log_only"], options["atomic"], confirm if asks else None)
    _finish(call, revert_job(job, chosen).as_dict())


@click.command(context_settings=_HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--from", "--from-change", "start", metavar="CHANGE", help="The first to verify.")
@click.option("--to", "--to-change", "end", metavar="CHANGE", help="The last to verify.")
@set_option
@connection_options
@global_options
@click.pass_context
def verify(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Verify what is deployed.

    Runs the verify scripts, and compares the order of what is deployed with the plan. Ends with
    exit code 2 when something does not hold.

    \b
    Example:
      pgdocket sqitch verify --from @v1.0 db:pg:flipr
    """
    from pgdocket.sqitch.verify import VerifyOptions, verify_job

    call = understand(ctx, arguments, options, verb="verifying")
    named = list(call.changes)
    start = options["start"] or (named.pop(0) if named else None)
    end = options["end"] or (named.pop(0) if named else None)
    job = call.job(options["variables"])
    chosen = VerifyOptions(start, end, show_output=call.settings.verbosity > 1)
    _finish(call, verify_job(job, chosen).as_dict())


def _finish(call: Call, result: dict[str, object]) -> None:
    if call.settings.json:
        from pgdocket import output

        output.print_json(result)


class _Prompt:
    """Asks a question as Sqitch does, on the terminal or of whatever standard input is.

    `accept` is the answer that silence stands for; with `needs_answer` there must be one.
    """

    def __init__(self, accept: bool, *, needs_answer: bool, as_json: bool) -> None:
        self._accept = accept
        self._needs_answer = needs_answer
        self._as_json = as_json

    def __call__(self, question: str) -> bool:
        default = "Yes" if self._accept else "No"
        for _ in range(3):
            click.echo(f"{question} [{default}] ", nl=False, err=self._as_json)
            line = sys.stdin.readline()
            if not line:
                return self._without_answer(default)
            answer = line.strip().lower() or default.lower()
            if "yes".startswith(answer):
                return True
            if "no".startswith(answer):
                return False
            click.echo('Please answer "y" or "n".', err=self._as_json)
        raise SqitchError("No valid answer after 3 attempts; aborting")

    def _without_answer(self, default: str) -> bool:
        if not self._needs_answer:
            click.echo(default, err=self._as_json)
            return self._accept
        click.echo(err=self._as_json)
        raise SqitchError(
            "Refusing to revert all changes: nobody is there to answer",
            hint="use -y, or name the last change to keep with --to",
        )

"""`pgdocket deploy`, `revert` and `verify`: the change engine on pgdocket's own plan."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pgdocket import config, output
from pgdocket.cli import Options, common_options
from pgdocket.cli.sqitch.run import is_rehearsal, perform, rehearsal_options
from pgdocket.errors import ERROR_CLASSES, Error, InvalidArgument
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.engine import Job
    from pgdocket.sqitch.reporter import Reporter
    from pgdocket.sqitch.results import RunResult


@click.command()
@click.option("--to", metavar="CHANGE", help="The last change to deploy.")
@click.option("--verify/--no-verify", default=True, help="Run the verify scripts, too.")
@rehearsal_options
@common_options
@click.pass_obj
def deploy(options: Options, /, to: str | None, verify: bool, **rehearsal: Any) -> None:
    """Deploy pgdocket's schema.

    Each change, its verification and its entry in the registry are one transaction: a crash
    leaves nothing half done, and the next deploy goes on where this one stopped. When a change
    fails, those that this command deployed are taken back.

    \b
    Example:
      pgdocket deploy
      pgdocket deploy --sql deploy.sql
    """
    from pgdocket.sqitch.deploy import DeployOptions, deploy_job

    with own_errors(options):
        job = own_job(options, "running" if is_rehearsal(rehearsal) else "create")
        chosen = DeployOptions(to, verify)
        _tell(options, perform(job, rehearsal, lambda each: deploy_job(each, chosen)))


@click.command()
@click.option("--to", metavar="CHANGE", help="The last change to keep.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@rehearsal_options
@common_options
@click.pass_obj
def revert(options: Options, /, to: str | None, yes: bool, **rehearsal: Any) -> None:
    """Revert pgdocket's schema.

    Without --to everything goes, the data included: this is asked first, and refused where
    nobody answers, unless -y is given.

    \b
    Example:
      pgdocket revert --to platform/ids
    """
    from pgdocket.sqitch.revert import RevertOptions, revert_job

    with own_errors(options):
        is_silent = yes or is_rehearsal(rehearsal)
        chosen = RevertOptions(to, confirm=None if is_silent else _confirm)
        job = own_job(options, "running")
        _tell(options, perform(job, rehearsal, lambda each: revert_job(each, chosen)))


@click.command()
@common_options
@click.pass_obj
def verify(options: Options) -> None:
    """Verify pgdocket's schema.

    \b
    Example:
      pgdocket verify --json
    """
    from pgdocket.sqitch.verify import VerifyOptions, verify_job

    with own_errors(options):
        finish(options, verify_job(own_job(options, "running"), VerifyOptions()))


def own_job(options: Options, local: config.LocalPolicy) -> Job:
    """The job for the engine: pgdocket's own plan on the database that the options name.

    `local` says how far to go with the local server.
    """
    from pgdocket.files import project_files
    from pgdocket.sqitch.engine import make_job
    from pgdocket.sqitch.plan import load_plan

    database = config.resolve(options.db, local=local, notify=output.say)
    return make_job(
        load_plan(project_files() / "sqitch.plan"),
        database.conninfo,
        display=database.description,
        oldest_server=150000,
        reporter=_reporter(options),
    )


def _reporter(options: Options) -> Reporter:
    from pgdocket.sqitch.reporter import JsonReporter, LiveReporter, PlainReporter

    if options.json:
        return JsonReporter()
    return LiveReporter() if sys.stdout.isatty() else PlainReporter()


def finish(options: Options, result: RunResult) -> None:
    """Prints what was done where JSON is wanted; its lines have been printed before."""
    _tell(options, result.as_dict())


def _tell(options: Options, told: dict[str, object] | None) -> None:
    if options.json and told is not None:
        output.print_json(told)


@contextmanager
def own_errors(options: Options) -> Iterator[None]:
    """Gives the engine's errors pgdocket's exit codes instead of Sqitch's."""
    from pgdocket.sqitch.results import RunFailed

    try:
        yield
    except SqitchError as error:
        if options.json and isinstance(error, RunFailed):
            output.print_json({"changes": [change.as_dict() for change in error.changes]})
        kind = ERROR_CLASSES.get(error.sqlstate, Error)
        raise kind(
            error.message, detail=error.detail, hint=error.hint, sqlstate=error.sqlstate
        ) from error


def _confirm(question: str) -> bool:
    """Asks, and takes only a yes for a yes."""
    output.say(f"{question} All its data go with it. [y/N]")
    line = sys.stdin.readline()
    if not line:
        raise InvalidArgument(
            "nothing is reverted: nobody is there to answer",
            hint="use -y, or name the last change to keep with --to",
        )
    return line.strip().lower() in ("y", "yes")

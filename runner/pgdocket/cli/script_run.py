"""script run: a deployment script, for real."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project, the_task
from pgdocket.errors import Conflict, Error, Forbidden, InvalidArgument

if TYPE_CHECKING:
    from pgdocket.client import Docket
    from pgdocket.client.rows import DeploymentPlanRow
    from pgdocket.script_runner import Report, Script

_TARGET = "DEPLOY_DATABASE_URL"
_PLAN = {
    "script_name": "script",
    "version_no": "version",
    "language": "language",
    "command": "run by",
    "timeout_seconds": "seconds at most",
    "max_attempts": "attempts",
}


@click.command()
@common_options
@click.argument("script_name", metavar="NAME")
@click.option("--env", "environment", required=True, help="Where it is run.",
              type=click.Choice(["development", "staging", "production"]))  # fmt: skip
@click.option("--with-dependencies", is_flag=True,
              help="First run what it waits for and is not deployed there.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Look whether all is ready, and run nothing.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Confirm it, as production asks for.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True),
              help="End it after so long, not after its own timeout.")  # fmt: skip
@click.option("--target", "target_variable", metavar="VARIABLE", default=_TARGET, show_default=True,
              help="The variable that says which database SQL is run on.")  # fmt: skip
@click.option("--task", "reference", metavar="TASK", help="The task that it is for.")
@click.option("--pull-request", "pull_request_id", metavar="ID", help="What it brings out.")
@click.pass_obj
def run(
    options: Options,
    script_name: str,
    environment: str,
    with_dependencies: bool,
    dry_run: bool,
    is_confirmed: bool,
    timeout: float | None,
    target_variable: str,
    reference: str | None,
    pull_request_id: str | None,
) -> None:
    """Run a script in an environment, and record how it went.

    It runs in a process group of its own, with the variables of this shell and
    PGDOCKET_ENVIRONMENT, PGDOCKET_SCRIPT, PGDOCKET_SCRIPT_VERSION, PGDOCKET_DEPLOYMENT_ID and
    PGDOCKET_ATTEMPT. Values of variables with a secret's name (token, password...) are shown and
    kept as asterisks. Where it fails or takes too long it is tried again, as often as the script
    says.

    Ctrl-C ends the script and all that it has started, and that is recorded. When this command is
    killed, or can't reach the database at the end, the deployment counts as running for a minute,
    and after that as timed_out.

    \b
    Example:
      pgdocket script run roll-out --env staging --with-dependencies
      pgdocket script run roll-out --env production --yes
      DEPLOY_DATABASE_URL=postgresql:///shop pgdocket script run migrate --env development
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        fields: dict[str, Any] = {"pull_request_id": pull_request_id}
        if reference is not None:
            fields["task_id"] = the_task(docket, options, reference)
        plan = docket.deployment_plan(
            project_id=project_id, environment=environment, script_name=script_name
        )
        chosen = _chosen(plan, script_name, environment, with_dependencies=with_dependencies)
        scripts = _ready(docket, project_id, chosen, timeout, target_variable)
        if dry_run:
            output.table([_row(each) for each in scripts], _PLAN, as_json=options.json)
            return
        if chosen[-1].needs_confirmation and not is_confirmed:
            is_confirmed = _confirmed(scripts, environment)
        _run(docket, options, project_id, environment, scripts, is_confirmed, fields)


def _chosen(
    plan: list[DeploymentPlanRow], name: str, environment: str, *, with_dependencies: bool
) -> list[DeploymentPlanRow]:
    """What is to be run, in its order: the last is the one that was named."""
    named = next(row for row in plan if row.script_name == name)
    before = [row for row in plan if row.script_name != name and not row.is_deployed]
    if before and not with_dependencies:
        names = ", ".join(row.script_name for row in before)
        raise Conflict(
            f"{name} waits in {environment} for {names}",
            hint="run these first, or all of them with --with-dependencies",
        )
    return [*before, named]


def _ready(
    docket: Docket,
    project_id: Any,
    chosen: list[DeploymentPlanRow],
    timeout: float | None,
    target_variable: str,
) -> list[Script]:
    """The scripts with all that it takes to run them; errors before anything is run."""
    from pgdocket.script_runner import Script, interpreter_of

    for row in chosen:
        if row.missing_permissions:
            raise Forbidden(
                f"{row.script_name} asks for permissions that you do not have:"
                f" {', '.join(row.missing_permissions)}"
            )
        needed = [*row.required_variables, *([target_variable] if row.language == "sql" else [])]
        missing = [name for name in needed if not os.environ.get(name)]
        if missing:
            raise InvalidArgument(
                f"{row.script_name} needs variables that are not set: {', '.join(missing)}",
                hint=f"such as: export {missing[0]}=...",
            )
    found = []
    for row in chosen:
        interpreter = interpreter_of(row.language, target_variable=target_variable)
        script = docket.get_deployment_script(
            project_id=project_id, script_name=row.script_name, version_no=row.version_no
        )
        found.append(
            Script(
                script.script_name,
                script.version_no,
                script.content,
                interpreter,
                timeout or script.timeout_seconds,
                script.max_attempts,
            )
        )
    return found


def _row(script: Script) -> dict[str, Any]:
    return {
        "script_name": script.name,
        "version_no": script.version_no,
        "language": script.interpreter.language,
        "command": " ".join(script.interpreter.before),
        "timeout_seconds": script.timeout_seconds,
        "max_attempts": script.max_attempts,
    }


def _confirmed(scripts: list[Script], environment: str) -> bool:
    names = ", ".join(script.name for script in scripts)
    if not sys.stdin.isatty():
        raise InvalidArgument(
            f"to run {names} in {environment} has to be confirmed", hint="say so with --yes"
        )
    return click.confirm(f"Run {names} in {environment}?", abort=True, err=True)


def _run(
    docket: Docket,
    options: Options,
    project_id: Any,
    environment: str,
    scripts: list[Script],
    is_confirmed: bool,
    fields: dict[str, Any],
) -> None:
    from pgdocket.script_runner import Runner, Stop

    # A database that is away is told of once, and not at each try.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    reports: list[Report] = []
    stop = Stop()
    with stop.listening():
        runner = Runner(
            docket,
            project_id,
            environment,
            show=_Shown(is_json=options.json),
            say=output.say,
            stop=stop,
            is_confirmed=is_confirmed,
            fields=fields,
        )
        for script in scripts:
            output.say(f"{script.name} version {script.version_no} in {environment}:")
            reports.append(runner.run(script))
            last = reports[-1].deployment
            output.say(f"{script.name}: {last.status} after {_seconds(last.duration_ms)} s")
            if not reports[-1].is_done:
                break
    if options.json:
        output.print_json([_described(report) for report in reports])
    if not reports[-1].is_done:
        _fail(reports[-1], environment, stop.number)


def _seconds(duration_ms: int | None) -> str:
    return f"{(duration_ms or 0) / 1000:.1f}"


def _described(report: Report) -> dict[str, Any]:
    return {"script_name": report.script.name, **as_row(report.deployment)}


def _fail(report: Report, environment: str, number: int) -> NoReturn:
    deployment = report.deployment
    message = f"{report.script.name} has {deployment.status} in {environment}"
    if deployment.status in ("cancelled", "timed_out", "running"):
        message = f"{report.script.name} is {deployment.status} in {environment}"
    why = f": {deployment.error_message}" if deployment.error_message else ""
    hint = f"see: pgdocket script output {deployment.deployment_id}"
    if number:
        output.say(f"pgdocket: {message}{why}")
        click.get_current_context().exit(128 + number)
    raise Error(message + why, hint=hint)


class _Shown:
    """Shows what a script prints, as it prints it; goes on where nobody reads it any more."""

    def __init__(self, *, is_json: bool) -> None:
        # Standard output is for JSON then.
        self._streams = {
            "stdout": sys.stderr.buffer if is_json else sys.stdout.buffer,
            "stderr": sys.stderr.buffer,
        }

    def __call__(self, stream: str, data: bytes) -> None:
        """Shows what came of a stream."""
        target = self._streams.get(stream)
        if target is None:
            return
        try:
            target.write(data)
            target.flush()
        except (OSError, ValueError):
            del self._streams[stream]
            if target is not sys.stderr.buffer:
                os.dup2(os.open(os.devnull, os.O_WRONLY), target.fileno())

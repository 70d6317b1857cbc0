"""script: what brings a project into an environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import read_file
from pgdocket.cli.script_run import run
from pgdocket.cli.session import as_row, given, opened, the_project, the_task

ENVIRONMENTS = click.Choice(["development", "staging", "production"])
LANGUAGES = click.Choice(["bash", "python", "node", "sql"])
_COLUMNS = {
    "script_name": "script",
    "version_no": "version",
    "language": "language",
    "environments": "for",
    "content_size": "bytes",
    "updated_at": "changed",
    "description": "what for",
}
_VERSIONS = {
    "version_no": "version",
    "created_at": "when",
    "created_by": "by",
    "language": "language",
    "content_size": "bytes",
    "content_hash": "SHA-256",
}
_PLAN = {
    "wave": "wave",
    "script_name": "script",
    "version_no": "version",
    "state": "state",
    "waits_on": "waits for",
    "missing_permissions": "you lack",
}
_HISTORY = {
    "started_at": "began",
    "what": "script",
    "environment": "where",
    "how": "status",
    "duration_ms": "ms",
    "exit_code": "exit",
    "deployment_id": "deployment",
}
_LANGUAGE_OF = {".sh": "bash", ".bash": "bash", ".py": "python", ".js": "node", ".sql": "sql"}


@click.group()
@common_options
def script() -> None:
    """Keep deployment scripts, and run them in their order.

    \b
    Example:
      pgdocket script add migrate migrate.sql
      pgdocket script add roll-out roll-out.sh --depends-on migrate --require API_TOKEN
      pgdocket script plan --env staging
      pgdocket script run roll-out --env staging --with-dependencies
    """


script.add_command(run)


@script.command()
@common_options
@click.argument("script_name", metavar="NAME")
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--language", type=LANGUAGES, help="What it is written in; else told from FILE.")
@click.option("--env", "environments", type=ENVIRONMENTS, multiple=True,
              help="Where it is run; repeatable (all of them unless told).")  # fmt: skip
@click.option("--depends-on", metavar="NAME", multiple=True,
              help="What has to have succeeded before it; repeatable.")  # fmt: skip
@click.option("--no-dependencies", is_flag=True, help="Let it depend on nothing.")
@click.option("--require", "required_variables", metavar="VARIABLE", multiple=True,
              help="An environment variable that it needs; repeatable.")  # fmt: skip
@click.option("--optional", "optional_variables", metavar="VARIABLE", multiple=True,
              help="One that it reads if it is there; repeatable.")  # fmt: skip
@click.option("--permission", "required_permissions", metavar="NAME", multiple=True,
              help="project:admin, role:NAME, or any word; repeatable.")  # fmt: skip
@click.option("--timeout", "timeout_seconds", metavar="SECONDS", type=int,
              help="How long it may run (an hour unless told).")  # fmt: skip
@click.option("--attempts", "max_attempts", type=int, help="How often it is tried (once).")
@click.option("--backoff", "backoff_seconds", metavar="SECONDS", type=int,
              help="The wait after the first failure (10); it doubles.")  # fmt: skip
@click.option("--description", help="What it is good for.")
@click.pass_obj
def add(
    options: Options,
    /,
    script_name: str,
    file: str | None,
    language: str | None,
    no_dependencies: bool,
    **fields: Any,
) -> None:
    """Put a script into the project from FILE (- is stdin), or change what is told of it.

    Another content is its next version, the same makes none. What is left out stays as it was.

    \b
    Example:
      pgdocket script add migrate migrate.sql --env staging --env production
      pgdocket script add migrate --timeout 600
    """
    named = given(fields) | ({"depends_on": []} if no_dependencies else {})
    if file is not None:
        named["content"] = _content(file)
        language = language or _LANGUAGE_OF.get(Path(file).suffix)
    if language is not None:
        named["language"] = language
    with opened(options) as docket:
        stored = docket.put_deployment_script(
            project_id=the_project(docket, options).project_id, script_name=script_name, **named
        )
    if options.json:
        output.print_json(_described(stored))
    else:
        output.plain(f"{stored.script_name} is at version {stored.version_no}")


def _content(file: str) -> str:
    data = sys.stdin.buffer.read() if file == "-" else read_file(Path(file))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file} is no text in UTF-8") from None


def _described(stored: Any) -> dict[str, Any]:
    row = as_row(stored)
    return row | {"content_hash": row["content_hash"].hex()}


@script.command("list")
@common_options
@click.option("--env", "environment", type=ENVIRONMENTS, help="Only those for this environment.")
@click.option("--language", type=LANGUAGES, help="Only those written in this.")
@click.option("--retired", "include_retired", is_flag=True, help="Also those that were retired.")
@click.option("--after", metavar="NAME", help="Go on behind this script.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, **conditions: Any) -> None:
    """List the scripts of the project, by name.

    \b
    Example:
      pgdocket script list --env production
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        found = docket.list_deployment_scripts(project_id=project_id, **conditions)
    rows = [_described(each) for each in found]
    output.table(rows, _COLUMNS, as_json=options.json, empty="no scripts")


@script.command()
@common_options
@click.argument("script_name", metavar="NAME")
@click.option("--version", "version_no", type=int, help="That version, not the latest.")
@click.option("--content", "content_only", is_flag=True, help="Print what is run, and only that.")
@click.option("--versions", "list_versions", is_flag=True, help="List its versions instead.")
@click.pass_obj
def show(
    options: Options,
    script_name: str,
    version_no: int | None,
    content_only: bool,
    list_versions: bool,
) -> None:
    """Show a script: how it is run, and what.

    \b
    Example:
      pgdocket script show migrate
      pgdocket script show migrate --version 1 --content
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        if list_versions:
            versions = docket.list_deployment_script_versions(
                project_id=project_id, script_name=script_name
            )
            rows = [_described(each) for each in versions]
            output.table(rows, _VERSIONS, as_json=options.json, empty="no such script")
            return
        found = docket.get_deployment_script(
            project_id=project_id, script_name=script_name, version_no=version_no
        )
    if content_only:
        click.echo(found.content, nl=False)
    elif options.json:
        output.print_json(_described(found))
    else:
        fields = {key: value for key, value in _described(found).items() if value not in (None, [])}
        content = fields.pop("content")
        output.record({key: value for key, value in fields.items() if value != {}})
        output.plain()
        output.plain(content.rstrip("\n"))


@script.command()
@common_options
@click.argument("script_name", metavar="NAME")
@click.pass_obj
def retire(options: Options, script_name: str) -> None:
    """Retire a script that no other depends on; script add brings it back.

    \b
    Example:
      pgdocket script retire migrate
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        stored = docket.retire_deployment_script(project_id=project_id, script_name=script_name)
    if options.json:
        output.print_json(_described(stored))
    else:
        output.plain(f"{stored.script_name} is retired")


@script.command()
@common_options
@click.argument("script_name", metavar="[NAME]", required=False)
@click.option("--env", "environment", type=ENVIRONMENTS, required=True, help="Where.")
@click.pass_obj
def plan(options: Options, script_name: str | None, environment: str) -> None:
    """Show in what order scripts are run in an environment, and how each stands there.

    With NAME only this one, and what it waits for.

    \b
    Example:
      pgdocket script plan --env staging
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        found = docket.deployment_plan(
            project_id=project_id, environment=environment, script_name=script_name
        )
    rows = [as_row(each) for each in found]
    if not options.json:
        rows = [row | {"state": _state(row)} for row in rows]
    empty = f"there is nothing to run in {environment}"
    output.table(rows, _PLAN, as_json=options.json, empty=empty)


def _state(row: dict[str, Any]) -> str:
    if row["is_deployed"]:
        return "deployed"
    if row["last_status"] is None:
        return "waits" if row["unmet"] else "to run"
    if row["last_version_no"] != row["version_no"]:
        return f"version {row['last_version_no']} {row['last_status']}"
    return str(row["last_status"])


@script.command()
@common_options
@click.argument("script_name", metavar="[NAME]", required=False)
@click.option("--env", "environment", type=ENVIRONMENTS, help="Only in this environment.")
@click.option("--status", help="Only running, completed, failed, timed_out or cancelled ones.")
@click.option("--task", "reference", metavar="TASK", help="Only for this task.")
@click.option("--since", metavar="TIME", help="Only those from this time on.")
@click.option("--until", metavar="TIME", help="Only those before this time.")
@click.option("--after", metavar="ID", help="Go on after this deployment.")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def history(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List what was run, of one script or of all, the newest first.

    \b
    Example:
      pgdocket script history roll-out --env production
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        task_id = None if reference is None else the_task(docket, options, reference)
        found = docket.list_deployments(project_id=project_id, task_id=task_id, **conditions)
    rows = [as_row(each) for each in found]
    if not options.json:
        rows = [row | {"what": _version(row), "how": _attempt(row)} for row in rows]
    output.table(rows, _HISTORY, as_json=options.json, empty="nothing was run")


def _version(row: dict[str, Any]) -> str:
    return f"{row['script_name']} {row['version_no']}"


def _attempt(row: dict[str, Any]) -> str:
    number = row["attempt_no"]
    return f"{row['status']}, attempt {number}" if number > 1 else str(row["status"])


@script.command("output")
@common_options
@click.argument("deployment_id", metavar="DEPLOYMENT")
@click.pass_obj
def output_(options: Options, deployment_id: str) -> None:
    """Print what a deployment printed; of much, the beginning and the end.

    \b
    Example:
      pgdocket script output 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        found = docket.get_deployment(deployment_id=deployment_id)
        execution = docket.get_execution(execution_id=found.execution_id)
    if options.json:
        output.print_json(execution)
    else:
        click.echo(execution.stdout_preview or "", nl=False)
        click.echo(execution.stderr_preview or "", nl=False, err=True)


@script.command()
@common_options
@click.argument("deployment_id", metavar="DEPLOYMENT")
@click.pass_obj
def cancel(options: Options, deployment_id: str) -> None:
    """Cancel a deployment that runs: whoever runs it ends the script.

    \b
    Example:
      pgdocket script cancel 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        found = docket.finish_deployment(
            deployment_id=deployment_id, status="cancelled", error_message="cancelled"
        )
    if options.json:
        output.print_json(found)
    else:
        output.plain(f"cancelled: it began {output.text(found.started_at)} in {found.environment}")

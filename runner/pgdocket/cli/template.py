"""template: what is made over and over, with names for what differs each time."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import (
    as_row,
    given,
    json_text,
    opened,
    show_tasks,
    the_project,
    the_task,
)

if TYPE_CHECKING:
    from pgdocket.client import Docket

_COLUMNS = {
    "template_key": "template",
    "kind": "kind",
    "title": "title",
    "tags": "tags",
    "version": "version",
}
_EFFECT = {
    "template_key": "template",
    "version": "version",
    "uses": "uses",
    "tasks": "tasks",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "success_rate": "success",
    "effort_ratio": "effort",
}


def _the_template(docket: Docket, options: Options, key: str) -> UUID:
    project = the_project(docket, options)
    return docket.get_template(project_id=project.project_id, template_key=key).template_id


def _variables(pairs: tuple[str, ...], given: Any) -> dict[str, Any]:
    """The variables of --set NAME=VALUE, over those of --variables."""
    values = dict(given or {})
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"this is not NAME=VALUE: {pair}")
        values[name] = value
    return values


@click.group()
@common_options
def template() -> None:
    """Keep templates, render them, and make workflows of them.

    \b
    Example:
      pgdocket template put review README.md --kind prompt
      pgdocket template render review --set file=cart.py
    """


@template.command()
@common_options
@click.argument("template_key", metavar="TEMPLATE")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@click.option(
    "--kind",
    type=click.Choice(["prompt", "code", "configuration", "workflow"]),
    required=True,
    help="What comes of it.",
)
@click.option(
    "--schema", "variables", type=json_text, metavar="JSON", help="JSON Schema of its variables."
)
@click.option("--title", help="Its title; TEMPLATE unless given.")
@click.option("--description", help="What it is good for.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; repeatable.")
@click.option("--expect", "expected_version", type=int, help="The version read; 0: none.")
@click.pass_obj
def put(options: Options, /, template_key: str, file: IO[str], **fields: Any) -> None:
    """Put FILE (or standard input) into the project as TEMPLATE.

    {{name}} in it stands for a variable. A workflow is a JSON object with name and tasks.

    \b
    Example:
      pgdocket template put review README.md --kind prompt --title "A review"
    """
    with opened(options) as docket:
        made = docket.put_template(
            project_id=the_project(docket, options).project_id,
            template_key=template_key,
            body=file.read(),
            **given(fields),
        )
    if options.json:
        output.print_json(made)
    else:
        output.plain(f"{made.template_key} is at version {made.version}")


@template.command()
@common_options
@click.argument("template_key", metavar="TEMPLATE")
@click.option("--version", type=int, help="As it was in this version.")
@click.pass_obj
def show(options: Options, template_key: str, version: int | None) -> None:
    """Show a template.

    \b
    Example:
      pgdocket template show review --json
    """
    with opened(options) as docket:
        found = docket.get_template(
            project_id=the_project(docket, options).project_id,
            template_key=template_key,
            version=version,
        )
    if options.json:
        output.print_json(found)
    else:
        output.plain(found.body)


@template.command("list")
@common_options
@click.option("--kind", help="Only of this kind.")
@click.option("--tag", "tags_all", multiple=True, help="Only with this tag; repeatable.")
@click.option("--archived", "include_archived", is_flag=True, help="Also what was put away.")
@click.option("--after", metavar="TEMPLATE", help="Go on after this one.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, **conditions: Any) -> None:
    """List the templates of the project.

    \b
    Example:
      pgdocket template list --kind workflow
    """
    with opened(options) as docket:
        found = docket.list_templates(
            project_id=the_project(docket, options).project_id,
            **given(conditions),
        )
    output.table([as_row(each) for each in found], _COLUMNS, as_json=options.json)


@template.command()
@common_options
@click.argument("template_key", metavar="TEMPLATE")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A variable; repeatable.")
@click.option("--variables", type=json_text, metavar="JSON", help="Variables, as an object.")
@click.option("--version", type=int, help="As it was in this version.")
@click.option("--task", "reference", metavar="TASK", help="Write down that TASK uses it.")
@click.pass_obj
def render(
    options: Options,
    template_key: str,
    pairs: tuple[str, ...],
    variables: Any,
    version: int | None,
    reference: str | None,
) -> None:
    """Print a template with values in the place of its variables.

    \b
    Example:
      pgdocket template render review --set file=cart.py --task shop-3
    """
    with opened(options) as docket:
        wanted: dict[str, Any] = {
            "template_id": _the_template(docket, options, template_key),
            "variables": _variables(pairs, variables),
            "version": version,
        }
        rendered = docket.render_template(**wanted)
        if reference:
            task_id = the_task(docket, options, reference)
            docket.record_template_use(task_id=task_id, **wanted)
    if options.json:
        output.print_json({"rendered": rendered})
    else:
        output.plain(rendered)


@template.command()
@common_options
@click.argument("template_key", metavar="TEMPLATE")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A variable; repeatable.")
@click.option("--variables", type=json_text, metavar="JSON", help="Variables, as an object.")
@click.option("--name", help="The name of the workflow; the template's unless given.")
@click.pass_obj
def instantiate(
    options: Options, template_key: str, pairs: tuple[str, ...], variables: Any, name: str | None
) -> None:
    """Make a workflow with its tasks and dependencies from a template.

    \b
    Example:
      pgdocket template instantiate release --set version=1.4
    """
    with opened(options) as docket:
        tasks = docket.instantiate_workflow(
            template_id=_the_template(docket, options, template_key),
            variables=_variables(pairs, variables),
            name=name,
        )
        show_tasks(tasks, options, empty="the template has no tasks")


@template.command()
@common_options
@click.argument("template_key", metavar="[TEMPLATE]", required=False)
@click.option("--since", metavar="TIME", help="Only uses from this time on.")
@click.pass_obj
def effectiveness(options: Options, template_key: str | None, since: Any) -> None:
    """Show what became of the tasks that templates were used for.

    \b
    Example:
      pgdocket template effectiveness release
    """
    with opened(options) as docket:
        rows = docket.template_effectiveness(
            project_id=the_project(docket, options).project_id,
            template_id=_the_template(docket, options, template_key) if template_key else None,
            since=since,
        )
    output.table([as_row(each) for each in rows], _EFFECT, as_json=options.json)


@template.command()
@common_options
@click.argument("template_key", metavar="TEMPLATE")
@click.pass_obj
def archive(options: Options, template_key: str) -> None:
    """Put a template away.

    \b
    Example:
      pgdocket template archive review
    """
    with opened(options) as docket:
        made = docket.archive_template(template_id=_the_template(docket, options, template_key))
    if options.json:
        output.print_json(made)
    else:
        output.plain(f"{made.template_key} is put away")

"""components: the parts of a system, and how they are."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, given, opened, the_project

_COMPONENTS = {
    "name": "component",
    "kind": "kind",
    "component_version": "version",
    "owner": "owner",
    "heartbeat_seconds": "heartbeat (s)",
    "state": "state",
}
_HEALTH = {
    "name": "component",
    "state": "state",
    "heartbeat_at": "last heard of",
    "utilization": "in use",
    "reason": "why",
}
_STATES = ["healthy", "degraded", "stale", "down"]
_SILENT = ("stale", "down")


@click.group()
@common_options
def components() -> None:
    """Say what parts a system has, and see how they are.

    \b
    Example:
      pgdocket components register api --kind service --every 30
      pgdocket components health
    """


@components.command("list")
@common_options
@click.option("--state", type=click.Choice(_STATES), help="Only those that are so.")
@click.option("--kind", help="Only services, databases, workers...")
@click.pass_obj
def list_(options: Options, /, **conditions: Any) -> None:
    """List the components of the project.

    \b
    Example:
      pgdocket components list --kind service
    """
    output.table(
        _found(options, conditions), _COMPONENTS, as_json=options.json, empty="no components"
    )


def _found(options: Options, conditions: dict[str, Any]) -> list[dict[str, Any]]:
    with opened(options) as docket:
        found = docket.list_components(
            project_id=the_project(docket, options).project_id, page_size=1000, **given(conditions)
        )
    return [as_row(each) for each in found]


@components.command()
@common_options
@click.pass_context
def health(ctx: click.Context) -> None:
    """Show how each component is; the exit code is 1 when one is silent or down.

    \b
    Example:
      pgdocket components health
    """
    options: Options = ctx.obj
    rows = _found(options, {})
    shown = rows
    if not options.json:
        shown = [row | {"utilization": _in_use(row["utilization"])} for row in rows]
    output.table(shown, _HEALTH, as_json=options.json, empty="no components")
    if any(row["state"] in _SILENT for row in rows):
        ctx.exit(1)


def _in_use(utilization: Any) -> str:
    return " ".join(f"{name}={value:.0%}" for name, value in sorted((utilization or {}).items()))


@components.command()
@common_options
@click.argument("name", metavar="COMPONENT")
@click.option("--kind", required=True, help="What it is: service, database, worker, job...")
@click.option("--version", "component_version", help="The version that runs.")
@click.option("--owner", help="Who is asked about it.")
@click.option(
    "--every",
    "heartbeat_seconds",
    metavar="SECONDS",
    type=int,
    help="How often it gives a sign of life; else never.",
)
@click.option("--description", help="What it does.")
@click.pass_obj
def register(options: Options, /, **fields: Any) -> None:
    """Make COMPONENT known, or say anew what it is, as it does when it starts.

    \b
    Example:
      pgdocket components register api --kind service --version 1.4.2 --every 30
    """
    with opened(options) as docket:
        found = docket.register_component(
            project_id=the_project(docket, options).project_id, **given(fields)
        )
    if options.json:
        output.print_json(found)
    else:
        output.plain(f"known: {found.name} ({found.kind})")


@components.command()
@common_options
@click.argument("name", metavar="COMPONENT")
@click.option("--state", type=click.Choice(["healthy", "degraded", "down"]), help="How it is.")
@click.option("--reason", help="Why.")
@click.option("--use", "used", metavar="NAME=PART", multiple=True, help="0 to 1; repeatable.")
@click.pass_obj
def heartbeat(options: Options, /, used: tuple[str, ...], **fields: Any) -> None:
    """Give a sign of life of COMPONENT.

    \b
    Example:
      pgdocket components heartbeat api --use cpu=0.4 --use disk=0.9
    """
    with opened(options) as docket:
        found = docket.component_heartbeat(
            project_id=the_project(docket, options).project_id,
            utilization=dict(map(_part, used)) or None,
            **given(fields),
        )
    if options.json:
        output.print_json(found)
    else:
        output.plain(f"{fields['name']} is {found.state}")


def _part(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no NAME=PART", param_hint="--use") from None


@components.command()
@common_options
@click.argument("name", metavar="COMPONENT")
@click.pass_obj
def retire(options: Options, name: str) -> None:
    """Say that COMPONENT is no more: nobody waits for a sign of life.

    \b
    Example:
      pgdocket components retire api
    """
    with opened(options) as docket:
        found = docket.retire_component(
            project_id=the_project(docket, options).project_id, name=name
        )
    if options.json:
        output.print_json(found)
    else:
        output.plain(f"retired: {found.name}")

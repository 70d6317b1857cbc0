"""dep, why, graph: what waits for what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project, the_task

if TYPE_CHECKING:
    from pgdocket.client import Docket, TaskDependency

_TYPE_HELP = "blocks (default), suggests, related, duplicates, discovered_from or supersedes."


@click.group()
@common_options
def dep() -> None:
    """Add, remove and list dependencies.

    "dep add A B" reads "A depends on B": A waits until B is completed.

    \b
    Example:
      pgdocket dep add shop-3 shop-1
    """


@dep.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("depends_on", metavar="DEPENDS_ON")
@click.option("--type", "dependency_type", default="blocks", help=_TYPE_HELP)
@click.option("--strength", type=float, help="How strong the relation is, 0 to 1.")
@click.option(
    "--until",
    "satisfied_by",
    type=click.Choice(["completed", "merged", "validated"]),
    help="What DEPENDS_ON has to be: completed (default), merged or validated.",
)
@click.pass_obj
def add(
    options: Options,
    reference: str,
    depends_on: str,
    dependency_type: str,
    strength: float | None,
    satisfied_by: str | None,
) -> None:
    """Make TASK depend on another task.

    Refused, with the circle, when that would close one.

    \b
    Example:
      pgdocket dep add shop-3 shop-1
      pgdocket dep add shop-3 shop-1 --until merged
      pgdocket dep add shop-3 shop-2 --type related
    """
    with opened(options) as docket:
        added = docket.add_dependency(
            task_id=the_task(docket, options, reference),
            depends_on_id=the_task(docket, options, depends_on),
            dependency_type=dependency_type,
            strength=strength,
            satisfied_by=satisfied_by,
        )
    _show(added, options, f"{reference} now depends on {depends_on}")


@dep.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("depends_on", metavar="DEPENDS_ON")
@click.option("--type", "dependency_type", default="blocks", help=_TYPE_HELP)
@click.pass_obj
def rm(options: Options, reference: str, depends_on: str, dependency_type: str) -> None:
    """Remove a dependency.

    \b
    Example:
      pgdocket dep rm shop-3 shop-1
    """
    with opened(options) as docket:
        removed = docket.remove_dependency(
            task_id=the_task(docket, options, reference),
            depends_on_id=the_task(docket, options, depends_on),
            dependency_type=dependency_type,
        )
    _show(removed, options, f"{reference} no longer depends on {depends_on}")


def _show(edge: TaskDependency, options: Options, done: str) -> None:
    if options.json:
        output.print_json(edge)
    else:
        until = "" if edge.satisfied_by == "completed" else f" until it is {edge.satisfied_by}"
        output.plain(f"{done} ({edge.dependency_type}{until})")


@dep.command(name="list")
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--all", "through", is_flag=True, help="Through others, too, with the depth.")
@click.option("--reverse", is_flag=True, help="What waits for the task instead.")
@click.pass_obj
def list_(options: Options, reference: str, through: bool, reverse: bool) -> None:
    """List what TASK depends on.

    \b
    Example:
      pgdocket dep list shop-3 --all
      pgdocket dep list shop-3 --reverse
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        if through and reverse:
            rows = [as_row(each) for each in docket.impact(task_id=task_id)]
        elif through:
            rows = [as_row(each) for each in docket.blockers(task_id=task_id)]
        else:
            rows = _neighbours(docket, task_id, reverse=reverse)
    key = "affected_key" if reverse else "blocker_key"
    columns = (
        {"depth": "depth", key: "task"} | ({"is_freed": "frees"} if reverse else {})
        if through
        else {"type": "type", "satisfied_by": "until", "task_key": "task"}
    )
    nothing = "nothing waits for it" if reverse else "it waits for nothing"
    output.table(
        rows,
        columns | {"status": "status", "title": "title"},
        as_json=options.json,
        empty=nothing,
    )


def _neighbours(docket: Docket, task_id: UUID, *, reverse: bool) -> list[dict[str, Any]]:
    """The tasks at the other end of a task's dependencies, with the type."""
    if reverse:
        ends = [(d.task_id, d) for d in docket.dependents(task_id=task_id)]
    else:
        ends = [(d.depends_on_id, d) for d in docket.dependencies(task_id=task_id)]
    return [
        {"type": edge.dependency_type, "satisfied_by": edge.satisfied_by}
        | as_row(docket.get_task(task_id=each))
        for each, edge in ends
    ]


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def why(options: Options, reference: str) -> None:
    """Say why a task is blocked, or that it is ready, and what it can't be completed without.

    \b
    Example:
      pgdocket why shop-3
    """
    with opened(options) as docket:
        reasons = docket.why_blocked(task_id=the_task(docket, options, reference))
    output.table(
        [as_row(reason) for reason in reasons],
        {"reason": "reason", "related_task_key": "task", "detail": "detail"},
        as_json=options.json,
        empty=f"{reference} is ready: nothing is in its way",
    )
    if reasons and not options.json and not any(reason.is_blocking for reason in reasons):
        output.plain(f"{reference} can be claimed all the same")


@click.command()
@common_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["mermaid", "dot", "svg", "json"]),
    help="The form; else by the ending of FILE, else mermaid.",
)
@click.option(
    "-o", "--output", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write to FILE."
)
@click.option("--max-tasks", type=click.IntRange(min=1), help="Draw the first so many tasks only.")
@click.pass_obj
def graph(options: Options, format_: str | None, file: Path | None, max_tasks: int | None) -> None:
    """Draw the dependency graph, arrows from what comes first to what waits for it.

    SVG is drawn by Graphviz where it is installed, which lays graphs out best, else by
    grandalf, which is pure Python and always there.

    \b
    Example:
      pgdocket graph --format svg -o plan.svg
      pgdocket graph --format mermaid
    """
    from pgdocket import graph_picture

    chosen = "json" if options.json and format_ is None else format_ or _by_ending(file)
    with opened(options) as docket:
        found = docket.graph(
            project_id=the_project(docket, options).project_id, max_tasks=max_tasks
        )
    if chosen == "json":
        text = output.to_json(output.without_secrets(found)) + "\n"
    else:
        draw = {
            "mermaid": graph_picture.mermaid,
            "dot": graph_picture.dot,
            "svg": graph_picture.svg,
        }[chosen]
        text = draw(graph_picture.picture_of(found))
    if file is None:
        output.plain(text.rstrip("\n"))
    else:
        file.write_text(text, encoding="utf-8")
        output.say(f"written to {file}")
    if found["left_out"]:
        output.say(f"{found['left_out']} more tasks are left out")


def _by_ending(file: Path | None) -> str:
    endings = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".json": "json"}
    return endings.get(file.suffix, "mermaid") if file else "mermaid"

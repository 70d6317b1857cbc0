"""provenance: where something comes from, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import opened, the_task
from pgdocket.errors import NotFound

if TYPE_CHECKING:
    from pgdocket.client import Docket

_COLUMNS = {"kind": "what", "name": "name", "status": "how", "at": "when", "id": "id"}
_NAMES = ("task_key", "agent", "file_path", "validation_type", "repository", "execution_type")
_TIMES = ("merged_at", "completed_at", "ended_at", "started_at", "created_at")


def _first(node: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((node[key] for key in keys if key in node), None)


def _row(node: dict[str, Any]) -> dict[str, Any]:
    name = _first(node, ("model", *_NAMES))
    if "number" in node:
        name = f"{name}#{node['number']}"
    return {
        "kind": node["kind"],
        "name": name,
        "status": _first(node, ("status", "outcome", "sha256")),
        "at": _first(node, _TIMES),
        "id": node["id"],
    }


def _asked_for(
    docket: Docket, options: Options, reference: str | None, path: str | None, change: str | None
) -> dict[str, Any]:
    """The one thing that the words of the command name."""
    if (reference is None) == (change is None):
        raise click.UsageError("name a task, or a pull request with --pull-request")
    if reference is None:
        return {"pull_request_id": change}
    task_id = the_task(docket, options, reference)
    if path is None:
        return {"task_id": task_id}
    found = docket.find_artifact(task_id=task_id, file_path=path)
    if found is None:
        raise NotFound(
            f"{reference} has no such artifact", hint=f"see: pgdocket artifact list {reference}"
        )
    return {"artifact_id": found.artifact_id}


@click.command()
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.argument("path", metavar="[PATH]", required=False)
@click.option("--pull-request", "change", metavar="ID", help="Of this pull request (its id).")
@click.option("--in-toto", "is_statement", is_flag=True, help="As an in-toto statement (SLSA v1).")
@click.pass_obj
def provenance(
    options: Options,
    reference: str | None,
    path: str | None,
    change: str | None,
    is_statement: bool,
) -> None:
    """Show what led to a task's artifacts, and what became of them.

    \b
    Example:
      pgdocket provenance shop-3
      pgdocket provenance shop-3 src/login.py --in-toto
    """
    with opened(options) as docket:
        asked = _asked_for(docket, options, reference, path, change)
        if is_statement:
            output.print_json(docket.in_toto_statement(**asked))
            return
        graph: Any = docket.provenance(**asked)
    if options.json:
        output.print_json(graph)
        return
    output.table([_row(node) for node in graph["nodes"]], _COLUMNS, as_json=False)

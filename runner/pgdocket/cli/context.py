"""context: what is known about a task, in versions."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.context_types import prune, register, stats, types
from pgdocket.cli.prompt import health, patterns, prompt
from pgdocket.cli.session import as_row, json_text, opened, the_project, the_task
from pgdocket.context_limits import max_context_bytes, require_size
from pgdocket.errors import NotFound

_VERSIONS = {
    "version": "version",
    "created_at": "when",
    "created_by": "who",
    "byte_size": "bytes",
    "content_type": "content",
    "is_tombstone": "deleted",
}
_LATEST = {"context_type": "type"} | {
    key: heading for key, heading in _VERSIONS.items() if key != "is_tombstone"
}
_DIFFERENCES = {"path": "path", "operation": "what", "before": "before", "after": "after"}
_FOUND = {
    "task_key": "task",
    "context_type": "type",
    "version": "version",
    "rank": "rank",
    "headline": "says",
}
_TOUCHING = {"task_key": "task", "status": "status", "named_paths": "names", "title": "title"}
_LONGEST = 60


@click.group()
@common_options
def context() -> None:
    """Keep what is known about a task, and find it again.

    A context has a type (requirements, codebase, constraints, or any other word) and versions: each
    change makes the next, none is ever lost.

    \b
    Example:
      pgdocket context put shop-3 requirements '{"goal": "Sessions expire."}'
      pgdocket context get shop-3 requirements
    """


def _content(given: str) -> bytes:
    """What to store: the text itself, what a file has (@FILE), or standard input (-)."""
    if given == "-":
        return sys.stdin.buffer.read()
    if given.startswith("@"):
        try:
            return Path(given[1:]).read_bytes()
        except OSError as error:
            raise click.BadParameter(f"{given[1:]}: {error.strerror}") from None
    return given.encode()


version_option = click.option("--version", type=int, help="That version, not the latest.")
expect_option = click.option(
    "--expect",
    "expected_version",
    type=int,
    help="Only if this is the latest; 0: if there is none.",
)
attempt_option = click.option("--attempt", "attempt_id", metavar="ID", help="Your attempt.")


@context.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("context_type", metavar="TYPE")
@click.argument("content", metavar="CONTENT")
@click.option(
    "--content-type",
    default="application/json",
    show_default=True,
    help="What CONTENT is, such as text/markdown.",
)
@expect_option
@attempt_option
@click.pass_obj
def put(
    options: Options,
    reference: str,
    context_type: str,
    content: str,
    content_type: str,
    expected_version: int | None,
    attempt_id: str | None,
) -> None:
    """Store CONTENT as the next version: a text, @FILE, or - for standard input.

    It comes back byte for byte. The same again makes no version. More than MAX_CONTEXT_SIZE_MB
    (MiB), where that is set, is not sent; the docket has a limit of its own.

    \b
    Example:
      pgdocket context put shop-3 codebase @map.json
      pgdocket context put shop-3 log - --content-type text/plain
    """
    given = _content(content)
    require_size(len(given), max_context_bytes(os.environ))
    with opened(options) as docket:
        stored = docket.put_context_raw(
            task_id=the_task(docket, options, reference),
            context_type=context_type,
            content=given,
            content_type=content_type,
            expected_version=expected_version,
            attempt_id=attempt_id,
        )
    _show_version(stored, options, reference)


@context.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("context_type", metavar="TYPE")
@click.argument("patch", metavar="PATCH")
@expect_option
@attempt_option
@click.pass_obj
def patch(
    options: Options,
    reference: str,
    context_type: str,
    patch: str,
    expected_version: int | None,
    attempt_id: str | None,
) -> None:
    """Change a part: PATCH is an object to merge, or a list of operations (RFC 7396, RFC 6902).

    \b
    Example:
      pgdocket context patch shop-3 requirements '{"goal": "Sessions expire after an hour."}'
      pgdocket context patch shop-3 ai '[{"op": "add", "path": "/found/-", "value": "a leak"}]'
    """
    changes = json_text(patch)
    with opened(options) as docket:
        stored = docket.patch_context(
            task_id=the_task(docket, options, reference),
            context_type=context_type,
            patch=changes,
            patch_type="json" if isinstance(changes, list) else "merge",
            expected_version=expected_version,
            attempt_id=attempt_id,
        )
    _show_version(stored, options, reference)


def _show_version(stored: Any, options: Options, reference: str) -> None:
    if options.json:
        output.print_json(_described(stored))
    else:
        output.plain(f"{reference}: {stored.context_type} is at version {stored.version}")


def _described(stored: Any) -> dict[str, Any]:
    row = as_row(stored)
    return row | {"content_hash": row["content_hash"].hex()}


@context.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("context_type", metavar="TYPE", required=False)
@version_option
@click.option("--raw", is_flag=True, help="The content alone, byte for byte.")
@click.pass_obj
def get(
    options: Options, reference: str, context_type: str | None, version: int | None, raw: bool
) -> None:
    """Print a context of TASK; without TYPE, list what there is.

    \b
    Example:
      pgdocket context get shop-3
      pgdocket context get shop-3 codebase --raw
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        if context_type is None:
            latest = docket.latest_contexts(task_id=task_id, page_size=1000)
            _show_versions(latest, _LATEST, options, f"{reference} has no context")
            return
        found = docket.get_context(task_id=task_id, context_type=context_type, version=version)
        content = docket.get_context_raw(
            task_id=task_id, context_type=context_type, version=version
        )
        if found is None or content is None:
            raise NotFound(
                f"{reference} has no such context", hint="see: pgdocket context get TASK"
            )
    if raw:
        sys.stdout.buffer.write(content.content)
    elif options.json:
        output.print_json(_described(found))
    elif isinstance(found.data, str):
        output.plain(found.data)
    else:
        output.print_json(found.data)


@context.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("context_type", metavar="TYPE")
@click.option("--after", metavar="VERSION", type=int, default=0, help="Go on behind a version.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="At most.")
@click.pass_obj
def history(
    options: Options, reference: str, context_type: str, after: int, page_size: int
) -> None:
    """List the versions of a context, the first first.

    \b
    Example:
      pgdocket context history shop-3 requirements
    """
    with opened(options) as docket:
        found = docket.context_history(
            task_id=the_task(docket, options, reference),
            context_type=context_type,
            after=after,
            page_size=page_size,
        )
    _show_versions(found, _VERSIONS, options, "no versions")


def _show_versions(
    found: Iterable[Any], columns: dict[str, str], options: Options, empty: str
) -> None:
    """A row for each version; most are JSON, which then has a short name."""
    rows = [_described(each) for each in found]
    if not options.json:
        rows = [
            row | {"content_type": "json"} if row["content_type"] == "application/json" else row
            for row in rows
        ]
    output.table(rows, columns, as_json=options.json, empty=empty)


@context.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("context_type", metavar="TYPE")
@click.argument("from_version", metavar="VERSION", type=int)
@click.argument("to_version", metavar="[OTHER]", type=int, required=False)
@click.option("--patch", "as_patch", is_flag=True, help="As a JSON patch (RFC 6902).")
@click.pass_obj
def diff(
    options: Options,
    reference: str,
    context_type: str,
    from_version: int,
    to_version: int | None,
    as_patch: bool,
) -> None:
    """Show what differs between two versions; without OTHER, between one and the latest.

    \b
    Example:
      pgdocket context diff shop-3 requirements 1 2
    """
    with opened(options) as docket:
        found = docket.diff_contexts(
            task_id=the_task(docket, options, reference),
            context_type=context_type,
            from_version=from_version,
            to_version=to_version,
        )
    rows = [_without_secrets(as_row(each)) for each in found]
    if as_patch:
        output.print_json([_operation(row) for row in rows])
        return
    if not options.json:
        rows = [
            row | {"before": _short(row["before"]), "after": _short(row["after"])} for row in rows
        ]
    output.table(rows, _DIFFERENCES, as_json=options.json, empty="nothing differs")


def _without_secrets(row: dict[str, Any]) -> dict[str, Any]:
    """A difference with asterisks for what stands under a secret key, at whatever depth."""
    for key in row["path"].split("/"):
        if output.without_secrets({key: ""}) != {key: ""}:
            stars = {name: output.STARS for name in ("before", "after") if row[name] is not None}
            return row | stars
    return row


def _operation(row: dict[str, Any]) -> dict[str, Any]:
    named = {"op": row["operation"], "path": row["path"]}
    return named if row["operation"] == "remove" else named | {"value": row["after"]}


def _short(value: Any) -> str:
    if value is None:
        return ""
    found = json.dumps(output.without_secrets(value), ensure_ascii=False)
    return found if len(found) <= _LONGEST else found[: _LONGEST - 3] + "..."


@context.command()
@common_options
@click.argument("query")
@click.option("--type", "context_types", multiple=True, help="Only of this type; may be repeated.")
@click.option("--after", metavar="PLACE", help="Go on behind the place of a row (--json has it).")
@click.option("--limit", "page_size", type=int, default=20, show_default=True, help="At most.")
@click.pass_obj
def search(
    options: Options,
    query: str,
    context_types: tuple[str, ...],
    after: str | None,
    page_size: int,
) -> None:
    """Find contexts by their words, the best first.

    \b
    Example:
      pgdocket context search 'session "expires after" -cookie'
    """
    with opened(options) as docket:
        found = docket.search_contexts(
            project_id=the_project(docket, options).project_id,
            query=query,
            context_types=context_types or None,
            after=after,
            page_size=page_size,
        )
    rows = [as_row(each) for each in found]
    if not options.json:
        rows = [row | {"rank": f"{row['rank']:.4f}"} for row in rows]
    output.table(rows, _FOUND, as_json=options.json, empty="not found")


@context.command()
@common_options
@click.argument("path")
@click.pass_obj
def touching(options: Options, path: str) -> None:
    """List the tasks that are about a file, or a directory above it.

    \b
    Example:
      pgdocket context touching src/auth/login.py
    """
    with opened(options) as docket:
        project = the_project(docket, options)
        found = docket.tasks_touching(project_id=project.project_id, path=path)
    output.table([as_row(each) for each in found], _TOUCHING, as_json=options.json, empty="none")


@context.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("context_type", metavar="TYPE")
@expect_option
@click.pass_obj
def delete(
    options: Options, reference: str, context_type: str, expected_version: int | None
) -> None:
    """Take a context away; its versions stay, and can be put again.

    \b
    Example:
      pgdocket context delete shop-3 ai
    """
    with opened(options) as docket:
        gone = docket.delete_context(
            task_id=the_task(docket, options, reference),
            context_type=context_type,
            expected_version=expected_version,
        )
    _show_version(gone, options, reference)


for _command in (stats, types, register, prune, prompt, health, patterns):
    context.add_command(_command)

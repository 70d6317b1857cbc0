"""What an agent is told about a task: prompts, and how good they can be."""

from __future__ import annotations

from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_task

_PIECES = {
    "section": "section",
    "title": "title",
    "tokens": "tokens",
    "cut": "cut",
    "reason": "left out for",
}
_HEALTH = {
    "component": "component",
    "score": "score",
    "weight": "weight",
    "finding": "finding",
    "remedy": "remedy",
}
_PATTERNS = {
    "context_type": "type",
    "is_present": "here",
    "tasks": "tasks with / without",
    "success_rate": "success with / without",
    "attempts": "attempts with / without",
}


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--budget", "token_budget", type=int, metavar="TOKENS", help="How long it may be.")
@click.option(
    "--section",
    "sections",
    multiple=True,
    metavar="NAME",
    help="Only this section; repeatable, the most important first.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "plain", "xml", "json"]),
    default="markdown",
    show_default=True,
    help="How it is written.",
)
@click.option("--model", help="The model that it is for.")
@click.option("--attempt", "attempt_id", metavar="ID", help="The attempt that asks.")
@click.option("--pieces", is_flag=True, help="Show what it is made of, and what was left out.")
@click.pass_obj
def prompt(
    options: Options,
    reference: str,
    token_budget: int | None,
    sections: tuple[str, ...],
    form: str,
    model: str | None,
    attempt_id: str | None,
    pieces: bool,
) -> None:
    """Print what an agent should be told about TASK, within a budget of tokens.

    \b
    Example:
      pgdocket context prompt shop-3 --budget 4000
      pgdocket context prompt shop-3 --section task --section failures --pieces
    """
    with opened(options) as docket:
        built = docket.build_prompt_context(
            task_id=the_task(docket, options, reference),
            token_budget=token_budget,
            sections=list(sections) or None,
            model=model,
            attempt_id=attempt_id,
        )
        if not (options.json or pieces):
            text = docket.render_prompt(prompt_build_id=built.prompt_build_id, format_type=form)
            output.plain(text or "")
            return
    if options.json:
        hashes = {name: getattr(built, name).hex() for name in ("content_hash", "source_hash")}
        output.print_json(as_row(built) | hashes)
        return
    output.table([*built.included, *built.left_out], _PIECES)
    output.plain(f"{built.token_estimate} of {built.token_budget} tokens")


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def health(options: Options, reference: str) -> None:
    """Show how well an agent would be told about TASK, and what to do about it.

    \b
    Example:
      pgdocket context health shop-3
    """
    with opened(options) as docket:
        rows = docket.context_health(task_id=the_task(docket, options, reference))
    output.table([as_row(each) for each in rows], _HEALTH, as_json=options.json)


@click.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def patterns(options: Options, reference: str) -> None:
    """Show what contexts finished tasks of TASK's project had, and how they fared.

    \b
    Example:
      pgdocket context patterns shop-3
    """
    with opened(options) as docket:
        found = docket.context_patterns(task_id=the_task(docket, options, reference))
    rows = [as_row(each) for each in found]
    if not options.json:
        pairs = ("tasks", "success_rate", "attempts")
        rows = [row | {name: _beside(row, name) for name in pairs} for row in rows]
    output.table(rows, _PATTERNS, as_json=options.json)


def _beside(row: dict[str, Any], name: str) -> str:
    """What a figure is with a context and without; - where there is none."""
    pair = (row[f"{name}_with"], row[f"{name}_without"])
    return " / ".join("-" if each is None else f"{each:.4g}" for each in pair)

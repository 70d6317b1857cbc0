"""`pgdocket sqitch plan`: what the plan holds, without a database."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from pgdocket import output
from pgdocket.cli.sqitch.call import HELP, configuration, global_options, settings, warn
from pgdocket.sqitch.config import Configuration
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.format import PLAN_FORMATS, Formatter, check_options, resolve_format
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.plan_report import Search, as_json, report
from pgdocket.sqitch.positional import resolve_positional

_COLORS = ("always", "auto", "never")


@click.command("plan", context_settings=HELP)
@click.argument("arguments", nargs=-1, metavar="[DATABASE]")
@click.option("-t", "--target", metavar="TARGET", help="The target whose plan to read.")
@click.option("--plan-file", metavar="FILE", help="The plan to read.")
@click.option("--event", "events", multiple=True, help="Only deploy or revert; repeatable.")
@click.option("--change-pattern", "--change", metavar="REGEX", help="Only changes named like it.")
@click.option("--planner-pattern", "--planner", metavar="REGEX", help="Only planners named so.")
@click.option("-n", "--max-count", type=int, help="Show at most so many changes.")
@click.option("--skip", type=int, help="Leave out so many changes at the start.")
@click.option("--reverse/--no-reverse", help="Last change first.")
@click.option("-f", "--format", "format_", metavar="FORMAT", help="How to print a change.")
@click.option("--date-format", "--date", metavar="FORMAT", help="How to print a date.")
@click.option("--color", metavar="WHEN", help="always, auto or never.")
@click.option("--no-color", is_flag=True, help="The same as --color never.")
@click.option("--abbrev", type=int, metavar="LENGTH", help="Show so many digits of an id.")
@click.option("--oneline", is_flag=True, help="The same as --format oneline --abbrev 6.")
@click.option("--headers/--no-headers", default=True, help="Name project and file first.")
@global_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    arguments: tuple[str, ...],
    target: str | None,
    plan_file: str | None,
    headers: bool,
    **shown: Any,
) -> None:
    """List the changes of the plan.

    FORMAT is raw, full, long, medium (the default), short, oneline or format:CODES, with the
    codes of `sqitch plan`. Several filters narrow each other down.

    \b
    Example:
      pgdocket sqitch plan --oneline --planner Ada
      pgdocket sqitch plan --format 'format:%h %n%t'
    """
    found = configuration(ctx)
    formatter = _formatter(found, shown)
    overrides = {"plan_file": plan_file} if plan_file else {}
    chosen = resolve_positional(found, arguments, target=target, overrides=overrides)
    if chosen.surplus_targets:
        warn(f"Too many targets specified; using {chosen.target.name}")
    plan = load_plan(chosen.target.plan_file)
    search = Search(
        events=shown["events"],
        change=shown["change_pattern"],
        planner=shown["planner_pattern"],
        limit=shown["max_count"],
        skip=shown["skip"],
        reverse=shown["reverse"],
    )
    if settings(ctx).json:
        output.print_json(as_json(plan, search))
        return
    for line in report(plan, search, replace(formatter, file=str(plan.path)), headers=headers):
        output.plain(line)


def _formatter(found: Configuration, shown: Mapping[str, Any]) -> Formatter:
    """The formatter that options and configuration ask for; SqitchError for an unknown value."""
    date_format = shown["date_format"] or found.get("plan.date_format") or "iso"
    check_options(date_format)
    default = "oneline" if shown["oneline"] else found.get("plan.format") or "medium"
    name = shown["format_"] or default
    codes = resolve_format(name, PLAN_FORMATS, "plan")
    color = shown["color"] or found.get("plan.color") or "auto"
    if shown["no_color"]:
        color = "never"
    if color not in _COLORS:
        raise SqitchError(f'Unknown color setting "{color}": use {", ".join(_COLORS)}', 255)
    return Formatter(
        format=codes,
        abbrev=max(shown["abbrev"] or (6 if shown["oneline"] else 0), 0),
        date_format=date_format,
        color=color == "always" or (color == "auto" and sys.stdout.isatty()),
    )

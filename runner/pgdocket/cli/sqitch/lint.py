"""`pgdocket sqitch lint`: checks plan and scripts without a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgdocket import output
from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    global_options,
    set_option,
    settings,
    understand,
)

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.lint import LintOptions, LintReport

F = TypeVar("F", bound=Callable[..., Any])


def lint_options(command: F) -> F:
    """Adds the options that say what to look for, and how to tell it."""
    for option in (
        click.option("--rules", "show_rules", is_flag=True, help="List the rules, and stop."),
        click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0."),
        click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too."),
        click.option(
            "--released",
            is_flag=True,
            help="Compare what each tag of the plan released with git's version of it.",
        ),
        click.option(
            "--since",
            metavar="TAG|COMMIT",
            help="Compare what this tag released, or the plan of this commit had.",
        ),
        click.option(
            "--disable",
            "disabled",
            metavar="RULE",
            multiple=True,
            help="Leave a rule out; may be repeated.",
        ),
    ):
        command = option(command)
    return command


@click.command("lint", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET]", nargs=-1)
@lint_options
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Check plan and scripts without a database.

    Exits with 1 when there is an error; with --strict, when there is a warning. A comment
    "-- lint: ignore RULE the reason" at a statement excepts it. Settings: lint.disable (rules),
    lint.released, lint.since, lint.strict.

    \b
    Example:
      pgdocket sqitch lint
      pgdocket sqitch lint --released --sarif > lint.sarif
    """
    as_json = settings(ctx).json
    if options["show_rules"]:
        show_rules(as_json=as_json)
        return
    from pgdocket.sqitch.lint import lint

    call = understand(ctx, arguments, options)
    variables = call.configuration.variables("deploy", call.target, options["variables"])
    report = lint(call.target, choose(call.configuration, options, variables))
    strict = options["strict"] or call.configuration.get_bool("lint.strict")
    ctx.exit(tell(report, as_json=as_json, as_sarif=options["sarif"], strict=strict))


def choose(
    configuration: Configuration, options: dict[str, Any], variables: dict[str, str]
) -> LintOptions:
    """What the settings and the options of the command line ask for; `variables` are psql's."""
    from pgdocket.sqitch.lint import LintOptions

    named = [rule for text in configuration.get_all("lint.disable") for rule in text.split()]
    disabled = frozenset((*named, *options["disabled"]))
    since = options["since"] or configuration.get("lint.since")
    released = options["released"] or configuration.get_bool("lint.released")
    return LintOptions(disabled, since, released, variables)


def show_rules(*, as_json: bool) -> None:
    """Prints the catalogue of rules."""
    from pgdocket.sqitch.lint import rules

    rows = [
        {"rule": rule.id, "level": rule.level.value, "reason": rule.reason} for rule in rules.ALL
    ]
    output.table(rows, ["rule", "level", "reason"], as_json=as_json)


def tell(report: LintReport, *, as_json: bool, as_sarif: bool, strict: bool) -> int:
    """Prints what was found, and answers with the exit code."""
    from pgdocket.sqitch.lint import Level
    from pgdocket.sqitch.lint.sarif import shown_path, to_sarif

    errors, warnings = report.count(Level.ERROR), report.count(Level.WARNING)
    if as_sarif:
        output.print_json(to_sarif(report, Path.cwd()))
    elif as_json:
        output.print_json(report.as_dict())
    else:
        for finding in report.findings:
            place = f"{shown_path(finding.path, Path.cwd())}:{finding.line}"
            rule = finding.rule
            output.plain(f"{place}: {rule.level.value} {rule.id}: {finding.message}")
            if finding.hint:
                output.plain(f"    hint: {finding.hint}")
        looked = f"{report.changes} change{'' if report.changes == 1 else 's'}"
        output.plain(f"{looked}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 1 if errors or (strict and warnings) else 0


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"

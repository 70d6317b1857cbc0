"""`pgdocket sqitch check`: compares what is deployed with the plan and its scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    Call,
    connection_options,
    finish,
    global_options,
    pick_range,
    set_option,
    understand,
)

if TYPE_CHECKING:
    from pgdocket.sqitch.check import CheckResult


@click.command("check", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--from", "--from-change", "start", metavar="CHANGE", help="The first to check.")
@click.option("--to", "--to-change", "end", metavar="CHANGE", help="The last to check.")
@click.option("--full", is_flag=True, help="Tell everything that differs, and what settles it.")
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Compare what is deployed with the plan and its scripts.

    As sqitch it tells the first change whose deploy script was edited since, and nothing else.
    With --full, and always with --json, it tells every difference: scripts edited or missing,
    changes that were edited in the plan or are not in it, left out or out of order, and tags.
    Ends with exit code 1 when something differs.

    \b
    Example:
      pgdocket sqitch check --full db:pg:flipr
    """
    from pgdocket.sqitch.check import check_job

    call = understand(ctx, arguments, options, verb="checking")
    start, end = pick_range(options["start"], options["end"], call.changes, "checking")
    found = check_job(call.job(options["variables"]), start, end)
    finish(call, found.as_dict())
    is_full = options["full"] or call.settings.json
    failed = len(found.drift) if is_full else int(found.diverges_at is not None)
    if not call.settings.json:
        _show(call, found, failed, is_full=is_full)
    if failed:
        ctx.exit(1)


def _show(call: Call, found: CheckResult, failed: int, *, is_full: bool) -> None:
    if not found.deployed:
        return
    if is_full:
        for each in found.drift:
            click.echo(f"  {each.label}: {each.message}")
        _repairs(found)
    elif found.diverges_at is not None:
        click.echo(f"Script signatures diverge at change {found.diverges_at.label}")
    if not failed:
        click.echo("Check successful")
    elif call.settings.verbosity:
        click.echo("Failed one check" if failed == 1 else f"Failed {failed} checks")


def _repairs(found: CheckResult) -> None:
    """The commands that settle what was found, each once."""
    commands = dict.fromkeys(each.repair for each in found.drift if each.repair)
    if commands:
        click.echo("To make the registry agree, after a review of what differs:")
        for line in commands:
            click.echo(f"  {line}")

"""`pgdocket sqitch cycle`: whether each change can be taken back, and made again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.sqitch.call import (
    HELP,
    connection_options,
    finish,
    global_options,
    pick_change,
    set_option,
    understand,
)

if TYPE_CHECKING:
    from pgdocket.cli.sqitch.call import Call
    from pgdocket.sqitch.cycle import CycleReport
    from pgdocket.sqitch.reporter import Reporter


@click.command("cycle", context_settings=HELP)
@click.argument("arguments", metavar="[TARGET|CHANGE]...", nargs=-1)
@click.option("--to", "--to-change", "to", metavar="CHANGE", help="The last change to try.")
@click.option("--scratch", is_flag=True, help="Use a server of its own, made for the occasion.")
@click.option(
    "--shared",
    is_flag=True,
    help="Let scripts change roles and settings that the target's whole server shares.",
)
@set_option
@connection_options
@global_options
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **options: Any) -> None:
    """Deploy, verify, revert and deploy each change, and compare the schemas.

    This is done in a new database beside the target's, on the same server, which is dropped in
    the end; the target's own is not touched. With --scratch a server is made for it. Scripts that
    change roles are refused on the target's server: they belong to all its databases. Exits
    with 1 when a revert leaves something, or when deploying again makes something else.

    \b
    Example:
      pgdocket sqitch cycle --scratch
      pgdocket sqitch cycle --to @v1.0 db:pg:flipr
    """
    from dataclasses import replace

    from pgdocket.sqitch.cycle import CycleOptions, cycle_job

    call = understand(ctx, arguments, options, verb="cycling to")
    job = replace(call.job(options["variables"]), reporter=_reporter(call))
    to = pick_change(options["to"], call.changes, "cycling to")
    report = cycle_job(job, CycleOptions(options["scratch"], options["shared"], to))
    job.reporter.info(_summary(report))
    finish(call, report.as_dict())
    ctx.exit(0 if report.ok else 1)


def _reporter(call: Call) -> Reporter:
    """A bar on a terminal, where nothing else is asked for."""
    from pgdocket.sqitch.reporter import LiveReporter

    is_plain = call.settings.json or not call.settings.verbosity or not sys.stdout.isatty()
    return call.reporter() if is_plain else LiveReporter()


def _summary(report: CycleReport) -> str:
    count = len(report.changes)
    bad = sum(each.stage is not None for each in report.changes)
    blind = sum(each.is_blind for each in report.changes)
    looked = f"{count} change{'' if count == 1 else 's'}"
    parts = [f"Cycle successful: {looked}" if report.ok else f"Cycle failed: {bad} of {looked}"]
    if report.skipped:
        parts.append(f"{report.skipped} not tried")
    if blind:
        parts.append(f"{blind} verified without being there")
    return ", ".join(parts)

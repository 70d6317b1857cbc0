"""`--dry-run` and `--sql`: what deploy and revert would do, told or written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgdocket.cli.sqitch.call import Call, finish
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.engine import Job
    from pgdocket.sqitch.results import RunResult

F = TypeVar("F", bound=Callable[..., Any])
_KEPT = ("change_id", "change", "tags", "action", "atomic")


def rehearsal_options(command: F) -> F:
    """Adds `--dry-run` and `--sql FILE`."""
    for option in (
        click.option(
            "--sql",
            metavar="FILE",
            help="Write a script for psql that does the same; - is standard output.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Check and tell everything; write and run nothing."
        ),
    ):
        command = option(command)
    return command


def is_rehearsal(options: Mapping[str, Any]) -> bool:
    """Whether nothing is to happen yet."""
    return bool(options["dry_run"] or options["sql"])


def carry_out(
    call: Call, job: Job, options: Mapping[str, Any], work: Callable[[Job], RunResult]
) -> None:
    """Does the work, or only tells it, or writes it down, and prints the result."""
    if options["dry_run"] and options["sql"]:
        raise SqitchError("--dry-run and --sql exclude each other")
    if options["sql"]:
        _write(call, job, options["sql"], work)
    elif options["dry_run"]:
        from pgdocket.sqitch.rehearsal import DryRun

        finish(call, {"dry_run": True, **_planned(work(replace(job, rehearsal=DryRun)))})
    else:
        finish(call, work(job).as_dict())


def _write(call: Call, job: Job, name: str, work: Callable[[Job], RunResult]) -> None:
    from pgdocket.sqitch.results import RunFailed
    from pgdocket.sqitch.sql_script import SqlScript

    script = SqlScript()
    try:
        result = work(replace(job, rehearsal=script.rehearse))
    except RunFailed as failed:
        raise SqitchError(f"No script was written: {failed.detail}", hint=failed.hint) from failed
    if name == "-":
        click.echo(script.text, nl=False)
        return
    try:
        Path(name).write_text(script.text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise SqitchError(f"Cannot write {name}: {error.strerror}") from None
    count = len(result.changes)
    job.reporter.info(f"Wrote {count} {'change' if count == 1 else 'changes'} to {name}")
    finish(call, {"sql": name, **_planned(result)})


def _planned(result: RunResult) -> dict[str, object]:
    told = result.as_dict()
    changes = [change.as_dict() for change in result.changes]
    return {**told, "changes": [{key: each[key] for key in _KEPT} for each in changes]}

"""Carries deploy and revert out: with patience, only told (`--dry-run`), or written (`--sql`)."""

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
_RETRIES = 3
_KEPT = ("change_id", "change", "tags", "action", "atomic")


def run_options(command: F) -> F:
    """Adds what `rehearsal_options` and `lock_options` add."""
    return rehearsal_options(lock_options(command))


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


def lock_options(command: F) -> F:
    """Adds `--lock-timeout-sql` and `--lock-retries`."""
    for option in (
        click.option(
            "--lock-retries",
            type=click.IntRange(min=0),
            metavar="N",
            help="How often a transaction that got no lock is tried again; 3 with a timeout.",
        ),
        click.option(
            "--lock-timeout-sql",
            metavar="MS|TIME",
            help="PostgreSQL's lock_timeout for the scripts: 500, 2s.",
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
    told = perform(with_locks(call, job, options), options, work)
    if told is not None:
        finish(call, told)


def perform(
    job: Job, options: Mapping[str, Any], work: Callable[[Job], RunResult]
) -> dict[str, object] | None:
    """Does the work, or only tells it, or writes it down; the result as `--json` prints it.

    None where a script was written to standard output, which must hold nothing else.
    """
    if options["dry_run"] and options["sql"]:
        raise SqitchError("--dry-run and --sql exclude each other")
    if options["sql"]:
        return _write(job, options["sql"], work)
    if options["dry_run"]:
        from pgdocket.sqitch.rehearsal import DryRun

        dry = DryRun()
        told = _planned(work(replace(job, rehearsal=dry.rehearse)))
        for change, scripts in zip(told["changes"], dry.scripts, strict=True):
            change["scripts"] = [{"file": file, "runs": how} for file, how in scripts]
        return {"dry_run": True, **told}
    return work(job).as_dict()


def with_locks(call: Call, job: Job, options: Mapping[str, Any]) -> Job:
    """The job with its lock timeout: of the command line, else as configured for deploys."""
    timeout = options["lock_timeout_sql"] or call.configuration.get("deploy.lock_timeout_sql")
    retries = options["lock_retries"]
    if retries is None:
        configured = call.configuration.get("deploy.lock_retries")
        if configured is not None and not configured.isdecimal():
            raise SqitchError(f'deploy.lock_retries is "{configured}"; it must be a number')
        retries = int(configured) if configured is not None else _RETRIES if timeout else 0
    return replace(job, lock_timeout_sql=timeout, lock_retries=retries)


def _write(job: Job, name: str, work: Callable[[Job], RunResult]) -> dict[str, object] | None:
    from pgdocket.sqitch.results import RunFailed
    from pgdocket.sqitch.sql_script import SqlScript

    script = SqlScript()
    try:
        result = work(replace(job, rehearsal=script.rehearse))
    except RunFailed as failed:
        raise SqitchError(f"No script was written: {failed.detail}", hint=failed.hint) from failed
    if name == "-":
        click.echo(script.text, nl=False)
        return None
    try:
        Path(name).write_text(script.text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise SqitchError(f"Cannot write {name}: {error.strerror}") from None
    count = len(result.changes)
    job.reporter.info(f"Wrote {count} {'change' if count == 1 else 'changes'} to {name}")
    return {"sql": name, **_planned(result)}


def _planned(result: RunResult) -> dict[str, Any]:
    told: dict[str, Any] = result.as_dict()
    del told["seconds"]
    changes = [change.as_dict() for change in result.changes]
    return {**told, "changes": [{key: each[key] for key in _KEPT} for each in changes]}

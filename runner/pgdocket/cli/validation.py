"""validation: what tools and tests found, and how it goes from run to run."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pgdocket import junit, output
from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import read_file
from pgdocket.cli.session import as_row, opened, the_project, the_task
from pgdocket.errors import InvalidArgument

_RESULTS = {
    "task_key": "task",
    "validation_type": "validation",
    "run_no": "run",
    "validation_status": "status",
    "score": "score",
    "issues_found": "issues",
    "issues_critical": "critical",
    "issues_major": "major",
    "issues_minor": "minor",
    "validator_name": "by",
    "created_at": "when",
}
_TREND = {
    "validation_type": "validation",
    "run_no": "run",
    "validation_status": "status",
    "score": "score",
    "issues_found": "issues",
    "issues_change": "change",
    "issues_new": "new",
    "issues_reopened": "back",
    "issues_fixed": "fixed",
    "agent": "agent",
    "created_at": "when",
}
_FINDINGS = {
    "task_key": "task",
    "state": "state",
    "severity": "severity",
    "rule_id": "rule",
    "place": "place",
    "message": "message",
}
_SHOWN_MESSAGE = 100
_STATES = ["open", "new", "unchanged", "reopened", "fixed"]
_SEVERITIES = ["critical", "major", "minor", "info"]
_STATUSES = ["pending", "running", "passed", "failed", "warning", "error", "skipped"]


@click.group()
@common_options
def validation() -> None:
    """Take in what tools and tests found, and follow it from run to run.

    \b
    Example:
      pgdocket validation ingest junit.xml --task shop-3
      pgdocket validation findings shop-3
    """


@validation.command()
@common_options
@click.argument("file", metavar="FILE")
@click.option("--task", "reference", metavar="TASK", required=True, help="What was looked at.")
@click.option("--type", "validation_type", metavar="WORD", help="What it was looked at for.")
@click.option("--validator", "validator_name", metavar="NAME", help="What ran the tests.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The folder that paths are relative to.  [default: this one]",
)
@click.option("--partial", "is_partial", is_flag=True, help="Not all was looked at.")
@click.option(
    "--fails-from", type=click.Choice(_SEVERITIES), help="From which severity on it fails."
)
@click.option("--attempt", "attempt_id", metavar="ID", help="The attempt that was looked at.")
@click.option("--pull-request", "pull_request_id", metavar="ID", help="The pull request.")
@click.pass_obj
def ingest(options: Options, /, file: str, reference: str, root: Path, **given: Any) -> None:
    """Record what FILE (- is stdin) says: SARIF 2.1.0, or JUnit's XML.

    Which of them it is, the file itself tells. What was found before and is not found now is
    fixed, unless --partial says that not all was looked at.

    \b
    Example:
      pgdocket validation ingest junit.xml --task shop-3
      pgdocket validation ingest bandit.sarif --task shop-3 --type security
    """
    content = sys.stdin.buffer.read() if file == "-" else read_file(Path(file))
    fields = {name: value for name, value in given.items() if value not in (None, False)}
    report = junit.read(content) if junit.looks_like_xml(content) else None
    document = json_of(content, file) if report is None else None
    needless = "fails_from" if report is not None else "validator_name"
    if needless in fields:
        raise InvalidArgument(f"--{needless.removesuffix('_name').replace('_', '-')} is not for it")
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        if report is not None:
            results = [docket.ingest_junit(task_id=task_id, report=report, **fields)]
        else:
            results = docket.ingest_sarif(
                task_id=task_id, document=document, root=str(root.resolve()), **fields
            )
    if options.json:
        output.print_json(results)
    else:
        for result in results:
            output.plain(f"{reference}: {in_words(result)}")


def json_of(content: bytes, file: str, wanted: str = "SARIF or JUnit") -> Any:
    """The JSON of a file; raises InvalidArgument when it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{file} is no {wanted}: {error}") from None


def in_words(result: Any) -> str:
    """One line about a result: what it is, and what differs from the run before."""
    counts = {
        "new": result.issues_new,
        "unchanged": result.issues_unchanged,
        "reopened": result.issues_reopened,
        "fixed": result.issues_fixed,
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    issues = f"{result.issues_found} issues" + (f" ({told})" if told else "")
    return f"{result.validation_type} {result.validation_status} (run {result.run_no}), {issues}"


@validation.command("list")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--type", "validation_type", metavar="WORD", help="Only this type.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only with this status.")
@click.option("--validator", "validator_name", metavar="NAME", help="Only by this validator.")
@click.option("--pull-request", "pull_request_id", metavar="ID", help="Only of this one.")
@click.option("--since", metavar="TIME", help="Only those from this time on.")
@click.option("--until", metavar="TIME", help="Only those before this time.")
@click.option("--after", metavar="ID", help="Go on after this result.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List what validations of TASK or of the project said, the first first.

    \b
    Example:
      pgdocket validation list shop-3 --status failed
    """
    with opened(options) as docket:
        found = docket.list_validations(
            project_id=the_project(docket, options).project_id,
            task_id=the_task(docket, options, reference) if reference else None,
            **conditions,
        )
    _show(found, _RESULTS, options)


@validation.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.option("--type", "validation_type", metavar="WORD", help="Only this type.")
@click.option("--runs", "max_runs", type=int, default=20, show_default=True, help="How many.")
@click.pass_obj
def trend(options: Options, reference: str, validation_type: str | None, max_runs: int) -> None:
    """Show how TASK got on in its validations, run by run.

    \b
    Example:
      pgdocket validation trend shop-3 --type tests
    """
    with opened(options) as docket:
        found = docket.validation_trend(
            task_id=the_task(docket, options, reference),
            validation_type=validation_type,
            max_runs=max_runs,
        )
    _show(found, _TREND, options)


@validation.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.pass_obj
def score(options: Options, reference: str) -> None:
    """Show how good the work of TASK is found in all, 0 to 100.

    \b
    Example:
      pgdocket validation score shop-3
    """
    with opened(options) as docket:
        found = docket.validation_score(task_id=the_task(docket, options, reference))
    if options.json:
        output.print_json(found)
    elif found.score is None:
        output.plain(f"{reference}: nothing counts yet")
    else:
        parts = ", ".join(f"{part['validation_type']} {part['score']}" for part in found.parts)
        output.plain(f"{reference}: {found.score} ({parts})")


@validation.command()
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--type", "validation_type", metavar="WORD", help="Only this type.")
@click.option(
    "--state",
    type=click.Choice(_STATES),
    default="open",
    show_default=True,
    help="How the newest run left it; open: all that is there and not suppressed.",
)
@click.option("--severity", type=click.Choice(_SEVERITIES), help="Only this severity.")
@click.option("--file", "path", metavar="PATH", help="Only in this file.")
@click.option("--rule", "rule_id", metavar="RULE", help="Only against this rule.")
@click.option("--after", metavar="ID", help="Go on after this finding.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def findings(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List what was found at TASK or in the project, the first found first.

    \b
    Example:
      pgdocket validation findings shop-3 --severity critical
    """
    with opened(options) as docket:
        found = docket.list_findings(
            project_id=the_project(docket, options).project_id,
            task_id=the_task(docket, options, reference) if reference else None,
            **conditions,
        )
    rows = [as_row(each) for each in found]
    if not options.json:
        for row in rows:
            row["place"] = ":".join(str(part) for part in (row["path"], row["start_line"]) if part)
            row["message"] = row["message"][:_SHOWN_MESSAGE]
    output.table(rows, _FINDINGS, as_json=options.json, empty="nothing is found")


def _show(found: Sequence[Any], columns: Mapping[str, str], options: Options) -> None:
    rows = [as_row(each) for each in found]
    output.table(rows, columns, as_json=options.json, empty="nothing is recorded")

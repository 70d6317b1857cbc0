"""What the demo shows: headings, a bar, tables, and the live picture of agents at work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pgdocket import output
from pgdocket.cli.exchange import in_words
from pgdocket.sqitch.reporter import SilentReporter

if TYPE_CHECKING:
    import psycopg
    from rich.console import Group
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from pgdocket.cli.demo import Result
    from pgdocket.client.rows import QueueOverviewRow, WavesRow
    from pgdocket.demo.crew import Progress

Show = Callable[["Progress"], None]
Row = Mapping[str, Any]

_SHOWN_IN_WAVE, _SHOWN_WAVES, _SHOWN_ROWS, _SHOWN_CHAIN = 3, 40, 20, 60
_WIDTH = 30
_STATUS_STYLES = {
    "completed": "green",
    "in_progress": "cyan",
    "ready": "yellow",
    "pending": "dim",
    "failed": "red",
}


class _DeployReporter(SilentReporter):
    """Moves a bar on with each change."""

    def __init__(self, bar: Bar | None, task: TaskID | None) -> None:
        self._bar, self._task = bar, task
        self.done = 0

    def start(self, sign: str, label: str, width: int) -> None:
        """Names the change beside the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=label)

    def finish(self, ok: bool, comment: str = "") -> None:
        """Moves the bar on."""
        self.done += 1
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)


class Display:
    """Prints each step of the demo; nothing when `quiet`."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def server(self, description: str, session: psycopg.Connection[Any]) -> None:
        """The server and its version."""
        if self._quiet:
            return
        _heading("Server")
        output.plain(f"PostgreSQL {session.info.parameter_status('server_version')}: {description}")

    @contextmanager
    def deploying(self, changes: int) -> Iterator[SilentReporter]:
        """A reporter for the deployment: a bar on a terminal, one line in a pipe."""
        if self._quiet:
            yield SilentReporter()
            return
        _heading("Schema")
        console = output.console()
        if not console.is_terminal:
            reporter = _DeployReporter(None, None)
            yield reporter
        else:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (BarColumn(_WIDTH), MofNCompleteColumn(), TextColumn("{task.description}"))
            with Bar(*columns, console=console, transient=True) as bar:
                reporter = _DeployReporter(bar, bar.add_task("", total=changes))
                yield reporter
        output.plain(f"{changes} changes, {reporter.done} of them deployed now")

    def imported(self, report: dict[str, Any]) -> None:
        """What the import did."""
        if self._quiet:
            return
        _heading("Import")
        output.plain(in_words(report))
        if report["oddities"]:
            counts = ", ".join(f"{count} {kind}" for kind, count in report["counts"].items())
            output.plain(f"kept, but not taken over as written: {counts}")

    def plan(self, waves: Sequence[WavesRow]) -> None:
        """The plan in waves: what can be done at once, and after what."""
        if self._quiet or not waves:
            return
        _heading("Plan")
        rows = []
        for wave, members in groupby(waves, key=lambda task: task.wave):
            found = list(members)
            shown = [f"{task.task_key} {task.title}" for task in found[:_SHOWN_IN_WAVE]]
            more = len(found) - len(shown)
            text = "; ".join(shown) + (f"; and {more} more" if more else "")
            rows.append({"wave": wave, "tasks": len(found), "what": text})
        output.table(rows[:_SHOWN_WAVES], ["wave", "tasks", "what"])
        _cut(len(rows), _SHOWN_WAVES, "waves")

    def nothing_to_do(self) -> None:
        """Said when no task of the file can be claimed."""
        if not self._quiet:
            _heading("Work")
            output.plain("nothing to do: no task of this file can be claimed")

    @contextmanager
    def working(self, doable: int) -> Iterator[Show]:
        """Shows the agents at work, live on a terminal, by a line now and then in a pipe."""
        if self._quiet:
            yield lambda _progress: None
            return
        _heading("Work")
        console = output.console()
        if not console.is_terminal:
            yield _Lines(doable).show
            return
        from rich.live import Live

        with Live(console=console, refresh_per_second=10) as live:
            yield lambda progress: live.update(_picture(progress, doable))

    def result(self, result: Result, left: Sequence[QueueOverviewRow]) -> None:
        """Who did what, what was retried, the longest chain, the picture and the proof."""
        if self._quiet:
            return
        if result.agents:
            self._work_done(result)
        others = [f"{row.tasks} {row.status}" for row in left if row.status != "completed"]
        if others:
            output.plain(f"not completed: {', '.join(others)}")
        if result.longest_chain:
            keys = [task.task_key for task in result.longest_chain]
            _heading(f"Longest chain: {len(keys)} tasks")
            output.plain(" -> ".join(keys[:_SHOWN_CHAIN]))
            _cut(len(keys), _SHOWN_CHAIN, "tasks")
        _heading("Picture")
        output.plain(str(result.picture))
        _heading("Proof")
        for claim in result.claims:
            _verdict(claim.title, holds=claim.holds)
            for row in claim.broken_by[:_SHOWN_ROWS]:
                output.plain(f"        {output.text(dict(row))}")
        output.say(f"\nlook around with: pgdocket task list --project {result.project}")

    def _work_done(self, result: Result) -> None:
        _heading(f"Done: {result.completed} tasks in {result.seconds} s")
        output.table(
            result.agents,
            {
                "agent": "agent",
                "completed": "completed",
                "lost": "lost",
                "busy_ms": "busy for ms",
            },
        )
        if result.retried:
            _heading("Retried")
            columns = {"task_key": "task", "title": "title", "attempts": "attempts"}
            output.table(result.retried[:_SHOWN_ROWS], columns)
            _cut(len(result.retried), _SHOWN_ROWS, "tasks")
        if result.killed is not None and result.killed_end is not None:
            output.plain(
                f"{result.killed.agent} was killed with task {result.killed.task_key} in its hands:"
                f" the lease expired, and {result.killed_end['completed_by']} did the task"
            )


class _Lines:
    """Progress for a pipe: a line for each tenth, and for what happens to an agent."""

    def __init__(self, doable: int) -> None:
        self._step = max(1, doable // 10)
        self._next = 0
        self._told_of_kill = False

    def show(self, progress: Progress) -> None:
        if progress.done >= self._next:
            counts = [f"{count} {status}" for status, count in sorted(progress.counts.items())]
            output.plain(", ".join(counts))
            self._next = progress.done + self._step
        if progress.killed is not None and not self._told_of_kill:
            self._told_of_kill = True
            output.plain(_obituary(progress))
        sys.stdout.flush()


def _obituary(progress: Progress) -> str:
    killed = progress.killed
    return (
        f"{killed.agent} is killed (SIGKILL) with task {killed.task_key} in its hands,"
        " which comes back when the lease is over"
        if killed
        else ""
    )


def _picture(progress: Progress, doable: int) -> Group:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    done = progress.done
    top = Table.grid(padding=(0, 2))
    top.add_row(
        ProgressBar(total=max(doable, 1), completed=min(done, doable), width=_WIDTH),
        Text("  ").join(
            Text(f"{count} {status}", style=_STATUS_STYLES.get(status, ""))
            for status, count in sorted(progress.counts.items())
        ),
    )
    agents = Table.grid(padding=(0, 2))
    for member in progress.members:
        style = "red" if member.is_killed else "cyan" if member.task_key else "dim"
        agents.add_row(
            Text(member.name, style="bold"),
            Text(f"{member.counts['completed']:4} done"),
            Text(member.state, style=style),
        )
    return Group(top, agents, Text(_obituary(progress), style="red"))


def _verdict(title: str, *, holds: bool) -> None:
    console = output.console()
    if console.is_terminal:
        console.print(
            f"[{'green' if holds else 'bold red'}]{'holds ' if holds else 'BROKEN'}[/]  {title}"
        )
    else:
        output.plain(f"{'holds ' if holds else 'BROKEN'}  {title}")


def _heading(text: str) -> None:
    console = output.console()
    if console.is_terminal:
        console.print(f"\n[bold blue]{text}[/]")
    else:
        output.plain(f"\n== {text}")


def _cut(found: int, shown: int, what: str) -> None:
    if found > shown:
        output.plain(f"... and {found - shown} more {what}")

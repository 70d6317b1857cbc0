"""How the engine tells what it is doing: as Sqitch prints it, as a live display, or not at all."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Reporter(Protocol):
    """What the engine tells while it works."""

    def run(self, count: int) -> AbstractContextManager[None]:
        """Surrounds the work on that many changes."""

    def info(self, line: str) -> None:
        """A headline or a result, for standard output."""

    def summary(self, text: str) -> None:
        """A report that is printed however quiet the rest is."""

    def warn(self, line: str) -> None:
        """A problem, for standard error."""

    def start(self, sign: str, label: str, width: int) -> None:
        """A change begins: `+` deployed, `-` reverted, `*` verified. Labels are `width` wide."""

    def finish(self, ok: bool, comment: str = "") -> None:
        """The change that began last has ended."""

    def out(self, text: str) -> None:
        """What a script prints on standard output."""

    def err(self, text: str) -> None:
        """What a script or the server has to say, for standard error."""


class SilentReporter:
    """Tells nothing."""

    def run(self, count: int) -> AbstractContextManager[None]:
        """Nothing to do."""
        return nullcontext()

    def info(self, line: str) -> None:
        """Says nothing."""

    def summary(self, text: str) -> None:
        """Says nothing."""

    def warn(self, line: str) -> None:
        """Says nothing."""

    def start(self, sign: str, label: str, width: int) -> None:
        """Says nothing."""

    def finish(self, ok: bool, comment: str = "") -> None:
        """Says nothing."""

    def out(self, text: str) -> None:
        """Says nothing."""

    def err(self, text: str) -> None:
        """Says nothing."""


class JsonReporter(SilentReporter):
    """Tells only what scripts and server have to say: an object per message on standard error."""

    def __init__(self, err: IO[str] | None = None) -> None:
        self._err = err or sys.stderr

    def warn(self, line: str) -> None:
        """Writes a warning."""
        self._write("warning", line)

    def out(self, text: str) -> None:
        """Writes what a script printed."""
        self._write("output", text)

    def err(self, text: str) -> None:
        """Writes a notice or a message."""
        self._write("notice", text)

    def _write(self, kind: str, text: str) -> None:
        import json

        self._err.write(json.dumps({kind: text.rstrip("\n")}, ensure_ascii=False) + "\n")
        self._err.flush()


class PlainReporter:
    """Sqitch's own lines, dots and all. `quiet` leaves out all but errors and reports.

    `times` adds how long each change took, and all of them.
    """

    def __init__(
        self,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        *,
        quiet: bool = False,
        times: bool = False,
    ) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._quiet = quiet
        self._times = times and not quiet
        self._started = 0.0
        self._is_hidden = False

    def run(self, count: int) -> AbstractContextManager[None]:
        """Tells at the end how long it took, where that is wanted."""
        return self._timed(count) if self._times else nullcontext()

    @contextmanager
    def _timed(self, count: int) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.out(_total(count, time.perf_counter() - began) + "\n")

    def info(self, line: str) -> None:
        """Prints the line."""
        if not self._quiet:
            self.out(line + "\n")

    def summary(self, text: str) -> None:
        """Prints the report."""
        self.out(text + "\n")

    def warn(self, line: str) -> None:
        """Prints the line on standard error."""
        self.err(line + "\n")

    def start(self, sign: str, label: str, width: int) -> None:
        """Prints `  + flips @v1 .. ` and leaves the line open."""
        self._started = time.perf_counter()
        self._is_hidden = self._quiet and sign != "*"
        if not self._is_hidden:
            self.out(f"  {sign} {label} {'.' * (width - len(label) + 2)} ")

    def finish(self, ok: bool, comment: str = "") -> None:
        """Ends the line. Sqitch breaks it before `not ok`, except where a change is missing."""
        if self._is_hidden:
            return
        if comment == "Not deployed":
            self.out(f"not ok # {comment}\n")
            return
        milliseconds = (time.perf_counter() - self._started) * 1000
        took = f" ({milliseconds:.1f} ms)" if self._times else ""
        end = f"{'ok' if ok else 'not ok'}{took}\n"
        self.out(f"# {comment}\n{end}" if comment else end)

    def out(self, text: str) -> None:
        """Prints the text at once, so that it keeps its place among the server's messages."""
        self._out.write(text)
        self._out.flush()

    def err(self, text: str) -> None:
        """Prints the text on standard error."""
        self._err.write(text)
        self._err.flush()


class LiveReporter:
    """A display for people: a line with the elapsed time per change, and a bar below."""

    _COLOURS = ("+", "green"), ("-", "yellow"), ("*", "cyan")

    def __init__(self) -> None:
        from rich.console import Console

        plain = partial(Console, highlight=False, emoji=False, markup=False, soft_wrap=True)
        self._console = plain()
        self._errors = self._console if sys.stderr.isatty() else plain(file=sys.stderr)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._started = 0.0
        self._label = ""
        self._sign = "+"

    def run(self, count: int) -> AbstractContextManager[None]:
        """Shows the bar while the work goes on."""
        return self._bar(count)

    def info(self, line: str) -> None:
        """Prints the line."""
        self._console.print(line)

    def summary(self, text: str) -> None:
        """Prints the report."""
        self._console.print(text)

    def warn(self, line: str) -> None:
        """Prints the line in red."""
        self._errors.print(line, style="red")

    def start(self, sign: str, label: str, width: int) -> None:
        """Names the change beside the bar."""
        self._started = time.perf_counter()
        self._sign, self._label = sign, f"{label:<{width}}"
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=label)

    def finish(self, ok: bool, comment: str = "") -> None:
        """Prints the change's line with its time."""
        from rich.text import Text

        milliseconds = (time.perf_counter() - self._started) * 1000
        colour = dict(self._COLOURS)[self._sign] if ok else "red"
        line = Text.assemble(
            (f"  {self._sign if ok else '✗'} {self._label} ", colour),
            (f"{milliseconds:8.1f} ms", "dim"),
            (f"  {comment}" if comment else "", "red"),
        )
        self._console.print(line)
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)

    def out(self, text: str) -> None:
        """Prints the text above the bar."""
        self._console.print(text, end="")

    def err(self, text: str) -> None:
        """Prints the text above the bar."""
        self._errors.print(text, end="", style="yellow")

    @contextmanager
    def _bar(self, count: int) -> Iterator[None]:
        """A bar; where one is shown already (a failed run is taken back), one below it."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        if self._progress is not None:
            outer, self._task = self._task, self._progress.add_task("", total=count)
            yield
            self._task = outer
            return
        name = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(), MofNCompleteColumn(), Elapsed(), name)
        began = time.perf_counter()
        with Progress(*columns, console=self._console, transient=True) as progress:
            self._progress, self._task = progress, progress.add_task("", total=count)
            try:
                yield
            finally:
                self._progress = self._task = None
        self._console.print(_total(count, time.perf_counter() - began), style="dim")


def _total(count: int, seconds: float) -> str:
    return f"{count} {'change' if count == 1 else 'changes'} in {seconds:.3f} s"

"""Runs benchmarks, prints their table, and writes bench/results.md.

python -m bench                    all of them; bench/results.md is written anew
python -m bench queue 4000         one of them, with its sizes; nothing is written
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.harness import Row
from pgdocket import __version__
from pgdocket.server import find_binaries

RESULTS = Path(__file__).parent / "results.md"
BENCHMARKS = ("queue", "graph", "import_file", "deploy")


def number(value: float) -> str:
    """A figure with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """A row as it is shown."""
    return (
        row.workload,
        row.size,
        f"{number(row.ours)} {row.unit}",
        f"{number(row.floor)} {row.unit}",
        f"{number(row.ratio)} of {row.floor_name}",
    )


HEAD = ("workload", "size", "pgdocket", "floor or peer", "ratio")


def show(console: Console, name: str, rows: list[Row]) -> None:
    """Prints the table of one benchmark."""
    table = Table(*HEAD, title=name)
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)


def machine() -> str:
    """What the figures were taken on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"pgdocket {__version__}, PostgreSQL {find_binaries().version}, Python"
        f" {platform.python_version()}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()} {platform.machine()}, {datetime.now(UTC):%Y-%m-%d}; fsync on"
    )


def report(results: dict[str, list[Row]]) -> str:
    """bench/results.md."""
    lines = [
        "# What it costs",
        "",
        "Written by `./dev bench`. Each ratio is taken in one run, as the median of repetitions in",
        "turn; the absolute figures are those of one machine and mean little elsewhere.",
        "",
        f"Machine: {machine()}.",
    ]
    for name, rows in results.items():
        lines += ["", f"## {name}", "", f"| {' | '.join(HEAD)} |", "|---|---|---:|---:|---|"]
        lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def main(words: list[str]) -> None:
    """Runs the benchmarks that are named, or all."""
    console = Console()
    if words:
        rows = importlib.import_module(f"bench.{words[0]}").main(*(int(word) for word in words[1:]))
        show(console, words[0], rows)
        return
    results: dict[str, list[Row]] = {}
    for name in BENCHMARKS:
        with console.status(f"measuring {name}"):
            results[name] = importlib.import_module(f"bench.{name}").main()
        show(console, name, results[name])
    RESULTS.write_text(report(results))
    console.print(f"written to {RESULTS}")


if __name__ == "__main__":
    main(sys.argv[1:])

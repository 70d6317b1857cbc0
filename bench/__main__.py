"""Runs benchmarks, prints their table, and writes bench/results.md.

python -m bench                    all of them; bench/results.md is written anew
python -m bench queue 4000         one of them, with its sizes; nothing is written
python -m bench queue --only chain --only wal
                                   some parts of it; `--only help` lists them
python -m bench graph_reads 1000000
                                   what is read of a million edges, in minutes
python -m bench --long             the steady state over 200,000 cycles instead of 20,000
python -m bench --peers            other queues too, installed into .venv-peers/ first
python -m bench explain            writes bench/plans/ anew, and measures nothing
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.harness import Row
from pgdocket import __version__
from pgdocket.server import find_binaries

RESULTS = Path(__file__).parent / "results.md"
BENCHMARKS = ("queue", "agent", "client", "graph", "journal", "import_file", "deploy")


def number(value: float) -> str:
    """A figure with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row: Row) -> tuple[str, ...]:
    """A row as it is shown."""
    return (
        row.workload,
        row.size,
        f"{number(row.ours)} {row.unit}",
        f"{number(row.floor)} {row.unit}",
        f"{number(row.ratio)} of {row.floor_name}",
        row.target,
    )


HEAD = ("workload", "size", "pgdocket", "floor or peer", "ratio", "target")


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
        "turn; the absolute figures are those of one machine and mean little elsewhere. Where a",
        "target is missed, `profile.md` says what is in the way.",
        "",
        f"Machine: {machine()}.",
    ]
    for name, rows in results.items():
        lines += ["", f"## {name}", "", f"| {' | '.join(HEAD)} |", "|---|---|---:|---:|---|---|"]
        lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def parse(words: list[str]) -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser("bench", description="Measures, and writes bench/results.md.")
    parser.add_argument(
        "name",
        nargs="?",
        choices=(
            *BENCHMARKS,
            "context",
            "delivery",
            "observability",
            "analytics",
            "graph_reads",
            "peers",
            "explain",
        ),
        help="one alone",
    )
    parser.add_argument("sizes", nargs="*", type=int, help="its sizes")
    parser.add_argument("--only", action="append", default=[], help="a part of queue")
    parser.add_argument("--long", action="store_true", help="the steady state in its long form")
    parser.add_argument("--stored", type=int, help="how many tasks the largest queue stores")
    parser.add_argument("--peers", action="store_true", help="other queues too")
    return parser.parse_args(words)


def measure(name: str, options: argparse.Namespace) -> list[Row]:
    """The rows of one benchmark; what it has no use for is not handed to it."""
    given: dict[str, object] = {}
    if name == "queue":
        given = {"only": options.only, "long": options.long, "stored": options.stored}
    rows: list[Row] = importlib.import_module(f"bench.{name}").main(*options.sizes, **given)
    return rows


def main(words: list[str]) -> None:
    """Runs the benchmarks that are named, or all."""
    console = Console()
    options = parse(words)
    if options.name == "explain":
        importlib.import_module("bench.explain").main()
    elif options.name:
        show(console, options.name, measure(options.name, options))
    else:
        everything(console, options)


def everything(console: Console, options: argparse.Namespace) -> None:
    """Runs all, and writes bench/results.md."""
    results: dict[str, list[Row]] = {}
    for name in (*BENCHMARKS, "peers") if options.peers else BENCHMARKS:
        with console.status(f"measuring {name}"):
            results[name] = measure(name, options)
        show(console, name, results[name])
    RESULTS.write_text(report(results))
    console.print(f"written to {RESULTS}")


if __name__ == "__main__":
    # Whoever is told to end stops the server that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(sys.argv[1:])

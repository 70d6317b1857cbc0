"""The queue: claiming and completing, beside raw SQL in the same run, and against itself.

python -m bench queue [TASKS] [--only PART] [--stored TASKS] [--long]      default 20000 tasks

Parts: single, batch, isolation, dag, chain, create, wal, latency, steady.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import queue_graph, queue_growth
from bench.harness import REPETITIONS, Bench, Row, bench, interleaved
from bench.queue_load import open_load

STORED = 1_000_000
CYCLES, MANY_CYCLES = 20_000, 200_000


def single(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """Tasks per second, one at a time: in two calls, and fused into one."""
    load = open_load(machine, folder)
    rows = []
    for clients in (1, 8, 32):
        project = load.project(tasks)
        load.fill_raw(tasks)
        scripts = [load.script(name, project) for name in ("raw", "ours", "fused")]
        raw, ours, fused = interleaved(
            *(
                lambda s=script, c=clients: load.rate(s, clients=c, transactions=tasks // 8)
                for script in scripts
            )
        )
        size = f"{tasks:,} tasks, {clients} worker{'s' if clients > 1 else ''}"
        unit = "tasks/s"
        rows.append(Row("claim_tasks + complete_task", size, ours, raw, unit, "raw SQL", 0.5))
        rows.append(Row("complete_and_claim", size, fused, raw, unit, "raw SQL", 0.9))
    return rows


def batch(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """Tasks per second, 100 at a time."""
    load = open_load(machine, folder)
    clients = 8
    rounds = max(tasks // (REPETITIONS * 100), 8 * clients)
    project = load.project(100 * rounds * REPETITIONS)
    load.fill_raw(100 * rounds * REPETITIONS + tasks)

    def batches(name: str) -> Callable[[], float]:
        script = load.script(name, project)
        return lambda: 100 * load.rate(script, clients=clients, transactions=rounds)

    raw = load.script("raw")
    one, many, ours = interleaved(
        lambda: load.rate(raw, clients=clients, transactions=tasks // 8),
        batches("raw 100"),
        batches("100"),
    )
    name, size = "claim_tasks(100) + complete_tasks", f"{tasks:,} tasks, {clients} workers"
    return [
        Row(name, size, ours, one, "tasks/s", "raw SQL one at a time", 3),
        Row(name, size, ours, many, "tasks/s", "raw SQL 100 at a time"),
    ]


WITHOUT_ISOLATION = """
do $$
declare
    v_table regclass;
begin
    for v_table in select c.oid from pg_catalog.pg_class as c where c.relrowsecurity loop
        execute format('alter table %s no force row level security', v_table);
        execute format('alter table %s disable row level security', v_table);
    end loop;
end;
$$
"""


def isolation(machine: Bench, folder: Path, tasks: int) -> list[Row]:
    """What row-level security costs: the same calls in a database in which it is switched off."""
    load, bare = open_load(machine, folder), open_load(machine, folder)
    bare.execute(WITHOUT_ISOLATION)
    rows = []
    for clients in (1, 8):
        both = [(each, each.project(tasks)) for each in (load, bare)]
        for name, script in (
            ("claim_tasks + complete_task", "ours"),
            ("complete_and_claim", "fused"),
        ):
            scripts = [(each, each.script(script, project)) for each, project in both]
            ours, without = interleaved(
                *(
                    lambda e=each, s=path, c=clients: (
                        1e6 / e.rate(s, clients=c, transactions=tasks // 8)
                    )
                    for each, path in scripts
                )
            )
            size = f"{tasks:,} tasks, {clients} worker{'s' if clients > 1 else ''}"
            named = "without row-level security"
            rows.append(Row(name, size, ours, without, "us", named, at_most=1.1))
    return rows


def parts(tasks: int, stored: int, cycles: int) -> dict[str, Callable[[Bench, Path], list[Row]]]:
    """What can be measured alone."""
    return {
        "single": lambda machine, folder: single(machine, folder, tasks),
        "batch": lambda machine, folder: batch(machine, folder, tasks),
        "isolation": lambda machine, folder: isolation(machine, folder, tasks),
        "dag": lambda machine, folder: queue_graph.dag(machine, folder, tasks // 2),
        "chain": lambda machine, folder: queue_graph.chain(machine, folder, tasks // 20),
        "create": lambda machine, folder: queue_growth.create(machine, folder, tasks // 2),
        "wal": lambda machine, folder: queue_growth.wal(machine, folder, tasks // 10),
        "latency": lambda machine, folder: queue_growth.latency(machine, folder, stored),
        "steady": lambda machine, folder: queue_growth.steady(machine, folder, cycles),
    }


def main(
    tasks: int = 20_000,
    *,
    only: Sequence[str] = (),
    long: bool = False,
    stored: int | None = None,
) -> list[Row]:
    """The rows of this benchmark, or of the parts that are named."""
    known = parts(tasks, stored or STORED, MANY_CYCLES if long else CYCLES)
    unknown = set(only) - set(known)
    if unknown:
        raise SystemExit(f"queue has no part {', '.join(unknown)}; it has {', '.join(known)}")
    rows = []
    with bench() as machine, tempfile.TemporaryDirectory() as folder:
        for name in only or known:
            rows += known[name](machine, Path(folder))
    return rows

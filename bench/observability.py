"""Samples on their way in, a month of them read from rollups, and events read after a place.

python -m bench observability [SAMPLES [EVENTS]]        default 20000000 and 5000000

At least 200,000 samples: of few, a quantile is not one value.

Samples are of twenty series over thirty days. "COPY" writes the same rows into the same table,
which counts nothing and asks for nothing. What is read from rollups is also read from the samples
themselves, by the query that anybody would write, and has to be the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from bench.harness import AGENT, Bench, Row, bench, interleaved

SERIES = 20
BATCH = 10_000
CHUNK = 500_000
# Calls of which the median is taken; and pages of events, of which the ninety-fifth of a hundred.
ROUNDS = 20
PAGES = 400
QUANTILE_ERROR = 0.02

Connection = psycopg.Connection[tuple[Any, ...]]
Sample = tuple[int, Decimal, datetime]

PROJECT: LiteralString = "select project_id from docket.create_project('bench')"
MONTH: LiteralString = "select date_trunc('month', docket.clock(), 'UTC')"
# Behind the back of record_samples(), which is measured apart. A quarter of each value is noise.
SAMPLES: LiteralString = """
insert into docket.metrics (series_id, project_id, recorded_at, value)
select s.series_id, s.project_id,
       %(begin)s + i * interval '30 days' / %(each)s,
       round((200 + 100 * sin(i / 5000.0) + 100 * random())::numeric, 2)
  from docket.metric_series as s
 cross join generate_series(%(first)s::bigint, %(last)s) as i
"""
FROM_ROLLUPS: LiteralString = """
select bucket_at, value
  from docket.metric_series(%(project)s, %(name)s, '{"host": "h0"}', '1 day', %(aggregate)s,
                            %(begin)s, %(begin)s + interval '30 days')
 order by 1
"""
FROM_SAMPLES: dict[str, LiteralString] = {
    "avg": "avg(m.value)",
    "p95": "percentile_disc(0.95) within group (order by m.value)",
}
OF_SERIES: LiteralString = """
select date_trunc('day', m.recorded_at, 'UTC'), {}
  from docket.metrics as m
 where m.series_id = %(series)s
   and m.recorded_at >= %(begin)s
   and m.recorded_at < %(begin)s + interval '30 days'
 group by 1
 order by 1
"""
EVENTS: LiteralString = """
insert into docket.events (
    event_id, project_id, cloudevent_id, source, event_type, occurred_at, data, recorded_at)
select n.id, %(project)s, n.id::text, '/bench', 'org.example.kind' || n.i %% 10,
       docket_private.time_of_id(n.id), jsonb_build_object('number', n.i),
       docket_private.time_of_id(n.id)
  from (select docket_private.new_id(%(project)s, i) as id, i
          from generate_series(%(first)s::bigint, %(last)s) as i) as n
"""
MEMBER: LiteralString = "select docket.grant_access(%s, 'reader', %s)"
PLACES: LiteralString = """
select transaction_id || ':' || event_no
  from docket.events tablesample bernoulli (1)
 where project_id = %s
"""
PAGE: LiteralString = "select * from docket.events_after(%s, %s, page_size => 100)"


def chunks(rows: int) -> list[tuple[int, int]]:
    """First and last number of each part that is written in one transaction."""
    return [(first, min(first + CHUNK, rows + 1) - 1) for first in range(1, rows + 1, CHUNK)]


def register(owner: Connection, project: UUID) -> list[int]:
    """Half of the series are gauges, half timers; each of a host of its own."""
    series = [
        {"name": name, "kind": kind, "labels": {"host": f"h{host}"}}
        for name, kind in (("load", "gauge"), ("latency", "timer"))
        for host in range(SERIES // 2)
    ]
    query = "select series_id from docket.register_series(%s, %s)"
    return [row[0] for row in owner.execute(query, (project, Jsonb(series)))]


def fill(owner: Connection, rows: int, begin: datetime) -> None:
    """So many samples, evenly over the days."""
    each = rows // SERIES
    for first, last in chunks(each):
        given = {"begin": begin, "each": each, "first": first, "last": last}
        owner.execute(SAMPLES, given)
    owner.execute("vacuum (analyze) docket.metrics")


def batches(series: Sequence[int], now: datetime) -> list[list[Sample]]:
    """Samples of the last minutes as a recorder brings them."""
    made = random.Random(7)  # noqa: S311
    return [
        [(made.choice(series), Decimal(made.randrange(40_000)) / 100, now) for _ in range(BATCH)]
        for _ in range(10)
    ]


def ingest(owner: Connection, project: UUID, series: Sequence[int], size: str) -> list[Row]:
    """Samples a second, beside COPY."""
    ((now,),) = owner.execute("select docket.clock()").fetchall()
    given = batches(series, now)
    record: LiteralString = "select docket.record_samples(%s, %s, %s, %s)"
    copy: LiteralString = (
        "copy docket.metrics (series_id, project_id, recorded_at, value) from stdin"
    )

    def ours() -> float:
        began = perf_counter()
        for batch in given:
            owner.execute(
                record, (project, *map(list, zip(*((s, v, t) for s, v, t in batch), strict=True)))
            )
        return len(given) * BATCH / (perf_counter() - began)

    def floor() -> float:
        began = perf_counter()
        for batch in given:
            with owner.cursor().copy(copy) as stream:
                for one, value, at in batch:
                    stream.write_row((one, project, at, value))
        return len(given) * BATCH / (perf_counter() - began)

    recorded, copied = interleaved(ours, floor)
    return [
        Row("record_samples, 10,000 at a time", size, recorded, copied, "samples/s",
            "COPY into the same table", at_least=0.5)
    ]  # fmt: skip


def roll(owner: Connection, size: str, rows: int) -> list[Row]:
    """How long rollups take to be made, beside the writing of the samples."""
    began = perf_counter()
    while True:
        row = owner.execute("select docket_private.roll_metrics(%s)", (CHUNK,)).fetchone()
        if row == (0,):
            break
    per_second = rows / (perf_counter() - began)
    owner.execute("vacuum (analyze) docket.metric_rollups")
    return [Row("rollups made", size, per_second, 10_000, "samples/s", "10,000 a second")]


def median(call: Callable[[], object]) -> float:
    """Milliseconds that a call takes."""
    taken = []
    for _ in range(ROUNDS):
        began = perf_counter()
        call()
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken)[len(taken) // 2]


def months(
    owner: Connection, project: UUID, series: Sequence[int], begin: datetime, size: str
) -> list[Row]:
    """A month by days, from rollups and from samples, which have to say the same."""
    rows = []
    for name, aggregate, number in (("load", "avg", 0), ("latency", "p95", SERIES // 2)):
        given = {
            "project": project, "name": name, "aggregate": aggregate, "begin": begin,
            "series": series[number],
        }  # fmt: skip
        raw = OF_SERIES.format(FROM_SAMPLES[aggregate])

        def ours(given: dict[str, object] = given) -> list[tuple[Any, ...]]:
            return owner.execute(FROM_ROLLUPS, given).fetchall()

        def floor(raw: str = raw, given: dict[str, object] = given) -> list[tuple[Any, ...]]:
            return owner.execute(raw.encode(), given).fetchall()

        check(aggregate, ours(), floor())
        rows.append(
            Row(f"a month by days, {aggregate}: from rollups", size, median(ours), median(floor),
                "ms", "from samples", at_most=0.01)
        )  # fmt: skip
    return rows


def check(aggregate: str, ours: list[tuple[Any, ...]], floor: list[tuple[Any, ...]]) -> None:
    """Refuses figures of two answers that are not the same."""
    allowed = 0.0 if aggregate == "avg" else QUANTILE_ERROR
    same = [day for day, _ in ours] == [day for day, _ in floor] and all(
        abs(float(a) - float(b)) <= allowed * float(b) + 1e-9
        for (_, a), (_, b) in zip(ours, floor, strict=True)
    )
    if not same:
        raise RuntimeError(f"{aggregate} from rollups is not what it is from samples")


def pages(owner: Connection, agent: Connection, project: UUID) -> float:
    """The ninety-fifth of a hundred pages of a hundred events, anywhere in the stream, in ms."""
    found = [row[0] for row in owner.execute(PLACES, (project,))]
    chosen = random.Random(7).choices(found, k=PAGES)  # noqa: S311
    taken = []
    for place in chosen[:20] + chosen:
        began = perf_counter()
        agent.execute(PAGE, (project, place), prepare=True).fetchall()
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken[20:])[round(0.95 * (PAGES - 1))]


def events(machine: Bench, most: int) -> list[Row]:
    """A page after a place, when there are few events and when there are fifty times as many."""
    conninfo = machine.database()
    few = most // 50
    with psycopg.connect(conninfo, autocommit=True) as owner:
        ((project,),) = owner.execute(PROJECT).fetchall()
        taken = []
        with psycopg.connect(machine.agent(conninfo), autocommit=True) as agent:
            owner.execute(MEMBER, (AGENT, project))
            for first, last in ((1, few), (few + 1, most)):
                for begin, end in chunks(last - first + 1):
                    given = {"project": project, "first": first + begin - 1}
                    owner.execute(EVENTS, {**given, "last": first + end - 1})
                owner.execute("vacuum (analyze) docket.events")
                taken.append(pages(owner, agent, project))
    return [
        Row("events_after, 100 events: p95", f"{most:,} events", taken[1], taken[0], "ms",
            f"{few:,} events", at_most=1.5)
    ]  # fmt: skip


def samples(machine: Bench, rows: int) -> list[Row]:
    """What is done with samples."""
    with psycopg.connect(machine.database(), autocommit=True) as owner:
        ((project,),) = owner.execute(PROJECT).fetchall()
        ((begin,),) = owner.execute(MONTH).fetchall()
        size = f"{rows:,} samples"
        series = register(owner, project)
        fill(owner, rows, begin)
        found = roll(owner, size, rows)
        found += months(owner, project, series, begin, size)
        return ingest(owner, project, series, size) + found


def main(*sizes: int) -> list[Row]:
    """The rows of this benchmark."""
    given = (*sizes, 20_000_000, 5_000_000)[: max(len(sizes), 2)]
    rows, most = given[0], given[1] if len(sizes) != 1 else 5_000_000
    with bench() as machine:
        machine.set(machine.server.conninfo("postgres"), max_wal_size="8GB")
        return samples(machine, rows) + events(machine, most)

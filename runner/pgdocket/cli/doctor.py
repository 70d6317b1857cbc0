"""doctor: whether the database is as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened

if TYPE_CHECKING:
    from pgdocket.client import Docket

_COLUMNS = {"item": "item", "level": "level", "value": "found", "remedy": "what to do"}
_SHOWN = 5


@click.command()
@common_options
@click.option("--deep", is_flag=True, help="Read the whole graph and the whole journal too.")
@click.option("--repair", is_flag=True, help="Mend the counters of the graph, where it can.")
@click.pass_context
def doctor(ctx: click.Context, deep: bool, repair: bool) -> None:
    """Check whether the database is as it should be, and its upkeep is done.

    The checks take milliseconds: settings that endanger data, old transactions, replication, what
    the deploy has set up, maintenance, partitions, seals, leases. With --deep every task's place
    and counters are computed anew, and the journal is compared with its seals. The exit code is 1
    when something is critical. It takes a member of docket_maintenance.

    \b
    Example:
      pgdocket doctor
      pgdocket doctor --deep --json
    """
    options: Options = ctx.obj
    with opened(options) as docket:
        if repair:
            mended = docket.repair_graph()
            output.say(f"{len(mended)} projects were gone through, and their counters mended")
        rows = [as_row(each) for each in docket.health_()]
        if deep:
            with output.console().status("reading the graph and the journal"):
                rows += [graph(docket), journal(docket)]
    output.table(rows, _COLUMNS, as_json=options.json)
    if any(row["level"] == "critical" for row in rows):
        ctx.exit(1)


def graph(docket: Docket) -> dict[str, Any]:
    """What graph_health() finds, as one check."""
    found = docket.graph_health()
    told = [f"{each.invariant}: {each.detail}" for each in found[:_SHOWN]]
    told += ["..."] if len(found) > _SHOWN else []
    return {
        "item": "graph",
        "level": "critical" if found else "ok",
        "value": "; ".join(told) or "every rank and counter is as computed anew",
        "remedy": "pgdocket doctor --repair mends counters." if found else None,
    }


def journal(docket: Docket) -> dict[str, Any]:
    """What verify_audit() finds, as one check."""
    found = docket.verify_audit()
    intact = f"{found.row_count} rows are what was sealed"
    return {
        "item": "journal, row by row",
        "level": "ok" if found.is_intact else "critical",
        "value": intact if found.is_intact else f"seal {found.broken_seal}: {found.problem}",
        "remedy": None
        if found.is_intact
        else f"Find out who changed it: pgdocket changes --after {found.begin_place}",
    }

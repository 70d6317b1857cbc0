"""ops and explain: what a DBA asks of the server, and how it would answer a statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, cast

import click

from pgdocket import config, output
from pgdocket.cli import Options, common_options
from pgdocket.errors import InvalidArgument, NotFound
from pgdocket.files import project_files

if TYPE_CHECKING:
    from psycopg import Connection

_MANY_ROWS = 10_000
_MUCH = 100  # what reading some thousand rows costs, as the planner reckons
_PLAN_COLUMNS = {"node": "node", "rows": "rows", "cost": "cost", "advice": "what to do"}
_HYPOPG: LiteralString = (
    "select n.nspname from pg_catalog.pg_extension as e"
    " join pg_catalog.pg_namespace as n on n.oid = e.extnamespace where e.extname = 'hypopg'"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A file of sql/ops: its name, what it asks, what to look for and do, and the statement."""

    name: str
    asks: str
    advice: str
    statement: str


def questions() -> dict[str, Question]:
    """What there is in sql/ops, by name."""
    files = sorted((project_files() / "sql" / "ops").glob("*.sql"))
    return {each.stem: read_question(each) for each in files}


def read_question(path: Path) -> Question:
    """A question: its first comment line is what it asks, the others what to look for."""
    lines = path.read_text().splitlines()
    comments = [line.removeprefix("-- ") for line in lines if line.startswith("--")]
    statement = "\n".join(line for line in lines if not line.startswith("--"))
    return Question(path.stem, comments[0], " ".join(comments[1:]), statement)


@contextmanager
def asking(options: Options) -> Iterator[Connection[dict[str, Any]]]:
    """A connection whose work is rolled back."""
    import psycopg
    from psycopg.rows import dict_row

    target = config.resolve(options.db, notify=output.say)
    with psycopg.connect(target.conninfo, row_factory=dict_row) as connection:
        try:
            yield connection
        finally:
            connection.rollback()


@click.command()
@common_options
@click.argument("question", required=False)
@click.pass_context
def ops(ctx: click.Context, question: str | None) -> None:
    """Ask the server what a DBA asks: sizes, locks, indexes, vacuum, slow statements.

    Without QUESTION it lists the questions. Each is a file of sql/ops, which psql can run too, and
    most are views of schema docket. What other sessions do is shown to members of pg_monitor.

    \b
    Example:
      pgdocket ops
      pgdocket ops blocking
      pgdocket ops table_sizes --json
    """
    options: Options = ctx.obj
    known = questions()
    if question is None:
        rows = [{"question": each.name, "asks": each.asks} for each in known.values()]
        output.table(rows, ("question", "asks"), as_json=options.json)
        return
    if question not in known:
        raise NotFound(f"there is no question {question}", hint=f"One of {', '.join(known)}.")
    asked = known[question]
    with asking(options) as connection:
        connection.read_only = True
        cursor = connection.execute(asked.statement.encode())
        columns = [each.name for each in cursor.description or ()]
        output.table(cursor.fetchall(), columns, as_json=options.json, title=asked.asks)
    if not options.json:
        output.say(asked.advice)


@click.command()
@common_options
@click.argument("statement")
@click.option("--index", metavar="SQL",
              help="What an index would change: create index on ...; it takes hypopg.")  # fmt: skip
@click.pass_context
def explain(ctx: click.Context, statement: str, index: str | None) -> None:
    """Show how the server would do a statement, and what may be wrong with that.

    The statement is planned and not run: values stand in the place of its parameters. With --index
    it is planned again as if there were such an index, which is never made: the extension hypopg
    has to be there.

    \b
    Example:
      pgdocket explain "select * from docket.tasks where title = 'x'"
      pgdocket explain "select ..." --index "create index on docket.tasks (title)"
    """
    options: Options = ctx.obj
    with asking(options) as connection:
        before = plan_of(connection, statement)
        after = with_index(connection, statement, index) if index else None
    rows = list(told(after or before))
    if options.json:
        found = {"cost": before["Total Cost"], "plan": rows}
        output.print_json(found | ({"cost_with_index": after["Total Cost"]} if after else {}))
        return
    output.table(rows, _PLAN_COLUMNS)
    if after:
        part = after["Total Cost"] / before["Total Cost"]
        output.say(f"cost {before['Total Cost']:,.0f}, with the index {after['Total Cost']:,.0f}:"
                   f" {part:.2f} of it")  # fmt: skip


def plan_of(connection: Connection[dict[str, Any]], statement: str) -> dict[str, Any]:
    """The plan of one statement; what is no statement, or two, is refused by the server."""
    import psycopg

    try:
        # Prepared: the protocol takes one statement then, and nothing behind it.
        row = connection.execute(
            f"explain (format json) {statement}".encode(), prepare=True
        ).fetchone()
    except psycopg.ProgrammingError as error:
        raise InvalidArgument(
            f"this statement has no plan: {error.diag.message_primary}",
            hint="Give one select, insert, update, delete or merge, with values for parameters.",
        ) from None
    assert row is not None  # noqa: S101
    return cast(dict[str, Any], row["QUERY PLAN"][0]["Plan"])


def with_index(
    connection: Connection[dict[str, Any]], statement: str, index: str
) -> dict[str, Any]:
    """The plan as if there were such an index: of this session alone, and never made."""
    from psycopg import sql

    found = connection.execute(_HYPOPG).fetchone()
    if found is None:
        raise NotFound("the extension hypopg is not there", hint="create extension hypopg")
    create = sql.SQL("select * from {}.hypopg_create_index(%s)")
    connection.execute(create.format(sql.Identifier(found["nspname"])), (index,))
    return plan_of(connection, statement)


def told(plan: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """The nodes of a plan, from the top, each with what may be wrong with it."""
    what = plan.get("Index Name") or plan.get("Relation Name")
    yield {
        "node": "> " * depth + plan["Node Type"] + (f" on {what}" if what else ""),
        "rows": plan["Plan Rows"],
        "cost": plan["Total Cost"],
        "advice": advice(plan),
    }
    for each in plan.get("Plans", ()):
        yield from told(each, depth + 1)


def advice(plan: dict[str, Any]) -> str | None:
    """What a node of a plan may say about the statement or the table."""
    kind, rows = plan["Node Type"], plan["Plan Rows"]
    if kind == "Seq Scan" and "Filter" in plan and plan["Total Cost"] > _MUCH:
        return f"reads all of {plan['Relation Name']} for {plan['Filter']}: try an index"
    if kind == "Sort" and rows > _MANY_ROWS:
        return f"sorts {rows:,} rows by {', '.join(plan['Sort Key'])}: an index has them sorted"
    if kind == "Nested Loop" and rows > 100 * _MANY_ROWS:
        return "a loop over very many rows: are both sides joined by all columns of their keys?"
    return None

"""Questions over the public tables and views, put together so that no value can be more than one.

urgent = docket.query("tasks").where("priority", ">=", 8)
urgent.select("status", count()).group_by("status").rows()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

from psycopg import sql
from psycopg.types.json import Jsonb

from pgdocket.errors import InvalidArgument

R = TypeVar("R")
Rows = list[dict[str, Any]]
Operator = Literal["=", "<>", "<", "<=", ">", ">=", "@>", "<@", "&&", "like", "ilike", "in", "is"]
_WORDS: dict[str, sql.SQL] = {
    "=": sql.SQL("="),
    "<>": sql.SQL("<>"),
    "<": sql.SQL("<"),
    "<=": sql.SQL("<="),
    ">": sql.SQL(">"),
    ">=": sql.SQL(">="),
    "@>": sql.SQL("@>"),
    "<@": sql.SQL("<@"),
    "&&": sql.SQL("&&"),
    "like": sql.SQL("like"),
    "ilike": sql.SQL("ilike"),
}
_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max"})
_JOINS = {"inner": sql.SQL("join"), "left": sql.SQL("left join")}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What is reckoned over a group: count(), or sum, avg, min and max of a column."""

    name: str
    column: str | None = None

    @property
    def label(self) -> str:
        """The key of it in a row."""
        return f"{self.name}_{self.column.rpartition('.')[2]}" if self.column else self.name


def count(column: str | None = None) -> Aggregate:
    """How many rows, or how many that have something in a column."""
    return Aggregate("count", column)


Selected = str | Aggregate


@dataclass(frozen=True, slots=True)
class Query(Generic[R]):
    """A question over a table or view of schema docket; each method returns a new one.

    Columns are named as in the database, with the table before them where two have them
    ("tasks.status"). Names are quoted and values are sent beside the text: neither can be
    anything else. What is unknown is refused by the database. Row-level security counts.
    """

    run: Callable[[bytes, Sequence[Any]], R] = field(repr=False, compare=False)
    table: str
    columns: tuple[Selected, ...] = ()
    joins: tuple[sql.Composable, ...] = ()
    conditions: tuple[tuple[sql.Composable, tuple[Any, ...]], ...] = ()
    groups: tuple[str, ...] = ()
    having_: tuple[tuple[sql.Composable, tuple[Any, ...]], ...] = ()
    order: tuple[sql.Composable, ...] = ()
    most: int | None = None
    passed: int | None = None

    def select(self, *columns: Selected) -> Query[R]:
        """Only these columns, or what is reckoned by count() and Aggregate; else all."""
        return replace(self, columns=self.columns + columns)

    def join(
        self, table: str, on: dict[str, str], *, kind: Literal["inner", "left"] = "inner"
    ) -> Query[R]:
        """Beside rows of another table, where its columns equal others: join("projects",
        on={"project_id": "tasks.project_id"}).
        """
        if kind not in _JOINS or not on:
            raise InvalidArgument("a join is inner or left, and says what is equal")
        equal = sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier(table, own), _name(other))
            for own, other in on.items()
        )
        joined = sql.SQL(" {} {} as {} on {}").format(
            _JOINS[kind], sql.Identifier("docket", table), sql.Identifier(table), equal
        )
        return replace(self, joins=(*self.joins, joined))

    def where(self, column: str, operator: Operator, value: Any) -> Query[R]:
        """Only rows of which this holds; `in` takes a list, `is` takes None or a truth value."""
        condition = _condition(_name(column), operator, value)
        return replace(self, conditions=(*self.conditions, condition))

    def group_by(self, *columns: str) -> Query[R]:
        """One row for each of what these columns hold."""
        return replace(self, groups=self.groups + columns)

    def having(self, aggregate: Aggregate, operator: Operator, value: Any) -> Query[R]:
        """Only groups of which this holds."""
        condition = _condition(_reckoned(aggregate), operator, value)
        return replace(self, having_=(*self.having_, condition))

    def order_by(self, column: Selected, *, descending: bool = False) -> Query[R]:
        """In this order; said again, what is equal is put in order by the next."""
        way = sql.SQL(" desc nulls last" if descending else " asc nulls last")
        return replace(self, order=(*self.order, sql.Composed([_selected(column), way])))

    def limit(self, rows: int, *, offset: int = 0) -> Query[R]:
        """So many rows at most, after passing over `offset`."""
        return replace(self, most=rows, passed=offset)

    def rows(self) -> R:
        """The rows, as dictionaries. Raises InvalidArgument for what there is not."""
        statement, values = self.compose()
        return self.run(statement.as_bytes(None), values)

    def compose(self) -> tuple[sql.Composed, list[Any]]:
        """The statement, with numbered placeholders, and what goes into them."""
        values = [each for _, given in self.conditions + self.having_ for each in given]
        parts: list[sql.Composable] = [
            sql.SQL("select "),
            self._selection(),
            sql.SQL(" from {} as {}").format(
                sql.Identifier("docket", self.table), sql.Identifier(self.table)
            ),
            *self.joins,
            *_clause(" where ", " and ", [condition for condition, _ in self.conditions]),
            *_clause(" group by ", ", ", [_name(each) for each in self.groups]),
            *_clause(" having ", " and ", [condition for condition, _ in self.having_]),
            *_clause(" order by ", ", ", self.order),
        ]
        for word, rows in ((" limit ", self.most), (" offset ", self.passed or None)):
            if rows is not None:
                parts += [sql.SQL(word), _PLACE]
                values.append(rows)
        return _numbered(parts), values

    def _selection(self) -> sql.Composable:
        if not self.columns:
            return sql.SQL("{}.*").format(sql.Identifier(self.table))
        return sql.SQL(", ").join(
            sql.SQL("{} as {}").format(_reckoned(each), sql.Identifier(each.label))
            if isinstance(each, Aggregate)
            else _name(each)
            for each in self.columns
        )


_PLACE = sql.Placeholder()


def _name(column: str) -> sql.Identifier:
    return sql.Identifier(*column.split("."))


def _selected(column: Selected) -> sql.Composable:
    return _reckoned(column) if isinstance(column, Aggregate) else _name(column)


def _reckoned(aggregate: Aggregate) -> sql.Composable:
    is_known = aggregate.name in _AGGREGATES
    if not is_known or (aggregate.column is None and aggregate.name != "count"):
        raise InvalidArgument(f"{aggregate.name} is none of count, sum, avg, min and max")
    over = sql.SQL("*") if aggregate.column is None else _name(aggregate.column)
    return sql.SQL("pg_catalog.{}({})").format(sql.Identifier(aggregate.name), over)


def _condition(
    left: sql.Composable, operator: str, value: Any
) -> tuple[sql.Composable, tuple[Any, ...]]:
    if operator == "is" and (value is None or isinstance(value, bool)):
        return sql.SQL("{} is {}").format(left, sql.Literal(value)), ()
    if operator == "in" and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return sql.SQL("{} = any ({})").format(left, _PLACE), (list(value),)
    if operator not in _WORDS or value is None:
        raise InvalidArgument(
            f"there is no condition {operator} with {type(value).__name__}",
            hint="= <> < <= > >= @> <@ && like ilike; in with a list; is with None or a bool",
        )
    given = Jsonb(value) if isinstance(value, dict) else value
    return sql.SQL("{} {} {}").format(left, _WORDS[operator], _PLACE), (given,)


def _clause(
    word: Literal[" where ", " group by ", " having ", " order by "],
    between: Literal[" and ", ", "],
    parts: Sequence[sql.Composable],
) -> list[sql.Composable]:
    return [sql.SQL(word), sql.SQL(between).join(parts)] if parts else []


def _numbered(parts: Sequence[sql.Composable]) -> sql.Composed:
    """The same with $1, $2... for the placeholders, as the client's connections send it."""
    numbers = iter(range(1, 1_000_000))

    def number(part: sql.Composable) -> sql.Composable:
        if isinstance(part, sql.Composed):
            return sql.Composed([number(each) for each in part])
        if isinstance(part, sql.Placeholder):
            return sql.SQL("$" + str(next(numbers)))
        return part

    return sql.Composed([number(part) for part in parts])

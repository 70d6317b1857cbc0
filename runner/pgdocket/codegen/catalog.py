"""The public functions of a deployed docket, as the catalog describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row, dict_row

from pgdocket.errors import Error, SchemaMissing

# A comment says which columns of a report can be null: "agent and error may be null".
_NULLS = re.compile(r"((?:\w+(?:,\s+|\s+and\s+))*\w+)\s+may\s+be\s+null\b")


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a row. `type_name` is never a domain's: `domain` names that, if there is one."""

    name: str
    type_name: str
    domain: str | None
    is_nullable: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. `default` is an SQL expression, None where one has to be given."""

    name: str
    type_name: str
    domain: str | None
    default: str | None


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view whose rows functions return."""

    name: str
    columns: tuple[Column, ...]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function. It returns rows of `relation`, or of `columns`, or else a `type_name`.

    `answers` says how many: one, none or one (declared by `rows 1`), or any number.
    """

    name: str
    parameters: tuple[Parameter, ...]
    answers: Literal["one", "one_or_none", "many"]
    relation: str | None
    columns: tuple[Column, ...]
    type_name: str
    is_volatile: bool
    comment: str

    @property
    def takes_request_id(self) -> bool:
        """Whether a repeated call is recognized by its request_id."""
        return any(each.name == "request_id" for each in self.parameters)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """A row of docket.error_codes."""

    error_code: str
    name: str
    exit_code: int
    http_status: int
    description: str
    facts: list[str]


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a client has to know, everything by name; errors by exit code."""

    functions: tuple[Function, ...]
    relations: tuple[Relation, ...]
    errors: tuple[ErrorRow, ...]


_FUNCTIONS = """
select p.proname as name,
       p.provolatile = 'v' as is_volatile,
       p.proretset as is_set,
       p.prorows = 1 as is_single,
       coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), '') as comment,
       pg_catalog.format_type(r.oid, null) as type_name,
       c.relname as relation,
       coalesce(a.arguments, '{}') as arguments
  from pg_catalog.pg_proc as p
  join pg_catalog.pg_type as t on t.oid = p.prorettype
  join pg_catalog.pg_type as r on r.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
  left join pg_catalog.pg_class as c on c.oid = t.typrelid
 cross join lateral (
           select array_agg(
                      jsonb_build_object(
                          'name', u.name,
                          'mode', coalesce(u.mode, 'i'),
                          'type_name', pg_catalog.format_type(b.oid, null),
                          'domain', case when d.typtype = 'd' then d.typname end,
                          'default', pg_catalog.pg_get_function_arg_default(p.oid, u.place::int))
                      order by u.place) as arguments
             from unnest(
                      p.proargnames,
                      coalesce(p.proallargtypes, p.proargtypes::oid[]),
                      p.proargmodes::text[])
                  with ordinality as u (name, type_oid, mode, place)
             join pg_catalog.pg_type as d on d.oid = u.type_oid
             join pg_catalog.pg_type as b on b.oid = coalesce(nullif(d.typbasetype, 0), d.oid)) as a
 where p.pronamespace = 'docket'::regnamespace
   and p.prokind = 'f'
 order by p.proname
"""

_RELATIONS = """
select c.relname as name,
       pg_catalog.obj_description(c.oid, 'pg_class') as comment,
       array_agg(
           jsonb_build_object(
               'name', a.attname,
               'type_name', pg_catalog.format_type(b.oid, null),
               'domain', case when d.typtype = 'd' then d.typname end,
               'is_nullable', not (a.attnotnull or d.typnotnull),
               'comment', pg_catalog.col_description(c.oid, a.attnum))
           order by a.attnum) as columns
  from pg_catalog.pg_class as c
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid
  join pg_catalog.pg_type as d on d.oid = a.atttypid
  join pg_catalog.pg_type as b on b.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
 where c.relnamespace = 'docket'::regnamespace
   and c.relkind in ('r', 'p', 'v')
   and not c.relispartition
   and a.attnum > 0
   and not a.attisdropped
 group by c.oid
 order by c.relname
"""

_ERRORS = """
select e.error_code, e.name, e.exit_code, e.http_status, e.description, e.facts
  from docket.error_codes as e
 order by e.exit_code
"""


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Reads what a client has to know, as any role that may look at the tables.

    Raises SchemaMissing where there is no docket, and Error for a comment that names a column
    which its function doesn't return, or for two functions of one name.
    """
    found = connection.execute("select pg_catalog.to_regnamespace('docket')").fetchone()
    if found is None or found[0] is None:
        raise SchemaMissing("the database has no pgdocket schema; run: pgdocket deploy")
    with connection.cursor(row_factory=dict_row) as cursor:
        functions = [_function(row) for row in cursor.execute(_FUNCTIONS).fetchall()]
        tables = [_relation(row) for row in cursor.execute(_RELATIONS).fetchall()]
    with connection.cursor(row_factory=class_row(ErrorRow)) as cursor:
        errors = cursor.execute(_ERRORS).fetchall()
    for one, other in pairwise(functions):
        if one.name == other.name:
            raise Error(f"there are two functions docket.{one.name}")
    return Catalog(tuple(functions), tuple(tables), tuple(errors))


def _function(row: dict[str, Any]) -> Function:
    arguments, comment = row["arguments"], row["comment"]
    nulls = {name for found in _NULLS.findall(comment) for name in re.findall(r"\w+", found)}
    columns = tuple(
        Column(each["name"], each["type_name"], each["domain"], each["name"] in nulls, None)
        for each in arguments
        if each["mode"] == "t"
    )
    if nulls and not any(each.is_nullable for each in columns):
        raise Error(f"the comment on docket.{row['name']} says that what it lacks may be null")
    return Function(
        name=row["name"],
        parameters=tuple(
            Parameter(each["name"], each["type_name"], each["domain"], each["default"])
            for each in arguments
            if each["mode"] == "i"
        ),
        answers=_answers(row),
        relation=row["relation"],
        columns=columns,
        type_name=row["type_name"],
        is_volatile=row["is_volatile"],
        comment=comment,
    )


def _answers(row: dict[str, Any]) -> Literal["one", "one_or_none", "many"]:
    if not row["is_set"]:
        return "one"
    if not row["is_single"]:
        return "many"
    return "one" if "Returns one row" in row["comment"] else "one_or_none"


def _relation(row: dict[str, Any]) -> Relation:
    return Relation(row["name"], tuple(Column(**each) for each in row["columns"]), row["comment"])

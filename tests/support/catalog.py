"""The database's own catalog, as the rules of the design need it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from support.sessions import Connection

SCHEMAS = ("docket", "docket_private")

CLIENT_ROLES = (
    "docket_admin",
    "docket_app",
    "docket_agent",
    "docket_reader",
    "docket_auditor",
    "docket_metrics",
    "docket_gateway",
    "docket_maintenance",
)

# Every relation, function and type of the two schemas that no extension brought along.
VIEWS: LiteralString = """
create temporary view our_relations as
    select c.oid,
           n.nspname as schema_name,
           c.relname as name,
           format('%I.%I', n.nspname, c.relname) as label,
           c.relkind,
           c.relispartition,
           c.relowner,
           c.relrowsecurity,
           c.relforcerowsecurity,
           c.reloptions,
           c.relacl
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname in ('docket', 'docket_private')
       and not exists (
               select
                 from pg_catalog.pg_depend as d
                where d.classid = 'pg_class'::regclass
                  and d.objid = c.oid
                  and d.deptype = 'e');

create temporary view our_tables as
    select * from our_relations where relkind in ('r', 'p');

create temporary view our_columns as
    select t.*, a.attnum, a.attname as column_name, a.atttypid, a.attnotnull
      from our_tables as t
      join pg_catalog.pg_attribute as a on a.attrelid = t.oid
     where a.attnum > 0
       and not a.attisdropped;

create temporary view our_functions as
    select p.oid,
           n.nspname as schema_name,
           p.proname as name,
           p.oid::regprocedure::text as label,
           l.lanname as language,
           p.prokind,
           p.proowner,
           p.provolatile,
           p.prosecdef,
           p.proconfig,
           p.proacl,
           p.proargnames,
           p.proargmodes,
           p.prosqlbody is not null as is_atomic,
           p.prorettype,
           pg_catalog.pg_get_functiondef(p.oid) as definition,
           coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as body,
           pg_catalog.obj_description(p.oid, 'pg_proc') as comment
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
      join pg_catalog.pg_language as l on l.oid = p.prolang
     where n.nspname in ('docket', 'docket_private')
       and p.prokind <> 'a'
       and not exists (
               select
                 from pg_catalog.pg_depend as d
                where d.classid = 'pg_proc'::regclass
                  and d.objid = p.oid
                  and d.deptype = 'e');

create temporary view our_types as
    select t.oid,
           format('%I.%I', n.nspname, t.typname) as label,
           t.typtype,
           t.typowner
      from pg_catalog.pg_type as t
      join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
      left join pg_catalog.pg_class as c on c.oid = t.typrelid
     where n.nspname in ('docket', 'docket_private')
       and (t.typtype in ('d', 'e', 'r') or c.relkind = 'c');

create temporary view our_triggers as
    select g.tgrelid as table_oid,
           f.proname as function_name,
           g.tgtype & 2 <> 0 as is_before,
           g.tgtype & 1 <> 0 as is_per_row,
           g.tgtype & 4 <> 0 as on_insert,
           g.tgtype & 8 <> 0 as on_delete,
           g.tgtype & 16 <> 0 as on_update,
           g.tgtype & 32 <> 0 as on_truncate
      from pg_catalog.pg_trigger as g
      join pg_catalog.pg_proc as f on f.oid = g.tgfoid
     where not g.tgisinternal
       and g.tgenabled in ('O', 'A');
"""


def prepare(connection: Connection) -> Connection:
    """Gives a connection the temporary views that the rules are written over."""
    connection.execute(VIEWS)
    return connection


def offenders(connection: Connection, query: LiteralString, *parameters: object) -> list[str]:
    """The first column of a query that finds what breaks a rule, sorted."""
    return sorted(str(row[0]) for row in connection.execute(query, parameters or None))


def no_offenders(connection: Connection, query: LiteralString, *parameters: object) -> None:
    """Fails with the list of what breaks a rule, one to a line."""
    nothing(offenders(connection, query, *parameters))


def nothing(found: Iterable[str]) -> None:
    """Fails with what was found, one to a line."""
    listed = sorted(set(found))
    assert not listed, "these break the rule:\n" + "\n".join(listed)

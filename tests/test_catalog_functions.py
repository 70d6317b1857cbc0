"""The rules of the design for functions and errors, held as those of test_catalog.py are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgdocket.errors import ERROR_CODES
from support.catalog import no_offenders, nothing, offenders
from support.databases import ROOT
from support.sessions import Connection

MAY_READ_THE_WALL_CLOCK = {
    "docket.clock()": "it is the clock",
    "docket_private.new_id(uuid,bigint)": "ids are ordered by when they were really made",
}


def test_every_function_is_pinned_or_bound_to_its_tables(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select label
          from our_functions
         where not is_atomic
           and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
        """,
    )


def test_every_security_definer_is_pinned(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select label
          from our_functions
         where prosecdef
           and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
        """,
    )


def test_readers_in_sql_are_not_volatile(catalog: Connection) -> None:
    # One that calls a volatile function is no reader.
    no_offenders(
        catalog,
        """
        select f.label
          from our_functions as f
         where f.schema_name = 'docket'
           and f.language = 'sql'
           and f.provolatile = 'v'
           and not exists (
                   select
                     from pg_catalog.pg_depend as d
                     join our_functions as called on called.oid = d.refobjid
                    where d.classid = 'pg_proc'::regclass
                      and d.objid = f.oid
                      and d.refclassid = 'pg_proc'::regclass
                      and called.provolatile = 'v')
        """,
    )


def test_a_volatile_function_writes_and_a_stable_one_does_not(catalog: Connection) -> None:
    writes = (
        r"\m(insert into|update (docket|pg_temp)|delete from|merge into|truncate"
        r"|for (no key )?update|for share|nextval|set_config|pg_notify)"
    )
    calls = r"\m(perform|call|execute)\M"
    no_offenders(
        catalog,
        """
        select format('%%s is volatile and writes nothing', label)
          from our_functions
         where schema_name = 'docket'
           and provolatile = 'v'
           and prokind = 'f'
           and body !~* %s
           and body !~* %s
           and body !~* 'docket(_private)?\\.\\w+\\('
         union all
        select format('%%s writes and is not volatile', label)
          from our_functions
         where provolatile <> 'v'
           and body ~* %s
        """,
        writes,
        calls,
        writes,
    )


def test_nobody_reads_the_wall_clock_or_sleeps(catalog: Connection) -> None:
    found = offenders(
        catalog,
        r"""
        select label
          from our_functions
         where definition ~* '\m(now|clock_timestamp|statement_timestamp|transaction_timestamp'
                             '|timeofday|pg_sleep\w*)\s*\('
            or definition ~* '\m(current_timestamp|localtimestamp|current_date|current_time'
                             '|localtime)\M'
        """,
    )
    nothing(label for label in found if label not in MAY_READ_THE_WALL_CLOCK)


def test_no_parameter_has_to_be_quoted(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s: %s', f.label, a.name)
          from our_functions as f
         cross join unnest(f.proargnames) as a (name)
          join pg_get_keywords() as k on k.word = a.name
         where k.catcode = 'R'
         union all
        select format('%s: a parameter without a name', p.oid::regprocedure)
          from pg_catalog.pg_proc as p
          join our_functions as f on f.oid = p.oid
         where f.schema_name = 'docket'
           and p.pronargs > 0
           and (p.proargnames is null or '' = any (p.proargnames))
        """,
    )


def test_the_comment_of_a_public_function_is_its_documentation(catalog: Connection) -> None:
    found = catalog.execute(
        """
        select f.name, f.prokind, f.comment, f.definition,
               array(select a.name
                       from unnest(f.proargnames) with ordinality as a (name, position)
                      where coalesce(f.proargmodes[a.position], 'i') in ('i', 'b', 'v')
                        -- A column of the row that comes back says what it is itself.
                        and not exists (
                                select
                                  from our_columns as c
                                  join pg_catalog.pg_type as t on t.typrelid = c.oid
                                 where t.oid = f.prorettype
                                   and c.column_name = a.name))
          from our_functions as f
         where f.schema_name = 'docket'
        """
    ).fetchall()
    nothing(
        f"{name}: says nothing of {missing}"
        for name, kind, comment, definition, parameters in found
        for missing in missing_from(comment or "", kind, definition, parameters)
    )


def missing_from(comment: str, kind: str, definition: str, parameters: list[str]) -> Iterator[str]:
    """What a public function's comment leaves out."""
    if len(comment) < 40:
        yield "what it is for"
    if kind == "f" and not re.search(r"\breturns\b", comment, re.IGNORECASE):
        yield "what it returns"
    if not re.search(r"\braises\b", comment, re.IGNORECASE):
        yield "what it raises"
    for parameter in parameters:
        # An id says whose it is.
        if not parameter.endswith("_id") and f"`{parameter}`" not in comment:
            yield parameter
    for code in sorted(set(re.findall(r"'(PD[0-9A-Z]{3})'", definition))):
        if code not in comment:
            yield code


# Errors


def test_every_sqlstate_raised_is_in_the_table(catalog: Connection) -> None:
    no_offenders(
        catalog,
        """
        select format('%s: %s', f.label, raised.code[1])
          from our_functions as f
         cross join regexp_matches(f.definition, '''(PD[0-9A-Z]{3})''', 'g') as raised (code)
         where raised.code[1] not in (select e.error_code from docket.error_codes as e)
        """,
    )


def test_every_sqlstate_in_the_scripts_is_in_the_table(catalog: Connection) -> None:
    known = offenders(catalog, "select error_code from docket.error_codes")
    nothing(
        f"{path.relative_to(ROOT)}: {code}"
        for path in sorted((ROOT / "deploy").rglob("*.sql"))
        for code in re.findall(r"errcode\s*=\s*'(PD\w+)'", path.read_text())
        if code not in known
    )


def test_python_has_the_same_table_of_errors(catalog: Connection) -> None:
    rows = catalog.execute(
        "select error_code, name, exit_code, http_status from docket.error_codes"
    ).fetchall()
    mirrored = [(c.sqlstate, c.name, c.exit_code, c.http_status) for c in ERROR_CODES]
    assert sorted(mirrored) == sorted(rows)


# For an auditor the owner of the functions reads the whole journal.
READ_FOR_AUDITORS = {
    "list_linear_conflicts": "when a task was changed that the caller may see, which it asks first",
    "list_linear_sync": "when a task was changed that the caller may see, which it asks first",
    "verify_audit": "counts and hashes, of all projects",
    "task_as_of": "only what the caller may see, which it says itself",
}


def test_an_auditor_is_shown_no_more_by_functions_that_read_the_journal_for_him(
    catalog: Connection,
) -> None:
    rows = catalog.execute(
        """
        select schema_name || '.' || name, name, body,
               prosecdef and has_function_privilege('docket_auditor', oid, 'execute')
          from our_functions
         where prokind = 'f'
        """
    ).fetchall()
    reading = {
        full for full, _, body, _ in rows if re.search(r"(from|join) docket\.audit_log", body)
    }
    while more := {
        full
        for full, _, body, _ in rows
        if full not in reading and any(f"{each}(" in body for each in reading)
    }:
        reading |= more
    found = {name for full, name, _, for_auditors in rows if full in reading and for_auditors}
    assert found == set(READ_FOR_AUDITORS)

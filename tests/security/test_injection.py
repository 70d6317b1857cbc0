"""Every parameter of every public function is given what nobody means.

It is taken as data, or refused with one of our errors. A value that its type can't hold is refused
by the server before the function is called; from inside a function only our errors come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Json, Jsonb

from support import soak
from support.catalog import nothing
from support.races import value
from support.sessions import Connection
from support.siege import Besieged
from test_isolation import Function, value_of

PARAMETERS: LiteralString = """
    select p.proname, coalesce(p.proargnames[1:p.pronargs], '{}'), p.pronargs - p.pronargdefaults,
           p.provolatile = 'v', true,
           array(select format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null)
                   from unnest(p.proargtypes) with ordinality as t (oid, position)
                   join pg_catalog.pg_type as y on y.oid = t.oid
                  order by t.position)
      from pg_catalog.pg_proc as p
     where p.pronamespace = 'docket'::regnamespace
       and p.prokind = 'f'
       and p.prorettype <> 'trigger'::regtype
     order by p.proname
"""

TEXTS = (
    "", " ", "'", "''", '"', "\\", "\\'; select 1; --", "'; drop table docket.tasks; --",
    "$$", "$x$ select $x$", "%", "%s %I %L %1$s %%", "_%", "{}", "[1", "null", "-1", "1e131071",
    "NaN", "$.** ? (@ == 1)", "$[*", "(a+)+$", "[[:alpha:", "a & | ! b", "<->", "'a':*", "x:y:z",
    "a\nb\tc", "\x01\x1f\x7f", "\u202e\ufeff\uffff", "\U0001f4a9" * 20, "x" * 63, "x" * 64,
    "é" * 32, "x" * 300, "word " * 30_000, "x" * 300_000, "../../etc/passwd", "docket.tasks", "2",
    "00000000-0000-0000-0000-000000000000", "2001-99-99", "=cmd|' /C calc'!A0", "<script>",
)  # fmt: skip

JSONS = (
    "null", "true", "0", "-1", "1.5", "1e131071", "-1e131071", "1e-16000", '""', '"x"', "[]", "{}",
    "[[]]", "[null]", "[{}]", '["x"]', "[1e131071]", '{"": null}', '{"\'; drop table x": "$$"}',
    '{"$$": {"%s": ["\\"", {"a": null}]}}', '[{"title": null}]', '"\\uffff\\u0001"',
    '"' + "x" * 300_000 + '"', "[" * 3000 + "]" * 3000, '{"a":' * 1500 + "1" + "}" * 1500,
    "[" + ",".join(["{}"] * 10_001) + "]",
)  # fmt: skip

# For each field of an object that a function knows.
FIELDS = (
    "null", "true", "-1", "1.5", "1e131071", '""', '"x"', '"\'; drop table x; --"', '"%s $$"',
    "[]", "{}", "[[1]]", "[null]", '{"a": [null]}', '"' + "x" * 100_000 + '"', '"2001-99-99"',
    '"00000000-0000-0000-0000-000000000000"', '["\\"{}\\\\"]', '"infinity"', '"NaN"',
)  # fmt: skip

VALUES: dict[str, tuple[object, ...]] = {
    "text": (None, *TEXTS),
    "jsonb": (None, *(Json(text, dumps=str) for text in JSONS)),
    "text[]": (
        None, [], [""], [None], ["'", '"', "\\", "{}", ","], ["x" * 300_000], ["%s", "$$"],
        ["x"] * 10_001, [["a", "b"], ["c", "d"]], [[]], ["a"], ["%"],
    ),
    "uuid[]": (None, [], [None], ["00000000-0000-0000-0000-000000000000"] * 10_001,
               [["00000000-0000-0000-0000-000000000000"]]),
    "uuid": (None,),
    "bytea": (None, b"", b"\x00", b"\xff\xfe", b"{" * 100_000, b"[]", b'{"a": {"tasks": [1]}}',
              b'{"a": {"tasks": [{"id": 1e131071, "title": "\\u0000"}]}}',
              b'{"a": {"tasks": [{"id": "\\ud800", "title": "x"}]}}'),
    "integer": (None, -1, 0, 2147483647, -2147483648),
    "smallint": (None, -1, 0, 32767),
    "bigint": (None, -1, 0, 9223372036854775807, -9223372036854775808),
    "numeric": (None, "NaN", "Infinity", "-Infinity", "-1", "0", "1e131071", "1e-16383"),
    "numeric[]": (None, [], ["NaN"], ["Infinity"], [None], ["1e131071"], [["1"], ["2"]]),
    "bigint[]": (None, [], [None], [-1], [9223372036854775807], [[1], [2]], [1] * 100_001),
    "timestamp with time zone[]": (None, [], [None], ["infinity"], ["-infinity"], ["2100-01-01"]),
    "double precision[]": (None, [], [0.0], [float("nan")], [float("inf")], [1e300], [None],
                           [[1.0], [2.0]], [1.0] * 16_001),
    "boolean": (None,),
    "interval": (None, "0", "-1 year", "178000000 years"),
    "timestamp with time zone": (None, "infinity", "-infinity", "4713-01-01 BC", "294276-01-01"),
}  # fmt: skip


LONGEST_MESSAGE = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """A function, the types of its parameters, and arguments with which it goes well."""

    function: Function
    types: dict[str, str]
    good: dict[str, object]


def rows_of_the_owner(superuser: Connection, project: object) -> dict[str, Any]:
    """Ids of what there is in the project, by the name of the parameter that takes them."""
    queries: dict[str, LiteralString] = {
        "task_id": "select docket.task_id(%s, 't-1')",
        "depends_on_id": "select docket.task_id(%s, 't-0')",
        "gated_id": "select docket.task_id(%s, 't-2')",
        "ready_id": "select docket.task_id(%s, 't-5')",
        "workflow_id": "select workflow_id from docket.list_workflows(%s)",
        "attempt_id": "select attempt_id from docket.task_attempts where project_id = %s limit 1",
        "pull_request_id": "select pull_request_id from docket.list_pull_requests(%s)",
        "knowledge_id": "select knowledge_id from docket.list_knowledge(%s)",
        "template_id": "select template_id from docket.list_templates(%s)",
        "learning_id": "select learning_id from docket.learned(%s)",
        "prompt_build_id": """select prompt_build_id from docket.prompt_builds
                                  where project_id = %s limit 1""",
        "webhook_delivery_id": """select webhook_delivery_id
                                   from docket.list_webhook_deliveries(%s)""",
        "artifact_id": "select artifact_id from docket.list_artifacts(%s)",
        "interaction_id": "select interaction_id from docket.list_interactions(%s)",
        "deployment_id": """select deployment_id
                             from docket.list_deployments(%s, status => 'running')""",
        "error_group_id": "select error_group_id from docket.list_errors(%s)",
        "alert_id": "select alert_id from docket.list_alerts(%s)",
        "event_id": "select event_id from docket.list_events(%s)",
        "page_id": "select page_id from docket.event_pages where project_id = %s",
        "linear_sync_id": """select linear_sync_id from docket.linear_sync
                              where project_id = %s limit 1""",
        "linear_change_id": """select linear_change_id from docket_private.linear_images
                                where project_id = %s and linear_change_id is not null""",
        "execution_id": """select execution_id
                             from docket.list_executions(%s, status => 'running')""",
    }
    found = {name: value(superuser, query, project) for name, query in queries.items()}
    return {"project_id": project, **found}


def targets(session: Connection, ids: dict[str, Any]) -> Iterator[Target]:
    """Every public function, with arguments that bring a call as far as possible."""
    ready, gated = ids["ready_id"], ids["gated_id"]
    better: dict[str, dict[str, object]] = {
        "create_project": {"slug": "fresh"},
        "delete_alert_rule": {"name": "silent"},
        "add_dependency": {"task_id": ready, "depends_on_id": gated},
        "enter_workflow_state": {"task_id": ready},
        "retry_workflow_step": {"task_id": ids["depends_on_id"]},
        "grant_access": {"project_id": ids["project_id"]},
        "revoke_access": {"project_id": ids["project_id"]},
        "import_beads": {"source_name": "other.jsonl"},
        "import_list": {
            "source_name": "other.csv",
            "list_format": "csv",
            "content": b"id,title\n1,One\n",
        },
        "import_tasks_json": {"source_name": "other.json"},
        "sync_tasks_json": {"source_name": "other.json"},
        "instantiate_workflow": {"name": "fresh"},
        "start_deployment": {"script_name": "migrate"},
        "start_task": {"task_id": ready},
        "supersede": {"task_id": ready, "superseded_by": gated},
        "unlink_pull_request": {"task_id": ids["depends_on_id"]},
        "waive_validation": {"task_id": gated},
        "update_task": {"task_id": ready},
        "update_task_status": {"task_id": ready},
    }
    for name, names, required, writes, executable, types in session.execute(PARAMETERS).fetchall():
        function = Function(name, tuple(names), required, writes, executable)
        good = {each: value_of(name, each, ids) for each in function.parameters[:required]}
        good |= better.get(name, {})
        if "dependencies" in good:
            good["dependencies"] = Jsonb([{"task_id": str(ready), "depends_on_id": str(gated)}])
        yield Target(function, dict(zip(names, types, strict=True)), good)


def attempts(session: Connection, target: Target) -> Iterator[tuple[str, object]]:
    """The parameters of a function, each with all that it is given."""
    for name, kind in target.types.items():
        for given in VALUES[kind]:
            yield name, given
        if kind == "jsonb":
            for field in known_fields(session, target, name):
                for text in FIELDS:
                    yield name, with_field(target, name, field, text)


def with_field(target: Target, parameter: str, field: str, text: str) -> Json:
    """What a call goes well with, one field of it with another value, which is JSON text."""
    given = target.good.get(parameter)
    base = given.obj if isinstance(given, Jsonb) else {}
    first = base[0] if isinstance(base, list) else base
    item = (first if isinstance(first, dict) else {}) | {field: "?"}
    written = json.dumps(item).replace(f'"{field}": "?"', f'"{field}": {text}')
    return Json(f"[{written}]" if isinstance(base, list) else written, dumps=str)


def known_fields(session: Connection, target: Target, parameter: str) -> list[str]:
    """The fields that a function names when it is given one that it doesn't know."""
    if parameter == "completions":  # ignores what it doesn't know
        return ["attempt_id", "results", "actual_effort", "actual_complexity"]
    error = call(session, target, parameter, with_field(target, parameter, "?", "1"))
    known = re.search(
        r"(?:Known are:?|objects with) (.*)\.$", error.diag.message_hint or "" if error else ""
    )
    return re.findall(r"\w+_?\w+", known[1]) if known else []


def call(
    session: Connection, target: Target, parameter: str, given: object
) -> psycopg.Error | None:
    """Calls a function with a value; what it raises. Whatever it did is undone."""
    arguments = target.good | {parameter: given}
    casts = {name: sql.SQL(target.types[name]) for name in arguments}
    query = sql.SQL("select r::text from docket.{}({}) as r").format(
        sql.Identifier(target.function.name),
        sql.SQL(", ").join(
            sql.SQL("{} => {}::{}").format(sql.Identifier(name), sql.Placeholder(name), casts[name])
            for name in arguments
        ),
    )
    try:
        with session.transaction(force_rollback=True):
            session.execute(query, arguments)
    except psycopg.Error as error:
        return error
    return None


def is_ours(error: psycopg.Error) -> bool:
    """Whether an error may come of a call: ours, or the server's before the function was called."""
    state, told = error.sqlstate or "", error.diag
    if not state.startswith("PD"):
        return state[:2] in {"22", "54"} and "function docket" not in (told.context or "")
    # Whatever was given, it is not sent back, and into the log, as long as it was.
    said = (told.message_primary, told.message_detail, told.message_hint)
    return sum(len(each or "") for each in said) < LONGEST_MESSAGE


def in_words(given: object) -> str:
    text = str(given.obj if isinstance(given, Json) else given)
    return repr(text if len(text) < 60 else f"{text[:40]}... of {len(text)}")


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE + 180)
def test_every_parameter_takes_what_it_is_given_as_data_or_refuses_it(besieged: Besieged) -> None:
    # The short form gives a part of all, and to each server another.
    step = soak.size(4, 1)
    start = besieged.database.server.version % step
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as session:
        ids = rows_of_the_owner(session, besieged.project_id)
        found, tried = [], 0
        session.execute("set statement_timeout = '20s'")
        for target in targets(session, ids):
            for parameter, given in islice(attempts(session, target), start, None, step):
                error = call(session, target, parameter, given)
                tried += 1
                if error is not None and not is_ours(error):
                    found.append(
                        f"{target.function.name}({parameter} => {in_words(given)}): "
                        f"{error.sqlstate} {(error.diag.message_primary or '')[:200]}"
                    )
        nothing(found)
        assert tried > 6000 / step
        assert value(session, "select count(*) from docket.tasks") > 300


# What is refused on its way to any function, by the type of its parameter or by the driver.
NEVER_ARRIVE: tuple[tuple[str, str], ...] = (
    ('"\\u0000"', "22P05"),
    ('"\\ud800"', "22P02"),
    ("1e131072", "22003"),
    ("[" * 100_000 + "]" * 100_000, "54001"),
    ("{'a': 1}", "22P02"),
    ("NaN", "22P02"),
)


def test_what_no_type_can_hold_never_arrives(besieged: Besieged) -> None:
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as session:
        ids = rows_of_the_owner(session, besieged.project_id)
        [target] = [t for t in targets(session, ids) if t.function.name == "put_context"]
        for text, state in NEVER_ARRIVE:
            error = call(session, target, "data", Json(text, dumps=str))
            assert error is not None
            assert (error.sqlstate, is_ours(error)) == (state, True)
        for given in ("a\x00b", "\ud800"):
            with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
                session.execute("select docket.task_id(%s, %s)", (ids["project_id"], given))
        with pytest.raises(psycopg.errors.CharacterNotInRepertoire):
            session.execute(b"select docket.task_id(null, '\xed\xa0\x80')")


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE + 180)
def test_what_is_very_long_is_taken_or_refused(besieged: Besieged) -> None:
    size = soak.size(1_000_000, 100_000_000)
    with closing(psycopg.connect(besieged.database.conninfo, autocommit=True)) as session:
        ids = rows_of_the_owner(session, besieged.project_id)
        by_name = {target.function.name: target for target in targets(session, ids)}
        for name, parameter in (
            ("search_tasks", "query"),
            ("task_id", "reference"),
            ("create_task", "description"),
            ("claim_tasks", "agent"),
        ):
            error = call(session, by_name[name], parameter, "x" * size)
            assert error is None or is_ours(error), name
        context = Json(f'"{"x" * size}"', dumps=str)
        error = call(session, by_name["put_context"], "data", context)
        assert (error.sqlstate if error else None) == soak.size(None, "PD413")

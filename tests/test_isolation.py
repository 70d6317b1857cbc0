"""Nothing crosses from one project to another, by any function or table that the catalog knows.

Calls are made up from the names of the parameters, so a new function is tried without being
listed here; a parameter of an unknown name fails the test until ARGUMENTS says what to give.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from support.catalog import CLIENT_ROLES, nothing
from support.databases import Database
from support.sessions import Connect, Connection, as_role
from support.siege import HAND_OUT

# What names a row of a project: the same call is made with a row that is hidden and with none.
IDS = (
    "project_id", "task_id", "depends_on_id", "workflow_id", "attempt_id", "pull_request_id",
    "knowledge_id", "template_id", "learning_id", "prompt_build_id", "artifact_id",
    "webhook_delivery_id",
    "interaction_id", "execution_id", "error_group_id", "event_id", "page_id",
    "linear_sync_id", "linear_change_id", "deployment_id", "alert_id",
)  # fmt: skip

ARGUMENTS: Mapping[str, object] = {
    "access": "reader",
    "agent": "agent",
    "agent_name": "agent",
    "at": "2100-01-01",
    "body": "planted",
    "bucket": "1 hour",
    "cache_key": "a request",
    "category": "business",
    "changes": Jsonb({}),
    "column_name": "title",
    "content": b'{"master": {"tasks": []}}',
    "context_type": "note",
    "conversation_id": "a talk",
    "data": Jsonb(1),
    "list_format": "markdown",
    "day": None,
    "dependencies": Jsonb([]),
    "document": Jsonb({}),
    "document_key": "guide",
    "embedding": [1.0, 2.0],
    "entries": Jsonb(["planted"]),
    "delivery_id": "a delivery",
    "environment": "staging",
    "error": "error",
    "consumer_name": "mail",
    "event": "push",
    "event_type": "planted",
    "events": Jsonb([{"type": "planted"}]),
    "execution_phase": "planted",
    "execution_type": "test",
    "file_path": "planted.py",
    "findings": Jsonb([{"severity": "info", "message": "planted"}]),
    "from_component": "api",
    "from_version": 1,
    "group_by": "status",
    "hour": None,
    "interaction_type": "review",
    "issue": Jsonb({"id": "i2"}),
    "kind": "prompt",
    "message": "planted",
    "message_type": "call",
    "method": "pglz",
    "metrics": Jsonb([{"name": "planted", "value": 1}]),
    "minute": None,
    "model": "a model",
    "name": "a name",
    "number": 1,
    "patch": Jsonb({}),
    "path": "sink.py",
    "pinned_for": "a release",
    "pattern_key": "hunch",
    "payload": Jsonb({"repository": {"full_name": "acme/shop"}}),
    "principal": "somebody",
    "priority": 5,
    "query": "secret",
    "raw": "30 days",
    "reason": "planted",
    "recorded_at": ["2026-11-22T00:00:00Z"],
    "report": Jsonb({"suites": []}),
    "repository": "acme/shop",
    "results": 1,
    "sample_value": 1,
    "sample_values": [1],
    "schema": Jsonb({}),
    "script_name": "roll-out",
    "series": Jsonb([{"name": "planted"}]),
    "series_ids": [1],
    "session_id": "a session",
    "setting_key": "lease_seconds",
    "request_id": None,
    "slug": "hidden",
    "source_name": "tasks.json",
    "state": "review",
    "success": True,
    "status": "cancelled",
    "retention": "1 year",
    "superseded_by": uuid.UUID(int=7),
    "table_name": "tasks",
    "take": "ours",
    "tasks": Jsonb([{"title": "planted"}]),
    "template_key": "flow",
    "title": "planted",
    "to_component": "store",
    "until": datetime.now(UTC) + timedelta(days=1),
    "validation_type": "tests",
    "value": Jsonb(1),
    "version": 1,
    "validation_types": ["tests"],
    "waive_reason": "no time",
}

# Batches, which name rows of a project.
ROWS = ("artifacts", "attempt_ids", "completions", "interactions", "validations")

CHECK_RUN = {
    "repository": {"full_name": "acme/shop"},
    "check_run": {"name": "secret", "head_sha": "c1", "status": "queued"},
}

# What is about no row of a project, or only ever about the caller's own.
OF_NO_PROJECT = {
    "clock", "create_project", "import_beads", "import_list", "import_tasks_json", "list_projects",
    "principal", "sync_tasks_json", "priority_label",
    "changes_end", "openmetrics", "claim_across_projects", "estimate_tokens", "secret_keys",
    "validate_json", "verify_audit",
}  # fmt: skip

# How a write refuses what it can not find; 42501 is for those that an operator alone may call.
REFUSALS = {"PD404", "PDLSE"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the front door: its parameters, and which of them must be given."""

    name: str
    parameters: tuple[str, ...]
    required: int
    writes: bool
    executable: bool


@dataclass(frozen=True, slots=True)
class Hidden:
    """A project with a row of each kind, which the principal `stranger` may not see."""

    database: Database
    stranger: str
    auditor: str
    reader: str
    ids: Mapping[str, uuid.UUID]


FUNCTIONS = """
    select p.proname,
           coalesce(p.proargnames[1:p.pronargs], '{}'),
           p.pronargs - p.pronargdefaults,
           p.provolatile = 'v',
           has_function_privilege(%s, p.oid, 'execute')
      from pg_catalog.pg_proc as p
     where p.pronamespace = 'docket'::regnamespace
       and p.prokind = 'f'
     order by p.proname
"""


def functions(connection: Connection, role: str = "docket_app") -> list[Function]:
    """Every function of the front door, and whether `role` may call it."""
    return [
        Function(name, tuple(parameters), required, writes, executable)
        for name, parameters, required, writes, executable in connection.execute(FUNCTIONS, (role,))
    ]


@pytest.fixture
def hidden(docket: Database, connect: Connect, new_role: Callable[..., str]) -> Hidden:
    owner, stranger, reader = (new_role("docket_app") for _ in range(3))
    auditor = new_role("docket_auditor")
    session = connect(docket)
    with as_role(session, owner):
        project = one(session, "select p.project_id from docket.create_project('hidden') as p")
        workflow = one(
            session, "select w.workflow_id from docket.create_workflow(%s, 'flow') as w", project
        )
        session.execute(
            "select docket.create_tasks(%s, %s)",
            (project, Jsonb([
                {"title": "secret", "task_key": "a", "workflow_id": str(workflow), "tags": ["x"]},
                {"title": "secret", "task_key": "b", "depends_on": ["a"], "parent": None},
            ])),
        )  # fmt: skip
        task, held = (
            one(session, "select docket.task_id(%s, %s)", project, key) for key in ("b", "a")
        )
        session.execute("select docket.put_context(%s, 'note', '\"secret\"')", (task,))
        session.execute("select docket.enter_workflow_state('review', task_id => %s)", (task,))
        said = one(
            session,
            "select i.interaction_id"
            "  from docket.record_interaction("
            "           %s, 'agent', 'review', true, '\"secret\"',"
            "           conversation_id => 'a talk') as i",
            task,
        )
        artifact = one(
            session,
            "select a.artifact_id"
            "  from docket.put_artifact(%s, 'secret.py', 'secret', interaction_id => %s) as a",
            task, said,
        )  # fmt: skip
        execution = one(
            session,
            "select e.execution_id"
            "  from docket.start_execution(%s, 'test', %s, execution_phase => 'secret') as e",
            project, task,
        )  # fmt: skip
        errors = one(
            session,
            "select e.error_group_id"
            "  from docket.record_error(%s, 'secret', execution_id => %s) as e",
            project, execution,
        )  # fmt: skip
        session.execute("select docket.execution_log(%s, '\"secret\"')", (execution,))
        event = one(
            session,
            "select e.event_id from docket.emit_event(%s, 'secret', subject => 'secret') as e",
            project,
        )
        session.execute("select docket.subscribe(%s, 'mail', after => '0:0')", (project,))
        session.execute(
            "select docket.put_deployment_script(%s, 'roll-out', 'secret', 'bash')", (project,)
        )
        deployment = one(
            session,
            "select d.deployment_id from docket.start_deployment(%s, 'roll-out', 'staging') as d",
            project,
        )
        proposed = one(
            session,
            "select p.pull_request_id"
            "  from docket.record_pull_request(%s, 'acme/shop', 1, '{\"title\": \"secret\"}') as p",
            project,
        )
        delivered = one(
            session,
            "select d.webhook_delivery_id"
            "  from docket.ingest_github(%s, 'check_run', 'a delivery', %s) as d",
            project, Jsonb(CHECK_RUN),
        )  # fmt: skip
        linked = one(
            session,
            "select s.linear_sync_id  from docket.link_linear_issue(%s, %s) as s",
            task,
            Jsonb({"id": "i1", "title": "secret"}),
        )
        session.execute("select docket.link_linear_issue(%s)", (held,))
        change = one(
            session,
            "select c.linear_change_id from docket.pending_linear_changes(%s) as c",
            project,
        )
        session.execute("select docket.require_validation(%s, 'style')", (task,))
        session.execute("select docket.record_validation(%s, 'style', 'failed')", (task,))
        session.execute(
            "select docket.record_findings("
            '%s, \'style\', \'[{"severity": "major", "message": "secret"}]\')',
            (task,),
        )
        attempt = one(session, "select t.attempt_id from docket.start_task(%s, 'agent') as t", held)
        prompt = one(
            session, "select b.prompt_build_id from docket.build_prompt_context(%s) as b", task
        )
        document = one(
            session,
            "select k.knowledge_id"
            "  from docket.put_knowledge(%s, 'guide', 'secret', 'A secret text') as k",
            project,
        )
        template = one(
            session,
            "select t.template_id"
            "  from docket.put_template(%s, 'flow', 'workflow',"
            '       \'{"name": "Flow", "tasks": [{"title": "secret"}]}\') as t',
            project,
        )
        session.execute("select docket.record_template_use(%s, %s)", (template, task))
        session.execute("select docket.record_metric(%s, 'depth', 42)", (project,))
        session.execute("select docket.register_component(%s, 'a name', 'secret')", (project,))
        session.execute("select docket.component_heartbeat(%s, 'a name')", (project,))
        session.execute("select docket.record_communication(%s, 'a', 'b', 'secret')", (project,))
        session.execute(
            "select docket.set_alert_rule(%s, 'a name', 'absence', metric => 'secret')", (project,)
        )
        session.execute("select docket.evaluate_alerts(%s)", (project,))
        alert = one(session, "select a.alert_id from docket.list_alerts(%s) as a", project)
        session.execute(
            "select docket.silence_alert(%s, docket.clock() + interval '1 hour', 'secret')",
            (alert,),
        )
        session.execute("select docket.record_search(%s, 'secret', 0)", (project,))
        session.execute(
            "select docket.put_embedding(%s, 'task', %s, 'a model', '{1,2}')", (project, task)
        )
        learning = one(
            session,
            "select l.learning_id"
            "  from docket.record_learning(%s, 'hunch', true, 'A secret', task_id => %s) as l",
            project, task,
        )  # fmt: skip
    with as_role(session, stranger):
        session.execute("select docket.create_project('own')")
    session.execute("select docket.refresh_tallies()")
    ids = {
        "project_id": project, "task_id": task, "depends_on_id": held, "workflow_id": workflow,
        "attempt_id": attempt, "pull_request_id": proposed,
        "knowledge_id": document, "template_id": template, "learning_id": learning,
        "prompt_build_id": prompt, "webhook_delivery_id": delivered,
        "artifact_id": artifact, "interaction_id": said,
        "execution_id": execution, "error_group_id": errors, "deployment_id": deployment,
        "event_id": event, "page_id": one(session, HAND_OUT, project),
        "linear_sync_id": linked, "linear_change_id": change, "alert_id": alert,
    }  # fmt: skip
    found = Hidden(docket, stranger, auditor, reader, ids)
    make_member(session, reader, found, "reader")
    return found


def make_member(session: Connection, principal: str, hidden: Hidden, access: str) -> None:
    """Lets a principal see the hidden project."""
    session.execute(
        """
        insert into docket.members (organization_id, project_id, principal, access)
        select p.organization_id, p.project_id, %s, %s
          from docket.projects as p
         where p.project_id = %s
        """,
        (principal, access, hidden.ids["project_id"]),
    )


def one(connection: Connection, query: str, *parameters: object) -> Any:
    """The one value of a statement."""
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


def arguments_of(function: Function, ids: Mapping[str, uuid.UUID]) -> Iterator[dict[str, object]]:
    """The calls of a function that name each of the rows: what is required, and one more."""
    required = {
        name: value_of(function.name, name, ids)
        for name in function.parameters[: function.required]
    }
    optional = [name for name in function.parameters[function.required :] if name in IDS]
    if not optional or any(name in required for name in (*IDS, *ROWS)):
        yield required
    for name in optional:
        yield required | {name: ids[name]}


def value_of(function: str, parameter: str, ids: Mapping[str, uuid.UUID]) -> object:
    """What to give for a parameter."""
    if parameter in ids:
        return ids[parameter]
    if parameter in ("artifact_ids", "attempt_ids", "task_ids"):
        return [ids[parameter.removesuffix("s")]]
    if parameter == "completions":
        return Jsonb([{"attempt_id": str(ids["attempt_id"])}])
    if (function, parameter) == ("record_validation", "status"):
        return "passed"
    if (function, parameter) in (("put_artifact", "content"), ("list_artifacts", "content_hash")):
        return b"planted"
    if (function, parameter) == ("ingest_sarif", "document"):
        run = {"tool": {"driver": {"name": "linter"}}, "results": []}
        return Jsonb({"version": "2.1.0", "runs": [run]})
    if (function, parameter) == ("metric_series", "name"):
        return "depth"
    if (function, parameter) == ("set_alert_rule", "kind"):
        return "component"
    if (function, parameter) == ("record_metric", "name"):
        return "planted"
    if (function, parameter) == ("put_session", "state"):
        return Jsonb("secret")
    if parameter == "validations":
        result = {"task_id": str(ids["task_id"]), "validation_type": "tests", "status": "passed"}
        return Jsonb([result])
    if function == "to_cdevent":
        return "execution" if parameter == "kind" else ids["execution_id"]
    if function == "ingest_cloudevent":
        return Jsonb({"specversion": "1.0", "id": "1", "source": "/planted", "type": "planted"})
    if parameter == "embeddings":
        return Jsonb([{"kind": "task", "row_id": str(ids["task_id"]), "embedding": [1, 2]}])
    if (function, parameter) == ("put_embedding", "kind"):
        return "task"
    if (function, parameter) == ("put_knowledge", "content"):
        return "planted"
    if parameter == "interactions":
        said = {"task_id": str(ids["task_id"]), "agent_name": "agent", "success": True}
        return Jsonb([said | {"interaction_type": "review"}])
    if parameter == "artifacts":
        made = {"task_id": str(ids["task_id"]), "file_path": "planted.py", "content": "planted"}
        return Jsonb([made])
    if parameter == "row_id":
        return str(ids["task_id"])
    if parameter == "reference":
        return str(ids["project_id" if function == "project_id" else "task_id"])
    assert parameter in ARGUMENTS, f"{function}: what shall be given for {parameter}?"
    return ARGUMENTS[parameter]


def outcome(connection: Connection, function: Function, arguments: Mapping[str, object]) -> Any:
    """What a call returns, or the SQLSTATE and message of what it raises; undone in any case."""
    call = sql.SQL("select r::text from docket.{}({}) as r").format(
        sql.Identifier(function.name),
        sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in arguments
        ),
    )
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(call, arguments).fetchall()
    except psycopg.Error as error:
        return f"{error.sqlstate} {error.diag.message_primary}"


def anonymous(answer: Any, ids: Mapping[str, uuid.UUID]) -> str:
    """An answer with ids replaced by what they name."""
    text = str(answer)
    for name, value in ids.items():
        text = text.replace(str(value), name)
    return text


def test_what_is_hidden_is_answered_like_what_does_not_exist(
    hidden: Hidden, connect: Connect
) -> None:
    session = connect(hidden.database)
    missing = {name: uuid.uuid4() for name in IDS}
    differences, tried = [], set()
    for function in functions(session):
        if function.name in OF_NO_PROJECT:
            continue
        pairs = zip(
            arguments_of(function, hidden.ids), arguments_of(function, missing), strict=True
        )
        for forbidden_arguments, missing_arguments in pairs:
            tried.add(function.name)
            for role in (hidden.stranger, hidden.auditor):
                with as_role(session, role):
                    forbidden = outcome(session, function, forbidden_arguments)
                    absent = outcome(session, function, missing_arguments)
                if anonymous(forbidden, hidden.ids) != anonymous(absent, missing):
                    differences.append(f"{function.name}: {forbidden} but {absent}")
                may_refuse = role == hidden.auditor and str(forbidden).startswith("42501")
                if not (may_refuse or is_refusal(function, forbidden)):
                    differences.append(f"{function.name} answers {forbidden}")
    nothing(differences)
    assert len(tried) > 40


def is_refusal(function: Function, answer: Any) -> bool:
    """Whether an answer gives nothing away: a write says so, a reader may have nothing to show."""
    if not function.executable:
        return str(answer).startswith("42501 permission denied for function")
    if function.writes and function.name != "heartbeats":
        return str(answer)[:5] in REFUSALS
    return not str(answer).startswith("42501") and "secret" not in str(answer)


def test_a_reader_can_change_nothing_by_any_function(hidden: Hidden, connect: Connect) -> None:
    session = connect(hidden.database)
    before = journal(session, hidden)
    answers = {}
    for function in functions(session):
        if not function.writes or not function.executable or function.name in OF_NO_PROJECT:
            continue
        for arguments in arguments_of(function, hidden.ids):
            with as_role(session, hidden.reader):
                answers[function.name, *arguments] = outcome(session, function, arguments)
    nothing(
        f"{name}: {answer}"
        for name, answer in answers.items()
        if not str(answer).startswith("PD403 ")
    )
    assert len(answers) > 20
    assert journal(session, hidden) == before


def journal(session: Connection, hidden: Hidden) -> int:
    """How many rows the journal has of the hidden project."""
    count = one(
        session,
        "select count(*) from docket.audit_log as l where l.project_id = %s",
        hidden.ids["project_id"],
    )
    return int(count)


def test_whoever_may_call_a_function_has_all_that_it_takes(
    hidden: Hidden, connect: Connect, new_role: Callable[..., str]
) -> None:
    session = connect(hidden.database)
    refused = []
    for group in CLIENT_ROLES:
        role = new_role(group)
        make_member(session, role, hidden, "writer")
        for function in functions(session, group):
            if not function.executable:
                continue
            for arguments in arguments_of(function, hidden.ids):
                with as_role(session, role):
                    answer = outcome(session, function, arguments)
                if str(answer).startswith("42501"):
                    refused.append(f"{group} may call {function.name}: {answer}")
    nothing(refused)


def test_no_table_or_view_shows_a_row_of_a_hidden_project(hidden: Hidden, connect: Connect) -> None:
    session = connect(hidden.database)
    relations = session.execute(
        """
        select c.oid::regclass::text
          from pg_catalog.pg_class as c
          join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'project_id'
         where c.relnamespace = 'docket'::regnamespace
           and c.relkind in ('r', 'p', 'v')
           and has_table_privilege('docket_app', c.oid, 'select')
        """
    ).fetchall()
    query = "select count(*) from {} where project_id = %s"
    shown = {}
    for (relation,) in relations:
        count = sql.SQL(query).format(sql.SQL(relation))
        with as_role(session, hidden.stranger):
            row = session.execute(count, (hidden.ids["project_id"],)).fetchone()
            shown[relation] = row[0] if row else 0
    assert {"docket.tasks", "docket.audit_log", "docket.task_contexts"} <= shown.keys()
    assert {relation: count for relation, count in shown.items() if count} == {}


def test_a_pooled_connection_forgets_whom_it_spoke_for(
    hidden: Hidden, connect: Connect, new_role: Callable[..., str]
) -> None:
    gateway = connect(hidden.database, role=new_role("docket_app", "docket_gateway"))

    def tasks_seen_by(actor: str) -> int:
        with gateway.transaction():
            gateway.execute("select set_config('docket.actor', %s, true)", (actor,))
            row = gateway.execute(
                "select count(*) from docket.list_tasks(%s)",
                (hidden.ids["project_id"],),
                prepare=True,
            ).fetchone()
            assert row is not None
            return int(row[0])

    for _ in range(3):  # beyond the point where a session keeps a plan for good
        assert tasks_seen_by(hidden.reader) == 2
        assert tasks_seen_by(hidden.stranger) == 0
        assert tasks_seen_by("nobody") == 0
    # Without a name it has its own rights, which are none here.
    row = gateway.execute(
        "select count(*) from docket.list_tasks(%s)", (hidden.ids["project_id"],)
    ).fetchone()
    assert row == (0,)


def test_a_membership_counts_from_the_moment_it_is_given_until_it_is_taken(
    hidden: Hidden, connect: Connect
) -> None:
    session, owner = connect(hidden.database, role=hidden.stranger), connect(hidden.database)
    count = "select count(*) from docket.list_tasks(%s)"
    project = hidden.ids["project_id"]
    assert one(session, count, project) == 0
    make_member(owner, hidden.stranger, hidden, "reader")
    assert one(session, count, project) == 2
    owner.execute(
        "delete from docket.members where principal = %s and project_id = %s",
        (hidden.stranger, project),
    )
    assert one(session, count, project) == 0


def test_who_logs_in_as_a_client_is_nobody_else_and_moves_no_clock(
    hidden: Hidden, connect: Connect
) -> None:
    session = connect(hidden.database, user=hidden.stranger)
    session.execute("set docket.actor = 'postgres'")
    session.execute("set docket.fake_now = '2000-01-01'")
    assert one(session, "select docket.principal()") == hidden.stranger
    assert one(session, "select docket.clock() > '2020-01-01'") is True
    assert one(session, "select count(*) from docket.list_tasks(%s)", hidden.ids["project_id"]) == 0
    for role in ("docket_owner", "docket_admin", hidden.reader):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(sql.SQL("set role {}").format(sql.Identifier(role)))

"""What is told in the words of CloudEvents, CDEvents, in-toto and SLSA is what these say."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from support import soak
from support.databases import Database
from support.races import value
from support.sessions import Connect, Connection

# CDEvents 0.5: what the context and the content of a subject may have; what has to be there is
# marked with an asterisk.
CONTEXT = "specversion* id* source* type* timestamp* chainId schemaUri links"
CONTENTS = {
    "taskrun.started.0.3.0": "taskName uri pipelineRun",
    "taskrun.finished.0.3.0": "taskName uri pipelineRun outcome errors",
    "pipelinerun.started.0.3.0": "pipelineName* uri*",
    "pipelinerun.finished.0.3.0": "pipelineName uri outcome errors",
    "build.started.0.3.0": "",
    "build.finished.0.3.0": "artifactId",
    "testsuiterun.queued.0.3.0": "environment* testSuite trigger",
    "testsuiterun.started.0.3.0": "environment* testSuite trigger",
    "testsuiterun.finished.0.3.0": "environment* outcome* severity reason testSuite",
    "artifact.published.0.3.0": "sbom user",
    "artifact.packaged.0.3.0": "change* sbom",
    "change.created.0.4.0": "description repository",
    "change.updated.0.3.0": "repository",
    "change.reviewed.0.3.0": "repository",
    "change.merged.0.3.0": "repository",
    "change.abandoned.0.3.0": "repository",
    "service.deployed.0.3.0": "environment* artifactId*",
}
OUTCOMES = {"success", "failure", "cancel", "error"}
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
NAMES = st.text(alphabet="ab é%/#?&+@ü", min_size=1, max_size=12).filter(
    lambda name: all(part not in ("", ".", "..") for part in name.split("/"))
)
STATUSES = st.sampled_from(
    ["pending", "running", "passed", "failed", "warning", "error", "skipped"]
)
RUN_TYPES = st.sampled_from(["build", "test", "lint"])
ENDS = st.sampled_from([None, "completed", "failed", "timed_out", "cancelled"])


def check(document: dict[str, Any], rule: str) -> None:
    """An object has what it must and nothing that it may not."""
    names = {word.rstrip("*") for word in rule.split()}
    assert set(document) <= names
    assert {word[:-1] for word in rule.split() if word.endswith("*")} <= set(document)


def check_cdevent(event: dict[str, Any]) -> None:
    """A CloudEvent whose data is a CDEvent, as the binding of CDEvents to it says."""
    cdevent = event["data"]
    check(cdevent, "context* subject* customData customDataContentType")
    check(cdevent["context"], CONTEXT)
    check(cdevent["subject"], "id* source content*")
    kind = cdevent["context"]["type"].removeprefix("dev.cdevents.")
    content = cdevent["subject"]["content"]
    check(content, CONTENTS[kind])
    assert content.get("outcome", "success") in OUTCOMES
    assert content.get("severity", "low") in {"low", "medium", "high", "critical"}
    for name in {"environment", "testSuite", "repository", "change", "pipelineRun"} & set(content):
        assert content[name]["id"]
    assert cdevent["context"]["specversion"] == "0.5.0"
    assert event["datacontenttype"] == "application/json"
    for name, theirs in (
        ("id", "id"),
        ("source", "source"),
        ("type", "type"),
        ("time", "timestamp"),
    ):
        assert event[name] == cdevent["context"][theirs]
    assert event["subject"] == cdevent["subject"]["id"]


def check_cloudevent(event: dict[str, Any]) -> None:
    """CloudEvents' own library reads it, and writes the same."""
    formats = pytest.importorskip("cloudevents.core.formats.json")
    events = pytest.importorskip("cloudevents.core.v1.event")
    read = formats.JSONFormat().read(events.CloudEvent, json.dumps(event))
    assert (read.get_id(), read.get_type()) == (event["id"], event["type"])
    written = json.loads(formats.JSONFormat().write(read))
    assert written.pop("time").rstrip("Z").ljust(26, "0") >= event["time"].rstrip("Z")[:19]
    assert written == {
        name: each for name, each in event.items() if name != "time" and each is not None
    }


@pytest.fixture
def session(own_docket: Database, connect: Connect) -> Connection:
    return connect(own_docket)


@pytest.fixture
def project(session: Connection) -> uuid.UUID:
    made = value(session, "select project_id from docket.create_project('shop')")
    assert isinstance(made, uuid.UUID)
    return made


def rows(
    session: Connection, project: uuid.UUID, data: st.DataObject
) -> list[tuple[str, uuid.UUID]]:
    """A task with a row of each kind, of whatever is drawn."""
    task = value(
        session,
        "select task_id from docket.create_task(%s, %s)", project, data.draw(TEXTS, "title"),
    )  # fmt: skip
    attempt = value(session, "select attempt_id from docket.start_task(%s, 'ann')", task)
    artifact = value(
        session,
        "select artifact_id from docket.put_artifact(%s, %s, %s, attempt_id => %s)",
        task, data.draw(NAMES, "path"), data.draw(st.binary(max_size=20), "content"), attempt,
    )  # fmt: skip
    validation = value(
        session,
        "select validation_result_id from docket.record_validation("
        "   %s, 'tests', %s, issues_found => 3, issues_major => %s)",
        task, data.draw(STATUSES, "status"), data.draw(st.integers(0, 3), "major"),
    )  # fmt: skip
    execution = value(
        session,
        "select execution_id from docket.start_execution(%s, %s, %s)",
        project, data.draw(RUN_TYPES, "type"), data.draw(st.sampled_from([task, None]), "of"),
    )  # fmt: skip
    if end := data.draw(ENDS, "end"):
        session.execute(
            "select docket.finish_execution(%s, %s, error_message => %s)",
            (execution, end, data.draw(TEXTS, "error")),
        )
    facts = {"description": data.draw(TEXTS, "why"), "head_commit": "abc", "base_commit": "def"}
    change = value(
        session,
        "select pull_request_id from docket.record_pull_request(%s, 'acme/shop', %s, %s)",
        project, data.draw(st.integers(1, 9), "number"), Jsonb(facts),
    )  # fmt: skip
    session.execute("select docket.link_pull_request(%s, %s)", (task, change))
    session.execute(
        "select docket.put_deployment_script(%s, 'web', 'true', 'bash', '{staging}')", (project,)
    )
    deployment = value(
        session,
        "select f.deployment_id"
        "  from docket.start_deployment(%s, 'web', 'staging', pull_request_id => %s) as d"
        " cross join lateral docket.finish_deployment(d.deployment_id) as f",
        project, change,
    )  # fmt: skip
    return [
        ("deployment", deployment), ("attempt", attempt), ("artifact", artifact),
        ("validation", validation), ("execution", execution), ("pull_request", change),
    ]  # fmt: skip


def test_whatever_has_happened_is_a_cdevent_that_comes_back_as_it_was(
    session: Connection, project: uuid.UUID
) -> None:
    @settings(
        max_examples=soak.size(12, 500),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        with ExitStack() as stack:
            stack.enter_context(session.transaction(force_rollback=True))
            for kind, row in rows(session, project, data):
                event = value(session, "select docket.to_cdevent(%s, %s)", kind, row)
                check_cdevent(event)
                check_cloudevent(event)
                taken = value(
                    session,
                    "select event_id from docket.ingest_cdevent(%s, %s)", project, Jsonb(event),
                )  # fmt: skip
                assert value(session, "select docket.to_cloudevent(%s)", taken) == event

    holds()


def test_a_statement_is_one_of_in_toto_with_slsas_provenance(
    session: Connection, project: uuid.UUID
) -> None:
    json_format = pytest.importorskip("google.protobuf.json_format")
    statements = pytest.importorskip("in_toto_attestation.v1.statement")
    statement_pb2 = pytest.importorskip("in_toto_attestation.v1.statement_pb2")
    provenance_pb2 = pytest.importorskip(
        "in_toto_attestation.predicates.provenance.v1.provenance_pb2"
    )

    @settings(
        max_examples=soak.size(5, 100), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        with session.transaction(force_rollback=True):
            artifact = dict(rows(session, project, data))["artifact"]
            statement = value(
                session, "select docket.in_toto_statement(artifact_id => %s)", artifact
            )
            # Unknown fields are refused.
            parsed = json_format.ParseDict(statement, statement_pb2.Statement())
            statements.Statement.copy_from_pb(parsed).validate()
            predicate = json_format.ParseDict(statement["predicate"], provenance_pb2.Provenance())
            assert predicate.build_definition.build_type
            assert predicate.run_details.builder.id
            graph = value(session, "select docket.provenance(artifact_id => %s)", artifact)
            (made,) = (node for node in graph["nodes"] if node["kind"] == "artifact")
            assert statement["subject"][0]["digest"] == {"sha256": made["sha256"]}

    holds()


# Written after the examples of CloudEvents 1.0.2's specification and its JSON format.
EXAMPLES = [
    {
        "specversion": "1.0", "type": "com.github.pull_request.opened",
        "source": "https://github.com/cloudevents/spec/pull", "subject": "123",
        "id": "A234-1234-1234", "time": "2018-04-05T17:31:00Z", "comexampleextension1": "value",
        "comexampleothervalue": 5, "datacontenttype": "text/xml",
        "data": '<much wow="xml"/>',
    },
    {
        "specversion": "1.0", "type": "com.example.someevent", "source": "/mycontext",
        "id": "B234-1234-1234", "unsetextension": None,
        "datacontenttype": "application/vnd.apache.thrift.binary", "data_base64": "AAEC/w==",
    },
    {
        "specversion": "1.0", "type": "com.example.someevent", "source": "/mycontext",
        "subject": None, "id": "C234-1234-1234", "time": "2018-04-05T17:31:00.25+02:00",
        "datacontenttype": "application/json", "data": {"appinfoA": "abc", "appinfoC": True},
    },
    {
        "specversion": "1.0", "type": "com.example.someevent",
        "source": "urn:event:from:myapi/resource/123", "id": "D", "data": None,
    },
    {"specversion": "1.0", "type": "x", "source": "mailto:somebody@example.com", "id": "E"},
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
def test_the_examples_of_the_specification_are_taken_and_given_back(
    session: Connection, project: uuid.UUID, example: dict[str, Any]
) -> None:
    taken = value(
        session,
        "select event_id from docket.ingest_cloudevent(%s, %s)", project, Jsonb(example),
    )  # fmt: skip
    given_back = value(session, "select docket.to_cloudevent(%s)", taken)
    check_cloudevent(given_back)
    time = given_back.pop("time")
    if "time" in example:
        same = value(session, "select %s::timestamptz = %s", time, example["time"])
        assert same
    expected = {
        name: each
        for name, each in example.items()
        if name != "time" and (each is not None or name == "data")
    }
    if "data" in example:
        expected.setdefault("datacontenttype", "application/json")
    assert given_back == expected


def test_who_may_not_see_it_is_told_of_nothing(
    own_docket: Database, connect: Connect, session: Connection, project: uuid.UUID
) -> None:
    task = value(session, "select task_id from docket.create_task(%s, 'secret')", project)
    attempt = value(session, "select attempt_id from docket.start_task(%s, 'ann')", task)
    stranger = connect(own_docket)
    stranger.execute("set role docket_app")
    for call, row in (
        ("select docket.to_cdevent('attempt', %s)", attempt),
        ("select docket.provenance(%s)", task),
        ("select docket.in_toto_statement(%s)", task),
    ):
        with pytest.raises(psycopg.Error, match="does not exist"):
            stranger.execute(call.encode(), (row,))

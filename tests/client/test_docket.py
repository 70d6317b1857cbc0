"""The client: what goes in comes out, failures are typed, a transaction is one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import time_ns
from uuid import RFC_4122, UUID, uuid4

import psycopg
import pytest
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from psycopg.conninfo import make_conninfo

from pgdocket.client import Docket, Project
from pgdocket.client.functions import Effect, Function, Statement, new_request_id
from pgdocket.errors import (
    Conflict,
    ConnectionFailed,
    Error,
    IllegalTransition,
    InvalidArgument,
    NotFound,
    SchemaMissing,
    StaleVersion,
)
from support import databases
from support.clients import end_sessions, eventually
from support.databases import Database
from support.servers import TestServer
from support.sessions import Connect


def test_a_task_comes_back_as_it_was_given(client: Docket, project_id: UUID) -> None:
    workflow = client.create_workflow(project_id=project_id, name="release 1")
    first = client.create_task(project_id=project_id, title="First")
    due = datetime(2031, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)

    made = client.create_task(
        project_id=project_id,
        title="Täsk with \"quotes\", 'these' and \\ % {}",
        description="line one\nline two",
        details="",
        test_strategy="look",
        requirements={"nested": {"list": [1, 2.5, None, True, "x"]}},
        acceptance_criteria=["a", {"b": 1}],
        affected_files=["a,b.py", 'c"d.py'],
        tags=["web", ""],
        complexity_score=7,
        estimated_effort=Decimal("2.50"),
        priority="high",
        assigned_to="anna",
        task_key="k/1",
        legacy_id=9_000_000_000,
        workflow_id=workflow.workflow_id,
        parent_task_id=None,
        due_at=due,
        depends_on=[first.task_id],
        metadata={"id": "5"},
    )

    assert client.get_task(task_id=made.task_id) == made
    assert made.title == "Täsk with \"quotes\", 'these' and \\ % {}"
    assert made.requirements == {"nested": {"list": [1, 2.5, None, True, "x"]}}
    assert made.acceptance_criteria == ["a", {"b": 1}]
    assert made.affected_files == ["a,b.py", 'c"d.py']
    assert made.tags == ["web", ""]
    assert (made.complexity_score, made.priority, made.legacy_id) == (7, 8, 9_000_000_000)
    assert made.estimated_effort == Decimal("2.50")
    assert made.due_at == due
    assert made.workflow_id == workflow.workflow_id
    assert client.get_task_dependencies(task_id=made.task_id) == [first.task_id]
    assert client.task_id(project_id=project_id, reference="k/1") == made.task_id


def test_values_that_have_no_json_form_of_their_own_are_sent_as_text(
    client: Docket, project_id: UUID
) -> None:
    some_id = uuid4()
    made = client.create_task(
        project_id=project_id,
        title="T",
        metadata={"id": some_id, "at": datetime(2031, 1, 1, tzinfo=UTC), "cost": Decimal("1.5")},
    )
    assert made.metadata == {"id": str(some_id), "at": "2031-01-01T00:00:00+00:00", "cost": 1.5}


def test_many_tasks_are_made_at_once_and_listed_page_by_page(
    client: Docket, project_id: UUID
) -> None:
    made = client.create_tasks(
        project_id=project_id,
        tasks=[{"task_key": f"t{n}", "title": f"T {n}", "priority": 1 + n % 10} for n in range(25)],
    )
    assert [task.task_key for task in made] == [f"t{n}" for n in range(25)]

    pages, after = [], None
    while page := client.list_tasks(project_id=project_id, after=after, page_size=10):
        pages.append(len(page))
        after = page[-1].task_id
    assert pages == [10, 10, 5]
    assert {task.task_key for task in client.each_task(project_id=project_id)} == {
        f"t{n}" for n in range(25)
    }
    urgent = client.list_tasks(project_id=project_id, min_priority=9, order_by="priority")
    assert [task.priority for task in urgent] == [10, 10, 9, 9, 9][: len(urgent)]


@pytest.mark.parametrize(
    ("action", "expected", "part"),
    [
        (lambda c, _: c.get_task(task_id=uuid4()), NotFound, "does not exist"),
        (lambda c, _: c.get_task(task_id="no uuid"), InvalidArgument, "uuid"),
        (lambda c, _: c.create_project(slug="shop"), Conflict, "shop"),
        (lambda c, _: c.create_project(slug="Not A Slug"), InvalidArgument, "slug"),
        (lambda c, p: c.create_task(project_id=p, title=""), InvalidArgument, "title"),
        (lambda c, p: c.create_task(project_id=p, title="x" * 256), InvalidArgument, "title"),
        (lambda c, p: c.create_task(project_id=p, title="a\0b"), InvalidArgument, "NUL"),
        (
            lambda c, p: c.create_task(project_id=p, title="T", priority=11),
            InvalidArgument,
            "priority",
        ),
        (lambda c, _: c.create_task(project_id=uuid4(), title="T"), NotFound, "project"),
        (lambda c, _: c.list_projects(page_size=10**12), InvalidArgument, "out of range"),
        (
            lambda c, p: c.create_task(project_id=p, title="T", depends_on=[uuid4()]),
            NotFound,
            "does not exist",
        ),
    ],
)
def test_a_failure_is_an_exception_by_its_sqlstate(
    client: Docket,
    project_id: UUID,
    action: Callable[[Docket, UUID], object],
    expected: type[Error],
    part: str,
) -> None:
    with pytest.raises(expected) as caught:
        action(client, project_id)
    assert type(caught.value) is expected
    assert part in caught.value.message
    assert client.list_tasks(project_id=project_id) == []


def test_a_stale_version_and_an_illegal_step_change_nothing(
    client: Docket, project_id: UUID
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    changed = client.update_task(
        task_id=task.task_id, changes={"title": "U"}, expected_version=task.version
    )
    with pytest.raises(StaleVersion):
        client.update_task(
            task_id=task.task_id, changes={"title": "V"}, expected_version=task.version
        )
    with pytest.raises(IllegalTransition) as caught:
        client.update_task_status(task_id=task.task_id, status="failed")
    assert caught.value.hint is not None
    assert client.get_task(task_id=task.task_id) == changed


def test_the_same_request_is_answered_once(client: Docket, project_id: UUID) -> None:
    request = uuid4()
    first = client.create_task(project_id=project_id, title="T", request_id=request)
    again = client.create_task(project_id=project_id, title="T", request_id=request)
    assert again == first
    assert len(client.list_tasks(project_id=project_id)) == 1


def test_the_ids_of_requests_follow_the_time_and_are_never_the_same() -> None:
    before = time_ns() // 1_000_000
    made = [new_request_id() for _ in range(2000)]
    after = time_ns() // 1_000_000
    assert len(set(made)) == 2000
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}
    times = [each.int >> 80 for each in made]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= after


def test_a_transaction_is_undone_as_a_whole(client: Docket, project_id: UUID) -> None:
    def work() -> None:
        with client.transaction():
            client.create_task(project_id=project_id, title="T")
            assert len(client.list_tasks(project_id=project_id)) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert client.list_tasks(project_id=project_id) == []


def test_an_inner_transaction_is_undone_alone(client: Docket, project_id: UUID) -> None:
    def inner() -> None:
        with client.transaction():
            client.create_task(project_id=project_id, title="undone")
            client.get_task(task_id=uuid4())

    with client.transaction():
        client.create_task(project_id=project_id, title="kept")
        with pytest.raises(NotFound):
            inner()
        client.create_task(project_id=project_id, title="kept, too")
    titles = {task.title for task in client.list_tasks(project_id=project_id)}
    assert titles == {"kept", "kept, too"}


def test_a_transaction_says_why_in_the_journal_and_only_there(
    client: Docket, project_id: UUID
) -> None:
    task = client.create_task(project_id=project_id, title="T")
    with client.transaction(reason="spring cleaning"):
        client.update_task(task_id=task.task_id, changes={"title": "U"})
    client.update_task(task_id=task.task_id, changes={"title": "V"})
    reasons = [entry.reason for entry in client.task_history(task_id=task.task_id)]
    assert reasons == [None, "spring cleaning", None]


def test_the_isolation_level_of_a_transaction_ends_with_it(
    open_client: Callable[..., Docket], project_id: UUID
) -> None:
    client, other = open_client(max_size=1), open_client()
    with client.transaction(isolation=psycopg.IsolationLevel.REPEATABLE_READ):
        assert client.list_tasks(project_id=project_id) == []
        other.create_task(project_id=project_id, title="T")
        assert client.list_tasks(project_id=project_id) == []
    with client.transaction():
        assert len(client.list_tasks(project_id=project_id)) == 1
        other.create_task(project_id=project_id, title="U")
        assert len(client.list_tasks(project_id=project_id)) == 2


def test_without_a_connection_string_the_environment_names_the_database(
    docket: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in docket.environment.items():
        monkeypatch.setenv(name, value)
    with Docket() as client:
        assert client.health().is_up
        assert client.list_projects() == []


def test_health_answers_and_says_why_not(client: Docket) -> None:
    well = client.health()
    assert well.is_up
    assert well.error is None
    assert well.response_ms is not None
    client.close()
    ill = client.health()
    assert not ill.is_up
    assert ill.error


def test_what_waiting_does_not_mend_is_said_at_once(server18: TestServer) -> None:
    started = datetime.now(UTC)
    for wrong in ({"dbname": "nothing"}, {"user": "nobody"}):
        with pytest.raises(ConnectionFailed):
            Docket(make_conninfo(server18.conninfo(), **wrong))
    assert datetime.now(UTC) - started < timedelta(seconds=5)


def test_a_database_without_the_schema_is_named(
    server: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    empty = new_database(server)
    with Docket(empty.conninfo) as client, pytest.raises(SchemaMissing, match="pgdocket deploy"):
        client.list_projects()


def test_a_newer_schema_may_have_more_columns(docket: Database, client: Docket) -> None:
    made = client.create_project(slug="shop")
    projects = Function("list_projects", Effect.READ, Project)
    with psycopg.connect(docket.conninfo, row_factory=projects.rows) as session:
        found = session.execute("select 'blue' as colour, p.* from docket.projects as p").fetchall()
    assert found == [made]


def test_a_slow_statement_is_logged_with_its_text_and_without_its_values(
    open_client: Callable[..., Docket], caplog: pytest.LogCaptureFixture
) -> None:
    client = open_client(slow_ms=0)
    with caplog.at_level(logging.WARNING, "pgdocket.client"):
        client.create_project(slug="secret-slug")
    assert "create_project" in caplog.text
    assert "secret-slug" not in caplog.text


def test_a_transaction_speaks_for_another_and_names_its_request(
    docket: Database, new_role: Callable[..., str], open_client: Callable[..., Docket]
) -> None:
    gateway = new_role("docket_gateway", "docket_app")
    client = open_client(make_conninfo(docket.conninfo, user=gateway))
    request = uuid4()
    with client.transaction(actor="anna", reason="by order", request_id=request):
        assert client.principal() == "anna"
        project = client.create_project(slug="annas")
        task = client.create_task(project_id=project.project_id, title="T")
        (entry,) = client.task_history(task_id=task.task_id)
    assert (entry.principal, entry.reason, entry.request_id) == ("anna", "by order", str(request))
    assert project.created_by == "anna"
    assert client.principal() == gateway


def test_what_belongs_to_the_outermost_transaction_is_refused_within(client: Docket) -> None:
    with (
        client.transaction(),
        pytest.raises(InvalidArgument, match="outermost"),
        client.transaction(reason="why"),
    ):
        pass


def test_reads_go_to_the_standby_and_writes_never(
    docket18: Database, server18: TestServer, run_folder: Path, open_clients: Callable[..., Docket]
) -> None:
    other = databases.create(server18, databases.template(server18, run_folder))
    try:
        client = open_clients(docket18.conninfo, read_dsn=other.conninfo)
        project_id = client.create_project(slug="shop").project_id
        assert client.list_projects() == []
        with client.transaction():
            assert [each.project_id for each in client.list_projects()] == [project_id]
    finally:
        client.close()
        other.drop()


def test_a_standby_that_is_away_is_done_without(
    docket18: Database, open_clients: Callable[..., Docket], caplog: pytest.LogCaptureFixture
) -> None:
    client = open_clients(docket18.conninfo, read_dsn="host=/nonexistent dbname=x")
    client.create_project(slug="shop")
    assert len(client.list_projects()) == len(client.list_projects()) == 1
    assert caplog.text.count("the standby can't be read") == 1


def test_without_a_pool_each_call_has_a_connection_of_its_own(
    docket18: Database, open_clients: Callable[..., Docket]
) -> None:
    client = open_clients(docket18.conninfo, use_pool=False)
    client.create_project(slug="shop")
    health = client.health()
    assert (health.status, health.mode) == ("up", "single")
    assert client.stats().pool.get("pool_available", 0) == 0
    assert client.stats().statements == 1


def test_a_function_that_the_schema_lacks_is_named(
    docket18: Database, connect: Connect, open_clients: Callable[..., Docket]
) -> None:
    connect(docket18).execute("drop function docket.queue_overview(uuid)")
    connect(docket18).execute("alter table docket.projects rename column metadata to remarks")
    client = open_clients(docket18.conninfo)
    with pytest.raises(SchemaMissing, match="pgdocket deploy") as caught:
        client.queue_overview(project_id=uuid4())
    assert "queue_overview" in str(caught.value.detail)


def test_a_text_is_no_list(client: Docket, project_id: UUID) -> None:
    with pytest.raises(InvalidArgument, match="list"):
        client.create_task(project_id=project_id, title="T", tags="web")


def test_null_is_not_the_default(client: Docket, project_id: UUID) -> None:
    one, two = client.create_tasks(
        project_id=project_id,
        tasks=[{"task_key": "1", "title": "1"}, {"title": "2", "depends_on": ["1"]}],
    )
    assert client.blockers(task_id=two.task_id, max_tasks=0) == []
    assert [row.blocker_id for row in client.blockers(task_id=two.task_id, max_tasks=None)] == [
        one.task_id
    ]


def test_all_statements_are_logged_where_that_is_asked_for(
    open_client: Callable[..., Docket], caplog: pytest.LogCaptureFixture
) -> None:
    client = open_client(log_statements=True)
    with caplog.at_level(logging.INFO, "pgdocket.client"):
        client.create_project(slug="secret-slug")
    assert "statement:" in caplog.text
    assert "secret-slug" not in caplog.text
    with caplog.at_level(logging.DEBUG, "pgdocket.client"):
        client.project_id(reference="secret-slug")
    assert "secret-slug" in caplog.text


def test_the_drivers_instrumentation_sees_every_statement(
    docket18: Database, open_clients: Callable[..., Docket]
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    PsycopgInstrumentor().instrument(tracer_provider=provider)
    try:
        client = open_clients(docket18.conninfo)
        client.create_project(slug="secret-slug")
    finally:
        PsycopgInstrumentor().uninstrument()
    told = [str(dict(span.attributes or {})) for span in spans.get_finished_spans()]
    assert any("docket.create_project" in each for each in told)
    assert not any("secret-slug" in each for each in told)


def test_an_older_schema_may_have_fewer_columns(docket18: Database) -> None:
    projects = Function("list_projects", Effect.READ, Project)
    with psycopg.connect(docket18.conninfo, row_factory=projects.rows) as session:
        (found,) = session.execute("select 'shop' as slug, 7 as version").fetchall()
    assert (found.slug, found.version, found.name) == ("shop", 7, None)


def test_idle_connections_that_have_died_are_found_without_a_call(
    docket18: Database, connect: Connect, open_clients: Callable[..., Docket]
) -> None:
    client = open_clients(docket18.conninfo, min_size=2, check_seconds=0.05)
    eventually(lambda: client.stats().pool["pool_available"] == 2, "two connections are open")
    end_sessions(connect(docket18))
    eventually(lambda: client.stats().pool.get("connections_lost", 0) >= 2, "they are missed")
    eventually(lambda: client.stats().pool["pool_available"] == 2, "there are two again")


def test_a_server_of_another_kind_than_is_asked_for_is_refused(
    docket18: Database, open_clients: Callable[..., Docket]
) -> None:
    with pytest.raises(ConnectionFailed, match="standby"):
        open_clients(docket18.conninfo, target_session_attrs="standby")


def test_what_is_sent_again_ends(docket18: Database, open_clients: Callable[..., Docket]) -> None:
    client = open_clients(docket18.conninfo)
    with pytest.raises(ConnectionFailed) as caught:
        client._connections.call(Fatal(), ())
    assert caught.value.detail == "given up after 6 tries"
    assert client.stats().repeated == 5


class Fatal(Statement):
    """Ends its own session, each time."""

    def __init__(self) -> None:
        super().__init__(b"select pg_terminate_backend(pg_backend_pid())")

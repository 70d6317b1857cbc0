"""A docket under siege: a project with rows of every kind, and an attacker for each role."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from support.databases import Database
from support.sessions import Connection


@dataclass(frozen=True, slots=True)
class Besieged:
    """A database with the project of `owner`; `attackers` are logins by the role they have."""

    database: Database
    owner: str
    project_id: uuid.UUID
    attackers: dict[str, str]
    own_project_id: uuid.UUID

    def login(self, role: str) -> Connection:
        """A session of the attacker with a role, as the server knows him."""
        return psycopg.connect(self.database.conninfo, user=self.attackers[role], autocommit=True)


def settle(session: Connection, owner: str, slug: str, count: int) -> uuid.UUID:
    """Makes a project with a row of every kind, in the name of its owner."""
    session.execute(sql.SQL("set role {}").format(sql.Identifier(owner)))
    tasks = Jsonb(
        [
            {"title": f"{slug} secret", "task_key": f"t-{number}", "tags": [slug]}
            | ({"depends_on": ["t-0"], "parent": "t-2"} if number == 1 else {})
            for number in range(count)
        ]
    )
    row = session.execute(
        f"""
        with project as materialized (select (docket.create_project('{slug}')).project_id as id)
        select p.id, (docket.create_workflow(p.id, 'flow')).workflow_id from project as p
        """.encode()
    ).fetchone()
    assert row is not None
    project, workflow = row
    given: dict[str, Any] = {"project": project, "tasks": tasks, "workflow": workflow}
    for statement in EVERY_KIND:
        session.execute(statement, given)
    session.execute("reset role")
    session.execute(HAND_OUT, (project,))
    session.execute("select docket.maintain('{metrics}')")
    return project  # type: ignore[no-any-return]


# A page of events as docket.next_events() writes it, once nobody else is writing any more.
HAND_OUT = """
insert into docket.event_pages (
    page_id, project_id, consumer_id, after_transaction_id, after_event_no, until_transaction_id,
    until_event_no, lease_expires_at)
select docket_private.new_id(c.project_id), c.project_id, c.consumer_id, '0', 0, '0', 0, 'infinity'
  from docket.event_consumers as c
 where c.project_id = %s
returning page_id
"""

# Rows of every table that has a foreign key, for a project with the tasks t-0, t-1, t-2.
EVERY_KIND: tuple[LiteralString, ...] = (
    "select count(*) from docket.create_tasks(%(project)s, %(tasks)s)",
    """select docket.update_task(docket.task_id(%(project)s, 't-0'),
                                 jsonb_build_object('workflow_id', %(workflow)s::uuid))""",
    "select docket.put_context(docket.task_id(%(project)s, 't-0'), 'note', '\"secret\"')",
    "select docket.register_context_type(%(project)s, 'kind')",
    """select docket.put_context_raw(
                  docket.task_id(%(project)s, 't-0'), 'kind', '{ "secret": 1 }')""",
    """select docket.pin_context(
                  docket.task_id(%(project)s, 't-0'), 'kind', 1, 'the release')""",
    "select docket.record_context_use(docket.task_id(%(project)s, 't-0'))",
    """select docket.put_session(%(project)s, 'talk', '"secret"',
                                 task_id => docket.task_id(%(project)s, 't-0'))""",
    "select docket.register_component(%(project)s, 'api', 'service')",
    "select docket.component_heartbeat(%(project)s, 'api')",
    "select docket.record_communication(%(project)s, 'api', 'store', 'secret')",
    """select docket.record_metric(p.project_id, p.slug || '_depth', 1,
                                    labels => '{"host": "secret"}')
         from docket.get_project(%(project)s) as p""",
    "select docket.set_alert_rule(%(project)s, 'silent', 'absence', metric => 'secret')",
    "select docket.evaluate_alerts(%(project)s)",
    """select docket.silence_alert(a.alert_id, docket.clock() + interval '1 day', 'secret')
         from docket.list_alerts(%(project)s) as a""",
    "select docket.put_response(%(project)s, 'question', '\"secret\"')",
    "select docket.set_budget(%(project)s, max_tokens => 1000)",
    "select docket.set_budget(%(project)s, workflow_id => %(workflow)s, max_tokens => 1000)",
    "select docket.record_usage(docket.task_id(%(project)s, 't-0'), 5)",
    """select docket.link_pull_request(docket.task_id(%(project)s, 't-0'), p.pull_request_id)
         from docket.record_pull_request(%(project)s, 'acme/shop', 1) as p""",
    """select docket.record_validation(
                  docket.task_id(%(project)s, 't-0'), 'tests', 'passed',
                  pull_request_id => p.pull_request_id, attempt_id => t.attempt_id)
         from docket.list_pull_requests(%(project)s) as p
        cross join docket.start_task(docket.task_id(%(project)s, 't-0'), 'agent') as t""",
    """select docket.put_context(t.task_id, 'kind', '2', attempt_id => t.attempt_id)
         from docket.get_task(docket.task_id(%(project)s, 't-0')) as t""",
    """select docket.build_prompt_context(
                  docket.task_id(%(project)s, 't-0'), attempt_id => a.attempt_id)
         from docket.list_attempts(docket.task_id(%(project)s, 't-0')) as a""",
    """select docket.record_interaction(
                  docket.task_id(%(project)s, 't-0'), 'agent', 'review', true, '"secret"',
                  attempt_id => a.attempt_id, conversation_id => 'a talk',
                  prompt_build_id => b.prompt_build_id)
         from docket.list_attempts(docket.task_id(%(project)s, 't-0')) as a
        cross join docket.list_prompt_builds(docket.task_id(%(project)s, 't-0')) as b""",
    """select docket.put_artifact(
                  docket.task_id(%(project)s, 't-0'), 'secret.py',
                  convert_to('secret of ' || i.project_id, 'UTF8'),
                  attempt_id => i.attempt_id, interaction_id => i.interaction_id)
         from docket.list_interactions(%(project)s) as i""",
    """select docket.record_validation(a.task_id, 'style', 'failed', artifact_id => a.artifact_id)
         from docket.list_artifacts(%(project)s) as a""",
    """select docket.start_execution(%(project)s, 'test', a.task_id, attempt_id => a.attempt_id)
         from docket.list_attempts(docket.task_id(%(project)s, 't-0')) as a""",
    """select docket.finish_execution(e.execution_id, 'failed', error_message => 'secret')
         from docket.start_execution(%(project)s, 'build', workflow_id => %(workflow)s) as e""",
    """select docket.ingest_github(
                  %(project)s, 'pull_request_review', 'a delivery',
                  '{"repository": {"full_name": "acme/shop"}, "pull_request": {"number": 1},
                    "review": {"id": 1, "state": "commented", "body": "secret"}}')""",
    """select docket.link_linear_issue(docket.task_id(%(project)s, 't-1'),
                                       '{"id": "i1", "title": "secret"}')""",
    """select docket.link_linear_issue(docket.task_id(%(project)s, 't-2'))""",
    """select docket.pending_linear_changes(%(project)s)""",
    """select docket.record_findings(
                  docket.task_id(%(project)s, 't-0'), 'style',
                  '[{"severity": "major", "message": "secret"}]')""",
    """select docket.record_error(e.project_id, 'secret', execution_id => e.execution_id)
         from docket.list_executions(%(project)s) as e""",
    """select docket.subscribe(%(project)s, 'mail', after => '0:0'),
              docket.emit_event(%(project)s, 'secret', '"secret"', 'secret',
                                docket.task_id(%(project)s, 't-0'), %(workflow)s)""",
    """select docket.emit_events(
                  %(project)s, '[{"type": "secret", "source": "/secret", "id": "1"}]')""",
    "select docket.require_validation(docket.task_id(%(project)s, 't-2'), 'tests')",
    "select docket.put_knowledge(%(project)s, 'guide', 'secret', '# A secret')",
    """select docket.put_embedding(k.project_id, 'knowledge', k.knowledge_id,
                                   'model of ' || k.project_id, '{1,0}')
         from docket.get_knowledge(%(project)s, 'guide') as k""",
    """select docket.put_embedding(t.project_id, 'task', t.task_id, 'model of ' || t.project_id,
                                   '{0,1}')
         from docket.get_task(docket.task_id(%(project)s, 't-0')) as t""",
    """select docket.record_template_use(p.template_id, docket.task_id(%(project)s, 't-0'))
         from docket.put_template(%(project)s, 'flow', 'workflow',
                  '{"name": "Flow", "tasks": [{"title": "secret"}]}') as p""",
    """select docket.instantiate_workflow(t.template_id)
         from docket.get_template(%(project)s, 'flow') as t""",
    """select docket.record_learning(%(project)s, 'hunch', true, 'secret',
                                    task_id => docket.task_id(%(project)s, 't-0'))""",
    """select docket.put_deployment_script(%(project)s, 'migrate', 'secret', 'sql',
                                         max_attempts => 2)""",
    """select docket.finish_deployment(d.deployment_id, 'failed')
         from docket.start_deployment(%(project)s, 'migrate', 'staging') as d""",
    """select docket.finish_deployment(d.deployment_id)
         from docket.list_deployments(%(project)s) as b
        cross join docket.start_deployment(
                  %(project)s, 'migrate', 'staging', retry_of => b.deployment_id) as d""",
    """select docket.put_deployment_script(%(project)s, 'roll-out', 'secret', 'bash',
                                         depends_on => '{migrate}')""",
    """select docket.start_deployment(
                  %(project)s, 'roll-out', 'staging', task_id => docket.task_id(%(project)s, 't-0'),
                  pull_request_id => p.pull_request_id)
         from docket.list_pull_requests(%(project)s) as p""",
    "select docket.enter_workflow_state('review', workflow_id => %(workflow)s)",
    """select docket.enter_workflow_state(
                  'review', task_id => docket.task_id(%(project)s, 't-0'))""",
    """select docket.enter_workflow_state('review', pull_request_id => p.pull_request_id)
         from docket.list_pull_requests(%(project)s) as p""",
    """select docket.import_tasks_json(
                  p.slug, 'tasks.json', '{"master": {"tasks": [{"id": 1, "title": "secret"}]}}')
         from docket.get_project(%(project)s) as p""",
)


def drop_role(database: Database, name: str) -> None:
    """Drops a role with whatever it has in one database."""
    role = sql.Identifier(name)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("drop owned by {}").format(role))
        connection.execute(sql.SQL("drop role {}").format(role))

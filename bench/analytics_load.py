"""A year of work of many tasks, of which dashboards ask."""

from __future__ import annotations

from typing import LiteralString

# Stored behind the triggers' back, a year that ends now: nine tasks of ten are completed, each with
# one or two attempts; every other one was validated, run and talked about.
FILL: LiteralString = """
create schema bench;
create table bench.project as select project_id from docket.create_project('bench');
insert into docket.members (organization_id, project_id, principal, access)
select p.organization_id, p.project_id, '{agent}', 'writer'
  from docket.projects as p;
do $$
begin
    for i in reverse 13 .. 0 loop
        perform set_config('docket.fake_now', (now() - make_interval(months => i))::text, true);
        perform docket_private.ensure_partitions();
    end loop;
end;
$$;
set session_replication_role = replica;
create table bench.tasks as
select i as place, p.project_id, docket_private.new_id(p.project_id, i) as task_id,
       now() - (({tasks} - i) * interval '365 days' / {tasks}) - interval '1 day' as made_at,
       1000 + (i * 7919::bigint) % 86400 as wait_s,
       60 + (i * 104729::bigint) % 7200 as work_s
  from bench.project as p
 cross join generate_series(1, {tasks}) as i;
create unique index on bench.tasks (place);
insert into docket.workflows (workflow_id, project_id, name, status)
select docket_private.new_id(p.project_id, -i), p.project_id, 'w' || i, 'active'
  from bench.project as p
 cross join generate_series(1, {workflows}) as i;
create table bench.workflows as
select w.workflow_id, row_number() over (order by w.workflow_id) - 1 as place
  from docket.workflows as w;
insert into docket.tasks (
    project_id, task_id, task_key, title, status, priority, tags, workflow_id, assigned_to,
    created_at, completed_at)
select t.project_id, t.task_id, 't' || t.place, 'Task ' || t.place,
       case t.place % 20 when 0 then 'pending' when 1 then 'failed' else 'completed' end,
       1 + t.place % 10,
       array['area-' || t.place % 40, 'kind-' || t.place % 7],
       w.workflow_id,
       case when t.place % 20 > 1 then 'agent-' || t.place % 50 end,
       t.made_at,
       case when t.place % 20 > 1 then t.made_at + make_interval(secs => t.wait_s + t.work_s) end
  from bench.tasks as t
  join bench.workflows as w on w.place = t.place * {workflows}::bigint / ({tasks} + 1);
insert into docket.task_dependencies (task_id, project_id, depends_on_id)
select t.task_id, t.project_id, d.task_id
  from bench.tasks as t
  join bench.tasks as d on d.place = t.place - 1 - t.place % 9
 where t.place % 3 > 0;
insert into docket.task_attempts (
    attempt_id, project_id, task_id, attempt_no, agent, lease_expires_at, created_at, ended_at,
    outcome, failure_class)
select docket_private.new_id(t.project_id, t.place * 2 + n), t.project_id, t.task_id, n,
       'agent-' || t.place % 50, t.made_at, t.made_at + make_interval(secs => t.wait_s),
       t.made_at + make_interval(secs => t.wait_s + t.work_s),
       case when n = 2 or t.place % 20 > 1 and t.place % 5 > 0 then 'completed' else 'failed' end,
       case when n = 2 or t.place % 20 > 1 and t.place % 5 > 0 then null else 'bug' end
  from bench.tasks as t
 cross join generate_series(1, 2) as n
 where t.place % 20 > 0
   and (n = 1 or t.place % 5 = 0);
insert into docket.validation_results (
    validation_result_id, project_id, task_id, validation_type, run_no, validation_status,
    created_at)
select docket_private.new_id(t.project_id, t.place), t.project_id, t.task_id,
       'check-' || t.place % 6, 1,
       case when t.place % 12 = 0 then 'failed' else 'passed' end, t.made_at
  from bench.tasks as t
 where t.place % 2 = 0;
insert into docket.execution_history (
    execution_id, project_id, task_id, execution_type, status, started_at, completed_at,
    duration_ms, first_execution_id, lease_seconds, created_at)
select e.execution_id, t.project_id, t.task_id, 'test',
       case when t.place % 14 = 0 then 'failed' else 'completed' end, w.created_at,
       w.created_at + interval '1 second', 1000, e.execution_id, 3600, w.created_at
  from bench.tasks as t
 cross join lateral (
           select docket_private.id_at(t.project_id, t.made_at) as execution_id
            offset 0
       ) as e
 cross join lateral (select docket_private.time_of_id(e.execution_id) as created_at) as w
 where t.place % 2 = 0;
insert into docket.error_logs (
    error_id, project_id, error_group_id, severity, error_type, message, occurred_at, created_at)
select e.error_id, t.project_id, e.error_id, 'medium', 'Error' || t.place % 30, 'oh',
       w.created_at, w.created_at
  from bench.tasks as t
 cross join lateral (
           select docket_private.id_at(t.project_id, t.made_at) as error_id
            offset 0
       ) as e
 cross join lateral (select docket_private.time_of_id(e.error_id) as created_at) as w
 where t.place % 10 = 0;
insert into docket.ai_interactions (
    interaction_id, project_id, task_id, agent_name, interaction_type, response_model, success,
    input_tokens, output_tokens, cost_amount, cost_currency, cost_source, conventions_version,
    created_at)
select docket_private.new_id(t.project_id, t.place), t.project_id, t.task_id,
       'agent-' || t.place % 50, 'code', 'model-' || t.place % 4, t.place % 16 > 0, 2000, 500,
       0.01, 'USD', 'reported', '1', t.made_at
  from bench.tasks as t
 where t.place % 2 = 0;
insert into docket.task_contexts (
    task_id, project_id, context_type, version, data, content_hash, byte_size, created_at)
select t.task_id, t.project_id, 'type-' || t.place % 8, 1, '{{}}', '\\x00', 2, t.made_at
  from bench.tasks as t
 where t.place % 3 = 0;
insert into docket.component_communications (
    communication_id, project_id, from_component, to_component, message_type, status, latency_ms,
    created_at)
select c.communication_id, t.project_id, 'web', 'part-' || t.place % 12, 'call',
       case when t.place % 30 = 0 then 'failed' else 'delivered' end, t.work_s, w.created_at
  from bench.tasks as t
 cross join lateral (
           select docket_private.id_at(t.project_id, t.made_at) as communication_id
            offset 0
       ) as c
 cross join lateral (
           select docket_private.time_of_id(c.communication_id) as created_at
       ) as w
 where t.place % 5 = 0;
set session_replication_role = origin;
vacuum analyze;
"""

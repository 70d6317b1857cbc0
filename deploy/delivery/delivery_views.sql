-- Deploy pgdocket:delivery/delivery_views to pg
-- requires: delivery/code_artifacts
-- requires: delivery/read_executions
-- requires: delivery/required_validations
-- requires: delivery/task_pull_requests
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

-- Reckoned when it is read, each task by its own rows: what is asked for some tasks reads theirs
-- alone, however many there are, and is never stale.
create view docket.task_execution_summary
with (security_invoker = true) as
    select t.project_id,
           t.task_id,
           t.task_key,
           t.title,
           t.status,
           e.executions,
           e.running,
           e.completed,
           e.failed,
           e.timed_out,
           e.cancelled,
           e.retries,
           round(e.completed::numeric / nullif(e.executions - e.running, 0), 4) as success_rate,
           e.total_duration_ms,
           e.mean_duration_ms,
           e.longest_duration_ms,
           e.peak_memory_usage_mb,
           e.first_started_at,
           e.last_started_at,
           e.last_completed_at
      from docket.tasks as t
     cross join lateral (
               select count(*) as executions,
                      count(*) filter (where h.status = 'running') as running,
                      count(*) filter (where h.status = 'completed') as completed,
                      count(*) filter (where h.status = 'failed') as failed,
                      count(*) filter (where h.status = 'timed_out') as timed_out,
                      count(*) filter (where h.status = 'cancelled') as cancelled,
                      count(*) filter (where h.retry_count > 0) as retries,
                      coalesce(sum(h.duration_ms), 0)::bigint as total_duration_ms,
                      avg(h.duration_ms)::bigint as mean_duration_ms,
                      max(h.duration_ms) as longest_duration_ms,
                      max(h.memory_usage_mb) as peak_memory_usage_mb,
                      min(h.started_at) as first_started_at,
                      max(h.started_at) as last_started_at,
                      max(h.completed_at) as last_completed_at
                 from docket.execution_history as h
                where h.task_id    = t.task_id
                  and h.project_id = t.project_id
           ) as e
     where t.archived_at is null;

comment on view docket.task_execution_summary is
    'What was run for each task in use, in figures: how often, how it ended, how long it took (milliseconds).';

create view docket.task_cicd_status
with (security_invoker = true) as
    select t.project_id,
           t.task_id,
           t.task_key,
           t.workflow_id,
           t.title,
           t.status,
           t.priority,
           t.assigned_to,
           case
               when r.running > 0 then 'running'
               when g.failing > 0 or v.failed > 0 or e.status in ('failed', 'timed_out')
                   then 'failing'
               when g.unmet > 0 or p.open_pull_requests > 0 then 'waiting'
               when g.required > 0 or v.passed > 0 or e.status = 'completed' then 'passing'
               else 'nothing yet'
           end as pipeline_status,
           a.artifacts,
           v.validations,
           v.passed as validations_passed,
           v.failed as validations_failed,
           g.required as gates,
           g.unmet as gates_unmet,
           p.pull_requests,
           p.open_pull_requests,
           p.merged_pull_requests,
           p.has_conflict,
           r.running as running_executions,
           e.execution_id as last_execution_id,
           e.execution_type as last_execution_type,
           e.status as last_execution_status,
           e.environment as last_environment,
           e.started_at as last_started_at,
           e.completed_at as last_completed_at
      from docket.tasks as t
     cross join lateral (
               select count(*) as artifacts
                 from docket.code_artifacts as f
                where f.task_id    = t.task_id
                  and f.project_id = t.project_id
           ) as a
     cross join lateral (
               select count(*) as validations,
                      count(*) filter (where n.validation_status in ('passed', 'warning'))
                          as passed,
                      count(*) filter (where n.validation_status in ('failed', 'error')) as failed
                 from docket.validation_results as n
                where n.task_id    = t.task_id
                  and n.project_id = t.project_id
                  and n.run_no     = (
                          select max(w.run_no)
                            from docket.validation_results as w
                           where w.task_id         = n.task_id
                             and w.project_id      = n.project_id
                             and w.validation_type = n.validation_type)
           ) as v
     cross join lateral (
               select count(*) as required,
                      count(*) filter (where not q.is_met) as unmet,
                      count(*) filter (
                          where not q.is_met and q.validation_status in ('failed', 'error')
                      ) as failing
                 from docket.required_validations as q
                where q.task_id    = t.task_id
                  and q.project_id = t.project_id
           ) as g
     cross join lateral (
               select count(*) as pull_requests,
                      count(*) filter (where m.status in ('draft', 'open')) as open_pull_requests,
                      count(*) filter (where m.status = 'merged') as merged_pull_requests,
                      coalesce(bool_or(m.has_conflict and m.status in ('draft', 'open')), false)
                          as has_conflict
                 from docket.task_pull_requests as l
                 join docket.pull_requests as m
                   on m.pull_request_id = l.pull_request_id
                  and m.project_id      = l.project_id
                where l.task_id    = t.task_id
                  and l.project_id = t.project_id
           ) as p
     cross join lateral (
               select count(*) as running
                 from docket.execution_history as h
                where h.task_id    = t.task_id
                  and h.project_id = t.project_id
                  and h.status     = 'running'
           ) as r
      left join lateral (
               select h.execution_id, h.execution_type, h.status, h.environment, h.started_at,
                      h.completed_at
                 from docket.execution_history as h
                where h.task_id    = t.task_id
                  and h.project_id = t.project_id
                order by h.created_at desc, h.execution_id desc
                limit 1
           ) as e on true
     where t.archived_at is null;

comment on view docket.task_cicd_status is
    'How each task in use stands on its way to delivery: artifacts, the newest validation of each type, gates, pull requests and executions. pipeline_status is running, failing, waiting (for a gate or a pull request), passing or nothing yet.';

create view docket.cicd_pipeline_status
with (security_invoker = true) as
    select s.*
      from docket.task_cicd_status as s
     where s.status in ('in_progress', 'review');

comment on view docket.cicd_pipeline_status is
    'How the tasks stand that are worked on or in review now: the same columns as docket.task_cicd_status. It reads their rows alone, and is never stale.';

create function docket.tasks_with_cicd_status(
    project_id   uuid,
    statuses     text[]  default null,
    min_priority text    default null,
    after        uuid    default null,
    page_size    integer default 100
) returns setof docket.task_cicd_status
language sql
stable
begin atomic
    select s.*
      from docket.list_tasks(
               tasks_with_cicd_status.project_id, statuses => tasks_with_cicd_status.statuses,
               min_priority => tasks_with_cicd_status.min_priority,
               after => tasks_with_cicd_status.after,
               page_size => tasks_with_cicd_status.page_size) as t
     cross join lateral (
               select c.*
                 from docket.task_cicd_status as c
                where c.task_id    = t.task_id
                  and c.project_id = t.project_id
                order by c.task_id
                limit 1
           ) as s
     order by s.task_id desc;
end;

comment on function docket.tasks_with_cicd_status(uuid, text[], text, uuid, integer) is
'The tasks of a project with how they stand on their way to delivery, the newest first: with how many
artifacts and validations, which gates are open, their pull requests and what was run last.

`statuses` are those that a task may have (null: any), `min_priority` the lowest priority (1 to 10,
or a word). `after` is the id of the last task of the previous page, `page_size` is in rows (1 to
1000). Returns rows of docket.task_cicd_status. Raises PD422 for a status or a priority that there
is not.';

revoke all on function docket.tasks_with_cicd_status(uuid, text[], text, uuid, integer)
  from public;
grant execute on function docket.tasks_with_cicd_status(uuid, text[], text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.task_execution_summary, docket.task_cicd_status,
      docket.cicd_pipeline_status
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;

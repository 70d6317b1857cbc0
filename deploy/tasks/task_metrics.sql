-- Deploy pgdocket:tasks/task_metrics to pg
-- requires: tasks/tasks

begin;
set local role docket_owner;

create function docket.get_task_metrics(project_id uuid) returns table (
    total_tasks        bigint,
    pending_tasks      bigint,
    in_progress_tasks  bigint,
    completed_tasks    bigint,
    failed_tasks       bigint,
    avg_complexity     numeric,
    avg_completion_ms  bigint,
    estimated_effort   numeric,
    actual_effort      numeric
)
language sql
stable
rows 1
begin atomic
    select count(*),
           count(*) filter (where t.status = 'pending'),
           count(*) filter (where t.status = 'in_progress'),
           count(*) filter (where t.status = 'completed'),
           count(*) filter (where t.status = 'failed'),
           round(avg(t.complexity_score), 2),
           (extract(epoch from avg(t.completed_at - t.created_at)) * 1000)::bigint,
           sum(t.estimated_effort),
           sum(t.actual_effort)
      from docket.tasks as t
     where t.project_id = get_task_metrics.project_id
       and t.archived_at is null;
end;

comment on function docket.get_task_metrics(uuid) is
'The tasks of a project in figures: how many, by status; mean complexity (1 to 10); mean time from
creation to completion in milliseconds; effort in hours. Where there is nothing to reckon with,
avg_complexity, avg_completion_ms, estimated_effort and actual_effort may be null. Returns one row;
raises nothing.';

create function docket.workflow_progress(workflow_id uuid) returns table (
    total_tasks      bigint,
    completed_tasks  bigint,
    cancelled_tasks  bigint,
    percent_complete numeric
)
language sql
stable
rows 1
begin atomic
    -- What was given up is no longer part of the work.
    select count(*),
           count(*) filter (where t.status = 'completed'),
           count(*) filter (where t.status = 'cancelled'),
           round(100.0 * count(*) filter (where t.status = 'completed')
                 / nullif(count(*) filter (where t.status <> 'cancelled'), 0), 1)
      from docket.tasks as t
     where t.workflow_id = workflow_progress.workflow_id
       and t.archived_at is null;
end;

comment on function docket.workflow_progress(uuid) is
'How far a workflow is, counted from its tasks; percent of those not cancelled. Without tasks,
percent_complete may be null. Returns one row; raises nothing.';

revoke all on function docket.get_task_metrics(uuid) from public;
revoke all on function docket.workflow_progress(uuid) from public;
grant execute on function docket.get_task_metrics(uuid), docket.workflow_progress(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;

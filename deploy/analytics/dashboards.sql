-- Deploy pgdocket:analytics/dashboards to pg
-- requires: analytics/read_costs

begin;
set local role docket_owner;

-- For whoever draws pictures by SQL alone: the last thirty days of each project that he may see.
create view docket.performance_dashboard
with (security_invoker = true) as
    select t.project, t.period_start as day_start, t.tasks_created, t.tasks_completed,
           t.lead_mean_ms, t.lead_p50_ms, t.lead_p95_ms, t.cycle_mean_ms, t.cycle_p50_ms,
           t.cycle_p95_ms, t.attempts, t.attempts_failed, t.success_rate, t.validations,
           t.validations_failed, t.executions, t.executions_failed, t.errors, t.as_of
      from docket.work_trends() as t;

comment on view docket.performance_dashboard is
    'How work went on each of the last thirty days (UTC): docket.work_trends() of each project.';

create view docket.business_metrics
with (security_invoker = true) as
    select t.project, t.period_start as day_start, t.tasks_created,
           t.tasks_completed as tasks_processed, t.validations as validations_completed,
           t.validations - t.validations_failed as validations_passed, t.as_of
      from docket.work_trends() as t;

comment on view docket.business_metrics is
    'Tasks created and processed, and validations completed and passed, on each of the last thirty days (UTC).';

create view docket.error_trends
with (security_invoker = true) as
    select e.project, e.period_start as day_start, e.error_type, e.errors, e.executions,
           e.errors_per_execution, e.as_of
      from docket.error_rates(max_rows => 1000) as e;

comment on view docket.error_trends is
    'The errors of each of the last thirty days (UTC) by type, and how many for each execution; at most 1,000 rows.';

create view docket.resource_trends
with (security_invoker = true) as
    select c.project, c.component_name, c.day_start, u.resource,
           (u.used ->> 'mean')::numeric as mean_utilization,
           (u.used ->> 'peak')::numeric as peak_utilization
      from docket.component_trends() as c
     cross join lateral jsonb_each(c.utilization) as u (resource, used);

comment on view docket.resource_trends is
    'How much of each resource of each component was in use on each of the last thirty days (UTC): mean and peak, 0 to 1.';

grant select on docket.performance_dashboard, docket.business_metrics, docket.error_trends,
      docket.resource_trends
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;

-- Verify pgdocket:analytics/tallies on pg

begin;

select project_id, dimension, label, status, tasks
  from docket_private.task_counts
 where false;
select 'docket_private.tally_task_counts()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.task_counts', 'select'))::integer;
select project_id, dimension, label, days, completed, lead_mean_ms, lead_p50_ms, lead_p95_ms,
       cycles, cycle_mean_ms, cycle_p50_ms, cycle_p95_ms
  from docket_private.task_times
 where false;
select 'docket_private.tally_task_times()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.task_times', 'select'))::integer;
select project_id, period, period_start, created, completed, lead_mean_ms, lead_p50_ms, lead_p95_ms,
       cycles, cycle_mean_ms, cycle_p50_ms, cycle_p95_ms
  from docket_private.work_periods
 where false;
select 'docket_private.tally_work_periods()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.work_periods', 'select'))::integer;
select project_id, day_start, kind, label, total, good, bad
  from docket_private.outcome_days
 where false;
select 'docket_private.tally_outcome_days()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.outcome_days', 'select'))::integer;
select project_id, day_start, agent_name, model, currency, interactions, successes, input_tokens,
       output_tokens, cache_read_input_tokens, cost
  from docket_private.cost_days
 where false;
select 'docket_private.tally_cost_days()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.cost_days', 'select'))::integer;
select project_id, day_start, component, messages, failed, latency_mean_ms, latency_p50_ms,
       latency_p95_ms
  from docket_private.communication_days
 where false;
select 'docket_private.tally_communication_days()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.communication_days', 'select'))::integer;
select project_id, context_type, tasks, versions, byte_size, largest_bytes, uses, last_written_at,
       last_used_at
  from docket_private.context_counts
 where false;
select 'docket_private.tally_context_counts()'::regprocedure;
select 1 / (not has_table_privilege('docket_admin', 'docket_private.context_counts', 'select'))::integer;

rollback;

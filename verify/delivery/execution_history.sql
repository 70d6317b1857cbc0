-- Verify pgdocket:delivery/execution_history on pg

begin;

select execution_id, project_id, task_id, workflow_id, attempt_id, execution_type, execution_phase,
       phases, status, environment, started_at, completed_at, duration_ms, cpu_usage_percent,
       memory_usage_mb, exit_code, stdout_preview, stderr_preview, error_message, error_stack,
       retry_count, retry_of, first_execution_id, environment_info, performance_metrics,
       lease_seconds, lease_expires_at, log_lines, log_lines_left_out, metadata, created_at,
       created_by
  from docket.execution_history
 where false;

select execution_id, project_id, line_no, level, message, data, logged_at, created_at
  from docket.execution_log_lines
 where false;

select 1 / (count(*) = 2)::integer
  from docket.partition_policies
 where table_name in ('execution_history', 'execution_log_lines');

select 1 / (count(*) = 2)::integer
  from docket.settings
 where setting_key in ('max_execution_log_lines', 'execution_lease_seconds');

select 1 / (docket_private.time_of_id(docket_private.id_at(null, '2026-01-02 03:04:05.678901+00'))
            = '2026-01-02 03:04:05.678901+00')::integer;

rollback;

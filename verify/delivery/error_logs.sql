-- Verify pgdocket:delivery/error_logs on pg

begin;

select error_group_id, project_id, fingerprint, error_type, message, severity, occurrences,
       first_seen_at, last_seen_at, regressions, regressed_at, resolved_at, resolved_by, resolution,
       resolution_reason, resolved_by_execution_id, version, created_at, updated_at, created_by,
       updated_by
  from docket.error_groups
 where false;

select error_group_id, project_id, source_key, last_seen_at, is_open
  from docket.error_sources
 where false;

select error_id, project_id, error_group_id, task_id, workflow_id, execution_id, severity,
       error_type, message, stack, context, environment, environment_info, retry_count,
       is_regression, occurred_at, metadata, created_at, created_by
  from docket.error_logs
 where false;

select 1 / count(*)
  from docket.partition_policies
 where table_name = 'error_logs';

select 'docket_private.error_source(docket.execution_history)'::regprocedure;
select 'docket_private.resolve_errors(docket.execution_history)'::regprocedure;

rollback;

-- Verify pgdocket:delivery/deployment_executions on pg

begin;

select deployment_id, project_id, script_id, version_no, environment, status, execution_id,
       task_id, pull_request_id, is_confirmed, attempt_no, retry_of, retry_at, started_at,
       completed_at, duration_ms, exit_code, error_message, metadata, version, created_at,
       updated_at, created_by, updated_by
  from docket.deployment_executions
 where false;
select 'docket_private.end_deployment()'::regprocedure;
select 1 / (count(*) = 1)::integer
  from pg_catalog.pg_trigger
 where tgrelid = 'docket.execution_history'::regclass
   and tgname  = 'execution_history_end_deployment';

rollback;

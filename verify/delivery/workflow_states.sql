-- Verify pgdocket:delivery/workflow_states on pg

begin;

select workflow_state_id, project_id, workflow_id, task_id, pull_request_id, state, step_name,
       step_number, entered_at, left_at, duration_ms, attempt, last_error, next_retry_at, metadata,
       version, created_at, updated_at, created_by, updated_by
  from docket.workflow_states
 where false;

rollback;

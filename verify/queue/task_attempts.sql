-- Verify pgdocket:queue/task_attempts on pg

begin;

select attempt_id, project_id, task_id, attempt_no, agent, lease_expires_at, heartbeat_at,
       created_at, ended_at, outcome, failure_class, error, details, is_forgiven
  from docket.task_attempts
 where false;

rollback;

-- Verify pgdocket:delivery/validation_results on pg

begin;

select validation_result_id, project_id, task_id, validation_type, run_no, validation_status,
       validator_name, attempt_id, agent, pull_request_id, artifact_id, score, max_score,
       issues_found, issues_critical, issues_major, issues_minor, issues_new, issues_unchanged,
       issues_reopened, issues_fixed, details, suggestions, started_at, completed_at,
       execution_time_ms, metadata, created_at, created_by
  from docket.validation_results
 where false;

select docket_private.read_validation_type('Tests')::docket.validation_type;
select 1 / has_table_privilege('docket_reader', 'docket.validation_results', 'select')::integer;

rollback;

-- Verify pgdocket:delivery/validation_findings on pg

begin;

select finding_id, project_id, task_id, validation_type, tool, fingerprint, fingerprint_source,
       rule_id, severity, message, path, start_line, start_column, end_line, end_column, help_url,
       is_suppressed, details, first_run_no, opened_run_no, fixed_run_no, times_reopened,
       version,
       created_at, updated_at, created_by, updated_by
  from docket.validation_findings
 where false;

select 1 / (count(*) = 3)::integer
  from docket.settings
 where setting_key in ('max_findings', 'prompt_findings', 'validation_fails_from');

select '
       docket_private.merge_findings(
           uuid, uuid, text, integer, docket_private.found[], text[], text[])'::regprocedure;
select 1 / has_function_privilege('docket_reader', '
               docket.list_findings(uuid, uuid, text, text, text, text, text, uuid, integer)',
               'execute')::integer;

rollback;

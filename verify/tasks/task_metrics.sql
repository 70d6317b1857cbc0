-- Verify pgdocket:tasks/task_metrics on pg

begin;

select 'docket.get_task_metrics(uuid)'::regprocedure;
select 'docket.workflow_progress(uuid)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_task_metrics(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.workflow_progress(uuid)', 'execute')::integer;

rollback;

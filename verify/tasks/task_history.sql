-- Verify pgdocket:tasks/task_history on pg

begin;

select 'docket.task_history(uuid, bigint, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.task_history(uuid, bigint, integer)', 'execute')::integer;

rollback;

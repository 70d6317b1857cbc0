-- Verify pgdocket:context/update_task_status on pg

begin;

select 'docket.update_task_status(uuid, text, jsonb, bigint, jsonb, uuid)'::regprocedure;
select 'docket.mark_task_completed(uuid, jsonb, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.update_task_status(uuid, text, jsonb, bigint, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.mark_task_completed(uuid, jsonb, uuid)', 'execute')::integer;

rollback;

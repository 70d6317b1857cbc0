-- Verify pgdocket:tasks/read_tasks on pg

begin;

select 'docket.get_task(uuid)'::regprocedure;
select 'docket.task_id(uuid, text)'::regprocedure;
select 'docket.list_tasks(
    uuid, text[], text, text, text[], text[], uuid, uuid, text, jsonb, jsonb, boolean, text, uuid,
    integer)'::regprocedure;
select 'docket.get_pending_tasks(uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_task(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.task_id(uuid, text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_pending_tasks(uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_tasks( uuid, text[], text, text, text[], text[], uuid, uuid, text, jsonb, jsonb, boolean, text, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.read_status(text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.read_priority(jsonb)', 'execute')::integer;

rollback;

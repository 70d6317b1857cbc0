-- Verify pgdocket:queue/delete_task on pg

begin;

select 'docket_private.task_with_subtasks(uuid, uuid)'::regprocedure;
select 'docket.delete_task(uuid, uuid)'::regprocedure;
select 'docket.purge_task(uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.delete_task(uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_admin', 'docket.purge_task(uuid)', 'execute')::integer;

rollback;

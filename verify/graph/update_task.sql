-- Verify pgdocket:graph/update_task on pg

begin;

select 'docket.update_task(uuid, jsonb, bigint, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.update_task(uuid, jsonb, bigint, uuid)', 'execute')::integer;

rollback;

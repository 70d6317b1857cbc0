-- Verify pgdocket:projects/write_workflows on pg

begin;

select 'docket.create_workflow(uuid, text, jsonb, uuid)'::regprocedure;
select 'docket.update_workflow(uuid, jsonb, bigint, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.create_workflow(uuid, text, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.update_workflow(uuid, jsonb, bigint, uuid)', 'execute')::integer;

rollback;

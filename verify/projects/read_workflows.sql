-- Verify pgdocket:projects/read_workflows on pg

begin;

select 'docket.get_workflow(uuid)'::regprocedure;
select 'docket.list_workflows(uuid, uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_workflow(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_workflows(uuid, uuid, integer)', 'execute')::integer;

rollback;

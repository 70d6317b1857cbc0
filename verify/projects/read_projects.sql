-- Verify pgdocket:projects/read_projects on pg

begin;

select 'docket.project_id(text)'::regprocedure;
select 'docket.get_project(uuid)'::regprocedure;
select 'docket.list_projects(uuid, integer, boolean)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.project_id(text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_project(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_projects(uuid, integer, boolean)', 'execute')::integer;

rollback;

-- Verify pgdocket:projects/pause_project on pg

begin;

select 'docket.pause_project(uuid, uuid)'::regprocedure;
select 'docket.resume_project(uuid, uuid)'::regprocedure;
select 1 / has_function_privilege(
           'docket_app', 'docket.pause_project(uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege(
           'docket_app', 'docket.resume_project(uuid, uuid)', 'execute')::integer;

rollback;

-- Verify pgdocket:projects/create_project on pg

begin;

select 'docket_private.default_organization()'::regprocedure;
select 'docket.create_project(text, text, text, text, jsonb, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.create_project(text, text, text, text, jsonb, uuid, uuid)', 'execute')::integer;

rollback;

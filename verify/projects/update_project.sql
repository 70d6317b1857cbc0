-- Verify pgdocket:projects/update_project on pg

begin;

select 'docket_private.require_keys(jsonb, text[], text)'::regprocedure;
select 'docket_private.require_version(text, bigint, bigint)'::regprocedure;
select 'docket.update_project(uuid, jsonb, bigint, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.update_project(uuid, jsonb, bigint, uuid)', 'execute')::integer;

rollback;

-- Verify pgdocket:platform/update_setting on pg

begin;

select 'docket.update_setting(text, jsonb)'::regprocedure;
select 1 / has_function_privilege('docket_admin', 'docket.update_setting(text, jsonb)', 'execute')::integer;
select 1 / (not has_function_privilege('docket_app', 'docket.update_setting(text, jsonb)', 'execute'))::integer;

rollback;

-- Verify pgdocket:context/json_patch on pg

begin;

select 'docket_private.pointer_path(text)'::regprocedure;
select 'docket_private.json_at(jsonb, text[])'::regprocedure;
select 'docket_private.merge_patched(jsonb, jsonb)'::regprocedure;
select 'docket_private.refuse_patch(jsonb, bigint, text, boolean)'::regprocedure;
select 'docket_private.with_value(jsonb, text[], jsonb, jsonb, bigint)'::regprocedure;
select 'docket_private.json_patched(jsonb, jsonb)'::regprocedure;
select 'docket_private.json_differences(jsonb, jsonb)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.json_differences(jsonb, jsonb)', 'execute')::integer;

rollback;

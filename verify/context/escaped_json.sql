-- Verify pgdocket:context/escaped_json on pg

begin;

select 'docket_private.unescaped(jsonb, boolean)'::regprocedure;
select 'docket_private.read_document(text)'::regprocedure;
select 'docket_private.is_json_type(text)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.unescaped(jsonb, boolean)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.is_json_type(text)', 'execute')::integer;

rollback;

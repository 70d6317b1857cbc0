-- Verify pgdocket:context/raw_contexts on pg

begin;

select 'docket.put_context_raw(uuid, text, bytea, text, bigint, uuid, uuid)'::regprocedure;
select 'docket.get_context_raw(uuid, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_context_raw(uuid, text, bytea, text, bigint, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_context_raw(uuid, text, integer)', 'execute')::integer;

rollback;

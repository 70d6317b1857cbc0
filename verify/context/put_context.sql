-- Verify pgdocket:context/put_context on pg

begin;

select 'docket.put_context(uuid, text, jsonb, uuid)'::regprocedure;
select 'docket.get_context(uuid, text, integer)'::regprocedure;
select 'docket.latest_contexts(uuid)'::regprocedure;
select 'docket.context_history(uuid, text, integer, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_context(uuid, text, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_context(uuid, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.latest_contexts(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.context_history(uuid, text, integer, integer)', 'execute')::integer;

rollback;

-- Verify pgdocket:context/read_contexts on pg

begin;

select 'docket.get_context(uuid, text, integer, timestamptz, uuid)'::regprocedure;
select 'docket.context_version(uuid, text)'::regprocedure;
select 'docket.latest_contexts(uuid, text, integer)'::regprocedure;
select 'docket.context_history(uuid, text, integer, integer)'::regprocedure;
select 'docket.diff_contexts(uuid, text, integer, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_context(uuid, text, integer, timestamptz, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.context_version(uuid, text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.latest_contexts(uuid, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.context_history(uuid, text, integer, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.diff_contexts(uuid, text, integer, integer)', 'execute')::integer;

rollback;

-- Verify pgdocket:delivery/read_executions on pg

begin;

select 'docket.get_execution(uuid)'::regprocedure;
select 'docket_private.is_execution_asked(
    docket.execution_history, text, text, text, timestamptz, timestamptz, uuid)'::regprocedure;
select 'docket.list_executions(
    uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, uuid, integer)'::regprocedure;
select 'docket.execution_chain(uuid)'::regprocedure;
select 'docket.list_execution_log(uuid, bigint, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_execution(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_executions( uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.execution_chain(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_execution_log(uuid, bigint, integer)', 'execute')::integer;

rollback;

-- Verify pgdocket:delivery/record_executions on pg

begin;

select 'docket_private.preview(text, integer)'::regprocedure;
select 'docket_private.execution_refused(text, text)'::regprocedure;
select 'docket_private.find_execution(uuid, boolean)'::regprocedure;
select 'docket_private.require_running(docket.execution_history)'::regprocedure;
select 'docket.start_execution(
    uuid, text, uuid, uuid, uuid, text, text, jsonb, uuid, timestamptz, jsonb, integer,
    uuid)'::regprocedure;
select 'docket_private.close_phase(jsonb, timestamptz)'::regprocedure;
select 'docket.enter_execution_phase(uuid, text, uuid)'::regprocedure;
select 'docket.finish_execution(
    uuid, text, integer, text, text, text, text, numeric, numeric, jsonb, timestamptz, jsonb,
    uuid)'::regprocedure;
select 'docket.execution_log(uuid, jsonb, uuid)'::regprocedure;
select 'docket.heartbeat_execution(uuid)'::regprocedure;
select 'docket_private.end_silent_executions(bigint, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.start_execution( uuid, text, uuid, uuid, uuid, text, text, jsonb, uuid, timestamptz, jsonb, integer, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.enter_execution_phase(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.finish_execution( uuid, text, integer, text, text, text, text, numeric, numeric, jsonb, timestamptz, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.execution_log(uuid, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.heartbeat_execution(uuid)', 'execute')::integer;

rollback;

-- Verify pgdocket:delivery/record_errors on pg

begin;

select 'docket_private.normalized(text)'::regprocedure;
select 'docket_private.frames(text)'::regprocedure;
select 'docket_private.fingerprint(text, text, text)'::regprocedure;
select 'docket.record_error(
    uuid, text, text, text, text, uuid, uuid, uuid, jsonb, text, jsonb, text, integer, timestamptz,
    jsonb, uuid)'::regprocedure;
select 'docket.list_errors(
    uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz, uuid, integer)'::regprocedure;
select 'docket.list_error_groups(uuid, boolean, text, uuid, integer)'::regprocedure;
select 'docket.resolve_error(uuid, text, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_error( uuid, text, text, text, text, uuid, uuid, uuid, jsonb, text, jsonb, text, integer, timestamptz, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.resolve_error(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_errors( uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_error_groups(uuid, boolean, text, uuid, integer)', 'execute')::integer;

rollback;

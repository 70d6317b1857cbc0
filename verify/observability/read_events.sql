-- Verify pgdocket:observability/read_events on pg

begin;

select 'docket_private.cloudevent(docket.events)'::regprocedure;
select 'docket_private.event_filter(jsonb)'::regprocedure;
select 'docket.get_event(uuid)'::regprocedure;
select 'docket.to_cloudevent(uuid)'::regprocedure;
select 'docket.list_events(
    uuid, uuid, uuid, text, text, timestamptz, timestamptz, text, integer)'::regprocedure;
select 'docket.events_after(uuid, text, jsonb, integer)'::regprocedure;
select 'docket.stream(text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.cloudevent(docket.events)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.event_filter(jsonb)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_event(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.to_cloudevent(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_events( uuid, uuid, uuid, text, text, timestamptz, timestamptz, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.events_after(uuid, text, jsonb, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.stream(text, integer)', 'execute')::integer;

rollback;

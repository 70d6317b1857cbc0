-- Verify pgdocket:observability/events on pg

begin;

select event_id, project_id, transaction_id, event_no, cloudevent_id, source, event_type, subject,
       occurred_at, data_content_type, data_schema, data, data_bytes, extensions, correlation_id,
       task_id, workflow_id, component, recorded_at, created_by
  from docket.events
 where false;

select event_key, project_id, event_id
  from docket_private.event_keys
 where false;

select 1 / count(*)
  from docket.partition_policies
 where table_name = 'events';

select 1 / count(*)
  from docket.settings
 where setting_key = 'event_source';

select 1 / has_function_privilege('docket_agent', 'docket.emit_event(uuid, text, jsonb, text, uuid, uuid, text, text, timestamptz, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.emit_events(uuid, jsonb, uuid)', 'execute')::integer;
select 'docket_private.store_events(uuid, jsonb, boolean)'::regprocedure;
select 'docket_private.forget_event_keys(bigint)'::regprocedure;

rollback;

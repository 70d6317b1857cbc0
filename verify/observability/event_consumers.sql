-- Verify pgdocket:observability/event_consumers on pg

begin;

select consumer_id, project_id, consumer_name, event_filter, since, transaction_id, event_no,
       version, created_at, updated_at, created_by, updated_by
  from docket.event_consumers
 where false;

select page_id, project_id, consumer_id, after_transaction_id, after_event_no,
       until_transaction_id, until_event_no, delivery_no, lease_expires_at, created_by
  from docket.event_pages
 where false;

select 'docket_private.find_consumer(uuid, text, boolean)'::regprocedure;
select 'docket.subscribe(uuid, text, jsonb, text, timestamptz, uuid)'::regprocedure;
select 'docket.unsubscribe(uuid, text, uuid)'::regprocedure;
select 'docket_private.events_between(
    docket.event_consumers, xid8, bigint, xid8, bigint, bigint, bigint)'::regprocedure;
select 'docket.next_events(uuid, text, integer, integer)'::regprocedure;
select 'docket.acknowledge_events(uuid, uuid)'::regprocedure;
select 'docket.list_consumers(uuid, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.subscribe(uuid, text, jsonb, text, timestamptz, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.unsubscribe(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.next_events(uuid, text, integer, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.acknowledge_events(uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_consumers(uuid, text, integer)', 'execute')::integer;

rollback;

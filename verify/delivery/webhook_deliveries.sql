-- Verify pgdocket:delivery/webhook_deliveries on pg

begin;

select webhook_delivery_id, project_id, source, delivery_key, event, action, body,
       delivery_status, error, outcome, times_received, times_processed, processed_at, version,
       created_at, updated_at, created_by, updated_by
  from docket.webhook_deliveries
 where false;

select 1 / (count(*) = 2)::integer
  from docket.settings
 where setting_key in ('max_webhook_bytes', 'webhook_delivery_days');

select
    'docket_private.keep_delivery(uuid, text, text, text, jsonb, bytea)'::regprocedure;
select
    'docket_private.settle_delivery(docket.webhook_deliveries, jsonb, text)'::regprocedure;
select 'docket_private.forget_deliveries(bigint)'::regprocedure;

select 1 / has_function_privilege(
               'docket_reader',
               'docket.list_webhook_deliveries(uuid, text, text, text, uuid, integer)',
               'execute')::integer;

rollback;

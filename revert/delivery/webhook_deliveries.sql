-- Revert pgdocket:delivery/webhook_deliveries from pg

begin;

drop function docket_private.forget_deliveries(bigint);
drop function docket_private.settle_delivery(docket.webhook_deliveries, jsonb, text);
drop function docket_private.keep_delivery(uuid, text, text, text, jsonb, bytea);
drop function docket.list_webhook_deliveries(uuid, text, text, text, uuid, integer);
delete from docket.settings as s
 where s.setting_key in ('max_webhook_bytes', 'webhook_delivery_days');
drop table docket.webhook_deliveries;
drop domain docket.delivery_status;

commit;

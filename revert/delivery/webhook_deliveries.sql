-- Revert pgdocket:delivery/webhook_deliveries from pg

begin;

drop function docket.list_webhook_deliveries(uuid, text, text, text, uuid, integer);
delete from docket.settings as s
 where s.setting_key = 'max_webhook_bytes';
drop table docket.webhook_deliveries;
drop domain docket.delivery_status;

commit;

-- Revert pgdocket:analytics/dora_metrics from pg

begin;
set local role docket_owner;

drop function docket.dora_metrics(uuid, text, timestamptz, timestamptz);
delete from docket.settings where setting_key = 'rework_tags';

commit;

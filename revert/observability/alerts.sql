-- Revert pgdocket:observability/alerts from pg

begin;

delete from docket.settings where setting_key = 'alert_days';

drop function docket_private.forget_alerts(bigint);
drop function docket.alert_history(uuid, bigint, integer);
drop function docket.list_alerts(uuid, text, text, text, uuid, integer);
drop function docket.unsilence_alert(uuid, uuid);
drop function docket.silence_alert(uuid, timestamptz, text, uuid);
drop function docket.resolve_alert(uuid, text, uuid);
drop function docket.acknowledge_alert(uuid, text, uuid);
drop function docket_private.find_alert(uuid);
drop function docket_private.tell_alerts(uuid, jsonb);
drop function docket_private.alert_event(docket.alerts, text);
drop view docket.alert_overview;
drop table docket.alert_silences;
drop table docket.alerts;
drop domain docket.alert_resolution;
drop domain docket.alert_state;

commit;

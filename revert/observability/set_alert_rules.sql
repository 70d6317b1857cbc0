-- Revert pgdocket:observability/set_alert_rules from pg

begin;

delete from docket.settings where setting_key = 'max_alert_rules';

drop function docket.list_alert_rules(uuid, text, integer);
drop function docket.delete_alert_rule(uuid, text, uuid);
drop function docket.set_alert_rule(
    uuid, text, text, numeric, text, jsonb, text[], text, interval, text, numeric, interval,
    interval, text, integer, text, boolean, uuid);
drop function docket_private.replace_alert_rule(uuid, text);
drop function docket_private.close_alerts(uuid, uuid);
drop function docket_private.require_rules(uuid);

commit;

-- Verify pgdocket:observability/set_alert_rules on pg

begin;

select 'docket_private.require_rules(uuid)'::regprocedure;
select 'docket_private.close_alerts(uuid, uuid)'::regprocedure;
select 'docket_private.replace_alert_rule(uuid, text)'::regprocedure;
select 'docket.set_alert_rule(
    uuid, text, text, numeric, text, jsonb, text[], text, interval, text, numeric, interval,
    interval, text, integer, text, boolean, uuid)'::regprocedure;
select 'docket.delete_alert_rule(uuid, text, uuid)'::regprocedure;
select 'docket.list_alert_rules(uuid, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.set_alert_rule( uuid, text, text, numeric, text, jsonb, text[], text, interval, text, numeric, interval, interval, text, integer, text, boolean, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.delete_alert_rule(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_alert_rules(uuid, text, integer)', 'execute')::integer;

rollback;

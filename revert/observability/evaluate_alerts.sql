-- Revert pgdocket:observability/evaluate_alerts from pg

begin;

drop function docket_private.evaluate_due(bigint);
drop function docket.evaluate_alerts(uuid, text);
drop function docket_private.due_rules(uuid, text, timestamptz, bigint);
drop function docket_private.evaluate_rule(uuid, uuid);
drop function docket_private.end_silences(uuid, bigint);
drop function docket_private.judge_alerts(docket.alert_rules, uuid, timestamptz);
drop function docket_private.judged_values(docket.alert_rules, uuid, timestamptz);
drop function docket_private.judged_absence(docket.alert_rules, uuid, timestamptz);
drop function docket_private.judged_metric(
    docket.alert_rules, docket.metric_definitions, timestamptz);
drop function docket_private.end_of_window(timestamptz, interval);
drop function docket_private.robust_z(numeric, numeric[]);

commit;

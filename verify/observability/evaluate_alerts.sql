-- Verify pgdocket:observability/evaluate_alerts on pg

begin;

select 'docket_private.robust_z(numeric, numeric[])'::regprocedure;
select 'docket_private.end_of_window(timestamptz, interval)'::regprocedure;
select 'docket_private.judged_metric(
    docket.alert_rules, docket.metric_definitions, timestamptz)'::regprocedure;
select 'docket_private.judged_absence(docket.alert_rules, uuid, timestamptz)'::regprocedure;
select 'docket_private.judged_values(docket.alert_rules, uuid, timestamptz)'::regprocedure;
select 'docket_private.judge_alerts(docket.alert_rules, uuid, timestamptz)'::regprocedure;
select 'docket_private.end_silences(uuid, bigint)'::regprocedure;
select 'docket_private.evaluate_rule(uuid, uuid)'::regprocedure;
select 'docket_private.due_rules(uuid, text, timestamptz, bigint)'::regprocedure;
select 'docket.evaluate_alerts(uuid, text)'::regprocedure;
select 'docket_private.evaluate_due(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.evaluate_alerts(uuid, text)', 'execute')::integer;

rollback;

-- Verify pgdocket:observability/alerts on pg

begin;

select alert_id, project_id, alert_rule_id, rule_name, kind, severity, metric, labels, state,
       value, threshold, started_at, fired_at, clear_since, acknowledged_at, acknowledged_by,
       resolved_at, resolved_by, resolution, note
  from docket.alerts
 where false;

select alert_rule_id, project_id, labels, alert_id, silenced_until, reason, created_at, created_by
  from docket.alert_silences
 where false;

select * from docket.alert_overview where false;
select 'docket_private.alert_event(docket.alerts, text)'::regprocedure;
select 'docket_private.tell_alerts(uuid, jsonb)'::regprocedure;
select 'docket_private.find_alert(uuid)'::regprocedure;
select 'docket.acknowledge_alert(uuid, text, uuid)'::regprocedure;
select 'docket.resolve_alert(uuid, text, uuid)'::regprocedure;
select 'docket.silence_alert(uuid, timestamptz, text, uuid)'::regprocedure;
select 'docket.unsilence_alert(uuid, uuid)'::regprocedure;
select 'docket.list_alerts(uuid, text, text, text, uuid, integer)'::regprocedure;
select 'docket.alert_history(uuid, bigint, integer)'::regprocedure;
select 'docket_private.forget_alerts(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.acknowledge_alert(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.resolve_alert(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.silence_alert(uuid, timestamptz, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.unsilence_alert(uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_alerts(uuid, text, text, text, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.alert_history(uuid, bigint, integer)', 'execute')::integer;

rollback;

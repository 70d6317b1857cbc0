-- Verify pgdocket:observability/alert_rules on pg

begin;

select alert_rule_id, project_id, name, kind, severity, metric, labels, group_by, aggregate,
       time_window, comparison, threshold, clear_threshold, fire_after, clear_after,
       baseline_weeks, description, is_enabled, version, created_at, updated_at, created_by,
       updated_by
  from docket.alert_rules
 where false;

select alert_rule_id, project_id, evaluated_at, series_count, problem
  from docket.alert_evaluations
 where false;

rollback;

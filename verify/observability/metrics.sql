-- Verify pgdocket:observability/metrics on pg

begin;

select name, project_id, kind, category, unit, description, created_at, created_by
  from docket.metric_definitions
 where false;

select series_id, project_id, name, labels, created_at
  from docket.metric_series
 where false;

select series_id, project_id, recorded_at, metric_id, value, transaction_id
  from docket.metrics
 where false;

select 1 / (count(*) = 5)::integer
  from docket.metric_retention;

select * from docket.system_metrics where false;
select * from docket.performance_metrics where false;

select 1 / count(*)
  from docket.partition_policies
 where table_name = 'metrics';

select 1 / count(*)
  from docket.settings
 where setting_key = 'max_metric_series';

select 'docket_private.is_labels(jsonb)'::regprocedure;
select 'docket_private.delete_samples()'::regprocedure;

rollback;

-- Revert pgdocket:observability/metrics from pg

begin;

delete from docket.partition_policies where table_name = 'metrics';
delete from docket.settings where setting_key = 'max_metric_series';

drop view docket.performance_metrics;
drop view docket.system_metrics;
drop table docket.metric_retention;
drop table docket.metrics;
drop sequence docket_private.metric_id_seq;
drop table docket.metric_series;
drop function docket_private.delete_samples();
drop function docket_private.is_labels(jsonb);
drop sequence docket_private.series_id_seq;
drop table docket.metric_definitions;
drop domain docket.metric_unit;
drop domain docket.metric_resolution;
drop domain docket.metric_category;
drop domain docket.metric_kind;

commit;

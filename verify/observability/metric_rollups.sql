-- Verify pgdocket:observability/metric_rollups on pg

begin;

select series_id, project_id, resolution, bucket_at, sample_count, total, lowest, highest,
       first_value, last_value, last_at, increase, sketch_keys, sketch_counts
  from docket.metric_rollups
 where false;

select 1 / count(rolled)
  from docket_private.metric_watermark
 where is_only;

select 'docket_private.sketch_key(numeric)'::regprocedure;
select 'docket_private.sketch_value(integer)'::regprocedure;
select 'docket_private.sketch_quantile(integer[], bigint[], numeric, numeric, numeric)'::regprocedure;
select 'docket_private.roll_minutes(bigint[], uuid[], timestamptz[])'::regprocedure;
select 'docket_private.roll_up(bigint[], uuid[], timestamptz[], text, text)'::regprocedure;
select 'docket_private.rolled_snapshot()'::regprocedure;
select 'docket_private.seen_by_others(pg_snapshot)'::regprocedure;
select 'docket_private.roll_metrics(bigint)'::regprocedure;

rollback;

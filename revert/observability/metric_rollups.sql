-- Revert pgdocket:observability/metric_rollups from pg

begin;

drop function docket_private.roll_metrics(bigint);
drop function docket_private.seen_by_others(pg_snapshot);
drop function docket_private.rolled_snapshot();
drop function docket_private.roll_up(bigint[], uuid[], timestamptz[], text, text);
drop function docket_private.roll_minutes(bigint[], uuid[], timestamptz[]);
drop table docket_private.metric_watermark;
drop table docket.metric_rollups;
drop function docket_private.sketch_quantile(integer[], bigint[], numeric, numeric, numeric);
drop function docket_private.sketch_value(integer);
drop function docket_private.sketch_key(numeric);

commit;

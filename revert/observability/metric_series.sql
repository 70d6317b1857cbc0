-- Revert pgdocket:observability/metric_series from pg

begin;

drop function docket.list_metrics(uuid, text, jsonb, text, integer);
drop function docket.metric_series(
    uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[]);
drop function docket_private.series_buckets(
    docket.metric_definitions, jsonb, interval, text, timestamptz, timestamptz, text[],
    timestamptz);
drop function docket_private.labels_of_group(jsonb, text[]);
drop function docket_private.usual_aggregate(text);
drop function docket_private.series_parts(
    uuid, bigint[], text, timestamptz, timestamptz, timestamptz);
drop function docket_private.check_series_call(
    docket.metric_definitions, interval, text, timestamptz, timestamptz);

commit;

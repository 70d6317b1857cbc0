-- Revert pgdocket:observability/metric_series from pg

begin;

drop function docket.list_metrics(uuid, text, jsonb, text, integer);
drop function docket.metric_series(
    uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[]);
drop function docket_private.series_parts(
    uuid, bigint[], text, timestamptz, timestamptz, timestamptz);
drop function docket_private.check_series_call(
    docket.metric_definitions, interval, text, timestamptz, timestamptz);

commit;

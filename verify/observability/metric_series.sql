-- Verify pgdocket:observability/metric_series on pg

begin;

select 'docket_private.check_series_call(
    docket.metric_definitions, interval, text, timestamptz, timestamptz)'::regprocedure;
select 'docket_private.series_parts(
    uuid, bigint[], text, timestamptz, timestamptz, timestamptz)'::regprocedure;
select 'docket_private.usual_aggregate(text)'::regprocedure;
select 'docket_private.labels_of_group(jsonb, text[])'::regprocedure;
select 'docket_private.series_buckets(
    docket.metric_definitions, jsonb, interval, text, timestamptz, timestamptz, text[],
    timestamptz)'::regprocedure;
select 'docket.metric_series(
    uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[])'::regprocedure;
select 'docket.list_metrics(uuid, text, jsonb, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.metric_series( uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[])', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_metrics(uuid, text, jsonb, text, integer)', 'execute')::integer;

rollback;

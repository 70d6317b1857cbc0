-- Verify pgdocket:observability/record_metrics on pg

begin;

select 'docket_private.labels_of(jsonb, text)'::regprocedure;
select 'docket_private.samples_in(jsonb)'::regprocedure;
select 'docket_private.check_metrics(jsonb)'::regprocedure;
select 'docket_private.keep_project(uuid)'::regprocedure;
select 'docket_private.check_times(timestamptz, timestamptz, text[])'::regprocedure;
select 'docket_private.find_series(uuid, jsonb)'::regprocedure;
select 'docket_private.insert_samples(uuid, bigint[], numeric[], timestamptz[])'::regprocedure;
select 'docket.register_series(uuid, jsonb)'::regprocedure;
select 'docket.record_samples(uuid, bigint[], numeric[], timestamptz[], uuid)'::regprocedure;
select 'docket.record_metrics(uuid, jsonb, uuid)'::regprocedure;
select 'docket.record_metric(
    uuid, text, numeric, text, text, jsonb, text, text, timestamptz, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.register_series(uuid, jsonb)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.record_samples(uuid, bigint[], numeric[], timestamptz[], uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.record_metrics(uuid, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.record_metric( uuid, text, numeric, text, text, jsonb, text, text, timestamptz, uuid)', 'execute')::integer;

rollback;

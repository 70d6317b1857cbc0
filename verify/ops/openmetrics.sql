-- Verify pgdocket:ops/openmetrics on pg

begin;

select 'docket_private.exposed_text(text)'::regprocedure;
select 'docket_private.exposed_labels(jsonb)'::regprocedure;
select 'docket_private.own_metrics()'::regprocedure;
select 'docket_private.recorded_metrics()'::regprocedure;
select 'docket.openmetrics()'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.openmetrics()', 'execute')::integer;

rollback;

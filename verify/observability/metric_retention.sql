-- Verify pgdocket:observability/metric_retention on pg

begin;

select 'docket.set_metric_retention(text, interval, interval, interval, interval)'::regprocedure;
select 'docket_private.prune_metrics(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_admin', 'docket.set_metric_retention(text, interval, interval, interval, interval)', 'execute')::integer;

rollback;

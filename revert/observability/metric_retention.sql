-- Revert pgdocket:observability/metric_retention from pg

begin;

drop function docket_private.prune_metrics(bigint);
drop function docket.set_metric_retention(text, interval, interval, interval, interval);

commit;

-- Revert pgdocket:ops/live_queue from pg

begin;

drop function docket.attempt_rates(uuid, interval);
drop function docket.list_leases(uuid, uuid, integer);

commit;

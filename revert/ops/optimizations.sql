-- Revert pgdocket:ops/optimizations from pg

begin;
set local role docket_owner;

drop function docket.optimizations(uuid, integer);

commit;

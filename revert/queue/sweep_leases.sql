-- Revert pgdocket:queue/sweep_leases from pg

begin;

drop function docket.sweep_leases(uuid, integer);
drop function docket_private.sweep(uuid, integer);
drop function docket_private.give_back(
    uuid, uuid[], docket.attempt_outcome, text, text, jsonb, timestamptz);

commit;

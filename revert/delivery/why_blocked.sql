-- Revert pgdocket:delivery/why_blocked from pg

begin;

drop function docket.why_blocked(uuid, integer);

commit;

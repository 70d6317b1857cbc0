-- Revert pgdocket:delivery/full_context from pg

begin;

drop function docket.full_context(uuid, integer);

commit;

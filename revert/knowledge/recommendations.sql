-- Revert pgdocket:knowledge/recommendations from pg

begin;

drop function docket.recommendations(uuid, integer);

commit;

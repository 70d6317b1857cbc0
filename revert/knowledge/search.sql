-- Revert pgdocket:knowledge/search from pg

begin;

drop function docket.search(uuid, text, text[], integer, double precision[], text);

commit;

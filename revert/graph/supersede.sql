-- Revert pgdocket:graph/supersede from pg

begin;

drop function docket.supersede(uuid, uuid, uuid);

commit;

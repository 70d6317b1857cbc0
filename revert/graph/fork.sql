-- Revert pgdocket:graph/fork from pg

begin;

drop function docket.fork(uuid[], uuid, uuid);

commit;

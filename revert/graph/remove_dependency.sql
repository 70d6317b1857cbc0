-- Revert pgdocket:graph/remove_dependency from pg

begin;

drop function docket.remove_dependency(uuid, uuid, text, uuid);

commit;

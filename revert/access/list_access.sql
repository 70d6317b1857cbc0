-- Revert pgdocket:access/list_access from pg

begin;

drop function docket.list_access(uuid, uuid, uuid, integer);

commit;

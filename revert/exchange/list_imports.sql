-- Revert pgdocket:exchange/list_imports from pg

begin;

drop function docket.list_imports(uuid, uuid, integer);

commit;

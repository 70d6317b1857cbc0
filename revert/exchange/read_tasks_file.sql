-- Revert pgdocket:exchange/read_tasks_file from pg

begin;

drop function docket_private.read_tasks_file(text, bytea);
drop type docket_private.tasks_file;

commit;

-- Revert pgdocket:tasks/search_tasks from pg

begin;

drop function docket.search_tasks(uuid, text, integer);

commit;

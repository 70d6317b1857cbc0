-- Revert pgdocket:tasks/search_tasks from pg

begin;

drop function docket.search_tasks(uuid, text, integer);
drop function docket_private.best_tasks(uuid, text);

commit;

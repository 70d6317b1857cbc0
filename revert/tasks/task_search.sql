-- Revert pgdocket:tasks/task_search from pg

begin;

drop trigger tasks_search_update on docket.tasks;
drop trigger tasks_search_insert on docket.tasks;
drop function docket_private.find_tasks(uuid, text, text[], text[], text, jsonb, jsonb);
drop function docket_private.index_changed_task();
drop function docket_private.index_new_tasks();
drop function docket_private.task_vector(regconfig, text, text[], text, text, text);
drop table docket_private.task_search;

commit;

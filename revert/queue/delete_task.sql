-- Revert pgdocket:queue/delete_task from pg

begin;

drop function docket.purge_task(uuid);
drop function docket.delete_task(uuid, uuid);
drop function docket_private.task_with_subtasks(uuid, uuid);

commit;

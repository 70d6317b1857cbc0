-- Revert pgdocket:tasks/task_history from pg

begin;

drop function docket.task_history(uuid, bigint, integer);

commit;

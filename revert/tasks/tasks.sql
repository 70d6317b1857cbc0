-- Revert pgdocket:tasks/tasks from pg

begin;

drop table docket.tasks;
drop function docket_private.stamp_task();
drop function docket_private.fill_task();
drop function docket_private.take_task_numbers(uuid, bigint);
drop table docket_private.task_counters;

commit;

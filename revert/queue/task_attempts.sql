-- Revert pgdocket:queue/task_attempts from pg

begin;

drop trigger tasks_end_attempts on docket.tasks;
drop function docket_private.end_attempts();
drop table docket.task_attempts;
drop domain docket.attempt_outcome;

commit;

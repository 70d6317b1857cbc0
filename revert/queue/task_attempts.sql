-- Revert pgdocket:queue/task_attempts from pg

begin;

drop trigger tasks_end_attempt on docket.tasks;
drop function docket_private.end_attempt();
drop table docket.task_attempts;
drop domain docket.attempt_outcome;

commit;

-- Revert pgdocket:tasks/task_as_of from pg

begin;

drop function docket.who_changed(uuid, text, bigint, integer);
drop function docket.task_as_of(uuid, timestamptz);

commit;

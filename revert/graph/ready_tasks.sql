-- Revert pgdocket:graph/ready_tasks from pg

begin;

drop table docket.ready_tasks;

commit;

-- Revert pgdocket:tasks/task_metrics from pg

begin;

drop function docket.workflow_progress(uuid);
drop function docket.get_task_metrics(uuid);

commit;

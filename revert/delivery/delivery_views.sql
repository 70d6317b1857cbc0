-- Revert pgdocket:delivery/delivery_views from pg

begin;

drop function docket.tasks_with_cicd_status(uuid, text[], text, uuid, integer);
drop view docket.cicd_pipeline_status;
drop view docket.task_cicd_status;
drop view docket.task_execution_summary;

commit;

-- Verify pgdocket:delivery/delivery_views on pg

begin;

select project_id, task_id, executions, success_rate, mean_duration_ms
  from docket.task_execution_summary
 where false;
select project_id, task_id, pipeline_status, artifacts, validations, gates_unmet, last_execution_id
  from docket.task_cicd_status
 where false;
select project_id, task_id, pipeline_status
  from docket.cicd_pipeline_status
 where false;
select 1 / has_function_privilege(
               'docket_reader',
               'docket.tasks_with_cicd_status(uuid, text[], text, uuid, integer)',
               'execute')::integer;

rollback;

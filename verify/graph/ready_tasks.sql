-- Verify pgdocket:graph/ready_tasks on pg

begin;

select task_id, project_id, priority, urgency, ready_since, not_before, workflow_id
  from docket.ready_tasks
 where false;

rollback;

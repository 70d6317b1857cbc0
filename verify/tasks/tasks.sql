-- Verify pgdocket:tasks/tasks on pg

begin;

select task_id, project_id, task_key, legacy_id, workflow_id, parent_task_id, title, description,
       details, test_strategy, requirements, acceptance_criteria, affected_files, tags,
       complexity_score, actual_complexity, estimated_effort, actual_effort, status, priority,
       assigned_to, attempt_id, not_before, due_at, results, completed_at, archived_at,
       unmet_gates, merged_at, metadata, version, created_at, updated_at, created_by, updated_by
  from docket.tasks
 where false;

select project_id, last_number
  from docket_private.task_counters
 where false;

rollback;

-- Verify pgdocket:context/task_contexts on pg

begin;

select task_id, project_id, context_type, version, data, content_hash, byte_size, created_at,
       created_by
  from docket.task_contexts
 where false;

rollback;

-- Verify pgdocket:context/task_contexts on pg

begin;

select task_id, project_id, context_type, version, data, content_type, content_hash, byte_size,
       is_escaped, is_tombstone, attempt_id, created_at, created_by
  from docket.task_contexts
 where false;

select task_id, project_id, context_type, version, content
  from docket.context_contents
 where false;

select 'docket.set_context_compression(text)'::regprocedure;
select 1 / has_function_privilege('docket_admin', 'docket.set_context_compression(text)', 'execute')::integer;

rollback;

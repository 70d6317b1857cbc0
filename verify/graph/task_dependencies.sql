-- Verify pgdocket:graph/task_dependencies on pg

begin;

select task_id, project_id, depends_on_id, dependency_type, strength, metadata, created_at,
       created_by
  from docket.task_dependencies
 where false;

select docket_private.read_dependency_type('depends_on')::docket.dependency_type;

rollback;

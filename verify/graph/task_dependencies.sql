-- Verify pgdocket:graph/task_dependencies on pg

begin;

select task_id, project_id, depends_on_id, dependency_type, satisfied_by, strength, metadata,
       created_at, created_by
  from docket.task_dependencies
 where false;

select docket_private.read_dependency_type('depends_on')::docket.dependency_type;

select docket_private.read_satisfaction('merged')::docket.satisfaction;
select 1 / docket_private.is_satisfied('validated', 'completed', null, 0)::integer;
select 1 / (not docket_private.is_satisfied('merged', 'completed', null, 0))::integer;

rollback;

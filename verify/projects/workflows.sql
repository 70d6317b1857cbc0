-- Verify pgdocket:projects/workflows on pg

begin;

select workflow_id, project_id, name, requirements, status, metadata, version, created_at,
       updated_at, created_by, updated_by
  from docket.workflows
 where false;

rollback;

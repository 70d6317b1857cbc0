-- Verify pgdocket:projects/projects on pg

begin;

select project_id, organization_id, slug, name, description, repository_url, settings, metadata,
       paused_at, archived_at, version, created_at, updated_at, created_by, updated_by
  from docket.projects
 where false;

rollback;

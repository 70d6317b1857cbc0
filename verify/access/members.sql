-- Verify pgdocket:access/members on pg

begin;

select member_id, organization_id, project_id, principal, access, version, created_at, updated_at,
       created_by, updated_by
  from docket.members
 where false;

select principal, project_id, access
  from docket_private.project_access
 where false;

select organization_id, project_id
  from docket_private.organization_projects
 where false;

rollback;

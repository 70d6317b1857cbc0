-- Verify pgdocket:access/organizations on pg

begin;

select organization_id, name, personal_principal, version, created_at, updated_at, created_by,
       updated_by
  from docket.organizations
 where false;

rollback;

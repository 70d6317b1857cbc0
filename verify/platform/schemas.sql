-- Verify pgdocket:platform/schemas on pg

begin;

select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_namespace as n
 where n.nspname in ('docket', 'docket_private', 'docket_ext')
   and n.nspowner = 'docket_owner'::regrole;

select 1 / (not has_schema_privilege('docket_app', 'docket_private', 'usage'))::integer;

select 1 / (count(*) = 2)::integer
  from pg_catalog.pg_default_acl as d
 where d.defaclrole = 'docket_owner'::regrole
   and d.defaclnamespace = 0
   and d.defaclobjtype in ('f', 'T');

rollback;

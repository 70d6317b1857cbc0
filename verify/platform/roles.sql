-- Verify pgdocket:platform/roles on pg

begin;

select 1 / (count(*) = 9)::integer
  from pg_catalog.pg_roles as r
 where r.rolname in (
           'docket_owner', 'docket_admin', 'docket_app', 'docket_agent', 'docket_reader',
           'docket_auditor', 'docket_metrics', 'docket_gateway', 'docket_maintenance')
   and not r.rolcanlogin
   and not r.rolsuper;

rollback;

-- Verify pgdocket:access/isolation on pg

begin;

select docket_private.visible_projects();

select 1 / (c.relrowsecurity and c.relforcerowsecurity)::integer
  from pg_catalog.pg_class as c
 where c.oid = 'docket.audit_log'::regclass;

rollback;

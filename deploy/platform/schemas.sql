-- Deploy pgdocket:platform/schemas to pg
-- requires: platform/roles

begin;

-- Made by the deployer for docket_owner, who may create nothing at the top of a database.
create schema docket authorization docket_owner;
create schema docket_private authorization docket_owner;
create schema docket_ext authorization docket_owner;

comment on schema docket is
    'The front door of pgdocket: tables, views and the functions that clients call.';
comment on schema docket_private is
    'The machine room of pgdocket: trigger functions, helpers and side tables. No client role has USAGE.';
comment on schema docket_ext is
    'The extensions that pgdocket needs, apart from everybody else''s.';

-- What a script forgets to take from everybody, nobody has.
alter default privileges for role docket_owner revoke execute on functions from public;
alter default privileges for role docket_owner revoke usage on types from public;
-- Whoever reads a table may make a view of it.
alter default privileges for role docket_owner grant usage on types
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;

-- Who may make no temporary table can not put one in the way of anything. Only the owner of the
-- database can say so; that docket_owner keeps the right tells the revert what was done here.
do $$
begin
    if exists (
           select
             from pg_catalog.pg_database as d
            cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
            where d.datname = current_database()
              and d.datdba  = current_user::regrole
              and a.grantee = 0
              and a.privilege_type = 'TEMPORARY') then
        execute format('revoke temporary on database %I from public', current_database());
        execute format('grant temporary on database %I to docket_owner', current_database());
    end if;
end;
$$;

grant usage on schema docket
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;

commit;

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

grant usage on schema docket
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;

commit;
